"""How long a gateway waits for what, from the configuration."""

from typing import Final

import msgspec


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """The times of `[tws]`, `[gateway]` and `[risk]` by which a gateway's core decides.

    Without risk's heartbeat for `lease_ms` no order adds risk. Reports have `settle_ms` to come
    after a connection, an order `answer_ms` to be answered, and a list of positions or values
    `request_timeout_ms`. Other clients' orders are listed every `open_orders_ms`, and all is
    compared with the broker every `reconcile_minutes`; 0: only after a login.
    """

    lease_ms: int = 3000
    settle_ms: int = 2000
    answer_ms: int = 5000
    request_timeout_ms: int = 10_000
    open_orders_ms: int = 0
    reconcile_minutes: float = 0


DEFAULT_WAITS: Final = Waits()
