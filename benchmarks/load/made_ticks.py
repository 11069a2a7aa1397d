"""Made-up ticks and the TWS messages of the same kind, by seed: no benchmark needs a recording."""

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from tapewire.common.events import Quote, Tick, Trade
from tapewire.simulator.protocol.messages import frame

MARK: Final = "MARK"
"""A symbol of its own: each of its trades marks the begin or the end of a slice."""

START: Final = 10_000  # the first price, in ticks of 0.01
UNLIKE: Final = 1000  # a size that comes once: so a block can follow itself and still bring ticks


class Change(NamedTuple):
    """One side of one symbol's quote after a change, and whether the price changed or the size."""

    symbol: int
    side: int
    price: float
    size: int
    is_price: bool


def symbols(count: int) -> list[str]:
    """Names for `count` symbols."""
    return [f"S{number:03d}" for number in range(count)]


def changes(symbol_count: int, count: int, seed: int = 1) -> list[Change]:
    """`count` changes in random order: as many of a price as of a size alone, never none at all."""
    random = Random(seed)
    prices = [START + side for _ in range(symbol_count) for side in (0, 1)]
    seen = [0] * len(prices)
    made = []
    for _ in range(count):
        line = random.randrange(len(prices))
        is_price = random.random() < 0.5
        if is_price:
            prices[line] += random.choice((-1, 1))
        size = 1 + seen[line] % (UNLIKE - 1) if seen[line] else UNLIKE
        seen[line] += 1
        made.append(Change(line // 2, line % 2, prices[line] / 100, size, is_price))
    return made


def messages(request_ids: Sequence[int], count: int, seed: int = 1) -> list[bytes]:
    """tickPrice and tickSize of `changes`, framed; each changes something, so each is a tick."""
    made = []
    for change in changes(len(request_ids), count, seed):
        request_id = str(request_ids[change.symbol])
        if change.is_price:
            kind, price = str(1 + change.side), f"{change.price:.2f}"
            made.append(frame(["1", "6", request_id, kind, price, str(change.size), "1"]))
        else:
            kind = ("0", "3")[change.side]
            made.append(frame(["2", "6", request_id, kind, str(change.size)]))
    return made


def mark_message(request_id: int) -> bytes:
    """A trade of `MARK`."""
    return frame(["1", "6", str(request_id), "4", "1.00", "1", "0"])


def mark(ts_ns: int) -> Tick:
    """The same as the gateway makes it."""
    return Trade(MARK, ts_ns, 1.0, 1.0)


def quotes(names: Sequence[str], count: int, ts_ns: int, seed: int = 1) -> list[Quote]:
    """What the gateway makes of `changes`; all were read at `ts_ns`, as those of one read are."""
    sides: list[list[tuple[float, int] | None]] = [[None, None] for _ in names]
    made = []
    for change in changes(len(names), count, seed):
        sides[change.symbol][change.side] = (change.price, change.size)
        bid, ask = sides[change.symbol]
        made.append(
            Quote(
                names[change.symbol],
                ts_ns,
                bid[0] if bid else None,
                float(bid[1]) if bid else None,
                ask[0] if ask else None,
                float(ask[1]) if ask else None,
            )
        )
    return made
