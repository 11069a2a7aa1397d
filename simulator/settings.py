"""What the simulated TWS can be told, with the defaults that suit a demo."""

from decimal import Decimal

import msgspec

VERSION_FLOOR = 152  # below it messages have other shapes, which nobody here speaks
VERSION_CEILING = 178


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one simulated TWS.

    `speed` is market seconds per wall second; 0 feeds as fast as the clients take it.
    `seconds` is for how many wall seconds the market is fed, from the first market data
    request on; 0 is without end. `rate_max_per_s` is the pacing limit for a client's
    requests; 0 checks nothing. `first_perm_id` names the first order for good: give each
    run another one when a ledger outlives the simulator, since execution ids contain it.
    `nonce` is what a client of the group's own simulator asks for; without one nobody is answered.
    """

    account: str = "DU1234567"
    server_version_max: int = 157
    speed: float = 1.0
    seconds: float = 0.0
    rate_max_per_s: int = 0
    first_order_id: int = 1
    first_perm_id: int = 1_000_000_001
    cash: Decimal = Decimal(1_000_000)
    currency: str = "USD"
    lines_max: int = 100
    tick_by_tick_max: int = 5
    rows_max_per_tick: int = 5_000
    unsent_max_bytes: int = 4 * 1024 * 1024
    nonce: str = ""

    def __post_init__(self) -> None:
        if not VERSION_FLOOR <= self.server_version_max <= VERSION_CEILING:
            raise ValueError(
                f"simulator.server_version_max is {self.server_version_max}, "
                f"must be {VERSION_FLOOR} to {VERSION_CEILING}"
            )
        for name in ("speed", "seconds", "rate_max_per_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"simulator.{name} is {getattr(self, name)}, must be 0 or above")
        for name in ("first_order_id", "rows_max_per_tick", "first_perm_id"):
            if getattr(self, name) < 1:
                raise ValueError(f"simulator.{name} is {getattr(self, name)}, must be 1 or above")
