"""What only checkpoints hold: what executions that are not kept came to, and where it all ends."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from tapewire.common.events.base import Account, Event, Name, TimeNs

IDS_MAX_BYTES: Final = 4 * 1024 * 1024
RECORD_MAX_BYTES: Final = 7 * 1024 * 1024


class RecordKept(Event, frozen=True, tag="checkpoint.record"):
    """A record of `source`'s journal, as it is there under `seq`. With 0 it is in no journal: it
    stands for records that are not kept."""

    source: Name
    seq: Annotated[int, msgspec.Meta(ge=0)]
    record: Annotated[bytes, msgspec.Meta(max_length=RECORD_MAX_BYTES)]


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


class StrategyPositionCarried(Event, frozen=True, tag="checkpoint.strategy.position"):
    """What the executions of a strategy that are not kept came to, without those that a flatten
    has closed. Their orders were taken up to record `gateway_seq` of the gateway's journal."""

    ts_ns: TimeNs
    strategy: Name
    account: Account
    symbol: Name
    quantity: Decimal
    gateway_seq: int


class StampReached(Event, frozen=True, tag="checkpoint.stamp"):
    """Executions that are not kept, and that this source had reported by here, had stamps up to
    `ts_ns`: the order of those that follow depends on it (see `common.accounting.history`)."""

    ts_ns: TimeNs


class CheckpointCompleted(Event, frozen=True, tag="checkpoint.completed"):
    """The end of a section: it stands for `source`'s journal up to `seq`, which has `chain`.

    Signals and intents that expired at `expired_ns` or before may be missing from it. `order_id` is
    the highest that was given to an order, whether or not that is in it.
    """

    ts_ns: TimeNs
    source: Name
    seq: int
    chain: str
    expired_ns: TimeNs
    order_id: str = ""
