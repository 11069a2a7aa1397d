"""What risk publishes beside its journal: positions, accounts and headroom, as they are now.

None of it is journaled, since the next message takes its place. Each topic has a seq of its own, so
a reader sees what it missed. Everything is repeated every few seconds, which makes up for a loss
and serves those who join late.

Between two messages of a topic at least `every_ms` pass, so a position whose price changes a
thousand times per second costs its readers no more than a quiet one. What has changed meanwhile is
in the next message: the last value is always sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key, Position
from tapewire.common.amounts import text
from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import AccountUpdated, Event, HeadroomUpdated, PositionUpdated
from tapewire.risk.rules import Reading

POSITIONS: Final = "positions"
ACCOUNTS: Final = "accounts"
HEADROOM: Final = "headroom"
TOPICS: Final = (POSITIONS, ACCOUNTS, HEADROOM)
REPEAT_NS: Final = 5_000_000_000
"""Everything is sent again after this long."""

State = tuple[Decimal | None, ...]
"""What a position's message is made of."""


class Publisher:
    """Decides what to publish when; `every_ms` 0 publishes nothing. Times are monotonic."""

    def __init__(self, accounts: Accounts[Any], source: str, epoch: str, every_ms: int) -> None:
        self._accounts = accounts
        self._source, self._epoch = source, epoch
        self._every_ns = every_ms * 1_000_000
        self._next_ns = self._repeat_ns = 0
        self._seqs = dict.fromkeys(TOPICS, 0)
        self._positions: dict[Key, State] = {}  # as they were published last
        self._values: dict[str, AccountUpdated] = {}
        self._readings: Sequence[Reading] = ()

    def due(
        self, values: Mapping[str, AccountUpdated], readings: Sequence[Reading], now: Now
    ) -> Iterator[list[bytes]]:
        """The frames of the messages to send now. `values` are accounts as the broker reports them,
        `readings` how much of each limit is used."""
        if not self._every_ns or now.mono_ns < self._next_ns:
            return
        self._next_ns = now.mono_ns + self._every_ns
        repeats = now.mono_ns >= self._repeat_ns
        if repeats:
            self._repeat_ns = now.mono_ns + REPEAT_NS
            self._positions, self._values, self._readings = {}, {}, ()
        yield from self._message(POSITIONS, [*self._moved(now)])
        yield from self._message(ACCOUNTS, [*self._revalued(values)])
        if repeats or readings != self._readings:
            self._readings = readings
            yield from self._message(HEADROOM, _headroom(readings, now), empty=True)

    def _message(
        self, topic: str, events: Sequence[Event], *, empty: bool = False
    ) -> Iterator[list[bytes]]:
        if events or empty:
            seq = self._seqs[topic] = self._seqs[topic] + 1
            yield [
                wire.topic(topic), wire.encode_batch(self._source, self._epoch, seq, events)
            ]  # fmt: skip

    def _moved(self, now: Now) -> Iterator[Event]:
        """The positions that are not as they were published last."""
        reported = dict(self._accounts.reported.items())
        positions = self._accounts.book.positions
        for key in sorted(positions.keys() | reported.keys()):
            position = positions.get(key) or Position(key[1], account=key[0])
            word = reported.get(key)
            state = _state(position, word.quantity if word is not None else None)
            if state != self._positions.get(key):
                self._positions[key] = state
                yield self._position(key, state, now)

    def _position(self, key: Key, state: State, now: Now) -> PositionUpdated:
        quantity, average, mark, unrealised, realised, fees, reported = map(_rounded, state)
        return PositionUpdated(
            now.wall_ns, *key, quantity or ZERO, self._accounts.currency(key[1]), average, mark,
            unrealised, realised or ZERO, fees or ZERO, reported,
        )  # fmt: skip

    def _revalued(self, values: Mapping[str, AccountUpdated]) -> Iterator[Event]:
        for account, event in sorted(values.items()):
            if self._values.get(account) != event:
                self._values[account] = event
                yield event


def _state(one: Position, reported: Decimal | None) -> State:
    """Of a flat position neither a price nor an average means anything."""
    open_part = (one.average_cost, one.mark, one.unrealised) if one.quantity else (None, None, ZERO)
    return (one.quantity, *open_part, one.realised, one.fees, reported)


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(text(value))


def _headroom(readings: Sequence[Reading], now: Now) -> list[Event]:
    return [
        HeadroomUpdated(
            now.wall_ns, one.rule, one.account, one.symbol, one.used, one.limit, one.unit
        )
        for one in readings
    ]
