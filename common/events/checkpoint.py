"""What only checkpoints hold: what executions that are not kept came to, and the end of it."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tapewire.common.events.base import Account, Event, Name, TimeNs

IDS_MAX_BYTES = 4 * 1024 * 1024


class ExecutionsCarried(Event, frozen=True, tag="checkpoint.executions"):
    """Executions and commissions that were journaled and are not kept: each is an entry of 16
    bytes, and they are sorted (see `common.accounting.carried`)."""

    ts_ns: TimeNs
    executions: Annotated[bytes, msgspec.Meta(max_length=IDS_MAX_BYTES)]
    commissions: Annotated[bytes, msgspec.Meta(max_length=IDS_MAX_BYTES)]


class PositionCarried(Event, frozen=True, tag="checkpoint.position"):
    """What the oldest executions of a position came to, up to those that are kept. `realised` and
    `fees` are the sums over all of them; `average_cost` is of one unit, as the book has it."""

    ts_ns: TimeNs
    account: Account
    symbol: Name
    quantity: Decimal
    average_cost: Decimal
    realised: Decimal
    fees: Decimal


class CheckpointCompleted(Event, frozen=True, tag="checkpoint.completed"):
    """The end of a checkpoint: it stands for `source`'s journal up to `seq`, which has `chain`.

    Intents that expired at `expired_ns` or before may be missing from it. `order_id` is the highest
    that was given to an order, whether or not that is in it.
    """

    ts_ns: TimeNs
    source: Name
    seq: int
    chain: str
    expired_ns: TimeNs
    order_id: str = ""
