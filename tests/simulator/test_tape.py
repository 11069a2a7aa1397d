"""The tape: rows that are packed away say what they said before."""

import random

import pytest

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.tape import NS_PER_MINUTE, PACK, Reel

SECOND = 1_000_000_000
COUNT = 5 * PACK
EVERY_NS = 100_000_000


def made_rows():
    """Rows of one symbol, some of one side or of a trade alone, ten per second."""
    rng = random.Random(5)
    for n in range(COUNT):
        price = 100 + rng.randint(-50, 50) / 100
        bid, ask = f"{price:.2f}", f"{price + 0.02:.2f}"
        kinds = [
            (bid, ask, "10", "20", None, None), (bid, None, "10", None, None, None),
            (None, ask, None, "30", None, None), (None, None, None, None, bid, "5"),
        ]  # fmt: skip
        yield n * EVERY_NS, Row(n * EVERY_NS, "A", *rng.choice(kinds))


@pytest.fixture(scope="module")
def reels():
    """One that keeps all rows as they are, and one that packs nearly all of them."""
    loose, packed = Reel(COUNT + 1), Reel(2 * PACK)
    for at_ns, row in made_rows():
        loose.take(row, at_ns)
        packed.take(row, at_ns)
    return loose, packed


END_NS = COUNT * EVERY_NS
TIMES = [(0, END_NS), (7 * SECOND, 400 * SECOND), (61 * SECOND, END_NS - 3 * SECOND),
         (10 * NS_PER_MINUTE, 11 * NS_PER_MINUTE), (END_NS - SECOND, END_NS)]  # fmt: skip


@pytest.mark.parametrize(("from_ns", "to_ns"), TIMES)
def test_packed_rows_are_the_same_rows(reels, from_ns, to_ns):
    loose, packed = (list(one.rows(from_ns, to_ns)) for one in reels)
    assert packed == loose
    assert len(loose) == (to_ns - from_ns) // EVERY_NS


@pytest.mark.parametrize(("from_ns", "to_ns"), TIMES)
def test_packed_rows_come_to_the_same(reels, from_ns, to_ns):
    loose, packed = (one.summary(from_ns, to_ns) for one in reels)
    assert packed.keys() == loose.keys()
    for kind, bar in packed.items():
        assert bar.value == pytest.approx(loose[kind].value)
        bar.value = loose[kind].value
        assert bar == loose[kind]


def test_the_quote_before_a_moment_is_found_in_packs_too(reels):
    loose, packed = (vars(one.screen(50 * SECOND)) for one in reels)
    assert packed == loose
    assert None not in packed.values()
