"""A strategy sees the same ticks whichever adapter the gateway has."""

import random

import pytest

from tapewire.common import roles
from tapewire.common.config.settings import (
    Config,
    GatewayConfig,
    InstrumentConfig,
    RiskConfig,
    StrategyConfig,
    TwsConfig,
)
from tapewire.common.ticks.rows import Row
from tapewire.virtual.world import SECOND_NS, World
from tests.virtual.recorder import Recorder

RECORDER = StrategyConfig(name="recorder", strategy="tests.virtual.recorder:Recorder")
CELLS = {  # bid, ask, sizes, last, last's size: what a source may write, and nothing
    "price": (None, "100.00", "100", "100.50", "101.250", "-1"),
    "size": (None, "0", "1", "5", "5.0", "7.25"),
}


def rows(seed: int, count: int = 400) -> list[Row]:
    """A market in which a side is empty now and then, with a price of -1 and no size. A size may
    come before the side has a price again."""
    rng = random.Random(seed)
    found = list[Row]()
    for n in range(count):
        symbol = rng.choice(("TOP", "EACH", "TRADES", "QUOTES", "BOTH", "OTHER"))
        bid, ask, last = (rng.choice(CELLS["price"]) for _ in range(3))
        bid_size, ask_size, last_size = (rng.choice(CELLS["size"]) for _ in range(3))
        found.append(
            Row(n * SECOND_NS // 10, symbol, bid, ask, bid_size, ask_size, last, last_size)
        )
    return found


def seen(market: list[Row], *, direct: bool, cut: bool = False) -> list[tuple[object, ...]]:
    config = Config(
        instruments=(
            InstrumentConfig(symbol="TOP"),
            InstrumentConfig(symbol="EACH", ticks=("bid_ask", "all_last")),
            InstrumentConfig(symbol="TRADES", ticks=("top", "last")),
            InstrumentConfig(symbol="QUOTES", ticks=("bid_ask",)),
            InstrumentConfig(symbol="BOTH", ticks=("top", "bid_ask")),
        ),
        strategies=(RECORDER,),
        risk=RiskConfig(heartbeat_ms=1000),
        tws=TwsConfig(tick_by_tick_every_s=0),
        gateway=GatewayConfig(silent_after_s=0),
    )  # fmt: skip
    Recorder.seen.clear()
    world = World(config, iter(market), direct=direct)
    world.run(20 * SECOND_NS)
    if cut:
        world.cut(roles.GATEWAY)
    world.run(60 * SECOND_NS)
    return list(Recorder.seen)


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_each_row_comes_to_the_same_ticks(seed):
    market = rows(seed)
    directly = seen(market, direct=True)
    assert len(directly) > 200
    assert directly == seen(market, direct=False)


def test_a_line_that_is_opened_again_begins_with_the_market_as_it_stands():
    market = rows(4)
    assert seen(market, direct=True, cut=True) == seen(market, direct=False, cut=True)


def test_a_value_beyond_all_bounds_is_a_complaint_and_no_tick():
    market = [
        Row(0, "TOP", "100", "101", "1", "1", None, None),
        Row(1, "TOP", "1" + "0" * 13, None, None, None, None, None),
        Row(2, "TOP", None, None, "-5", None, None, None),
        Row(3, "TOP", "99", None, None, None, None, None),
    ]
    assert seen(market, direct=True) == [
        ("TOP", 100.0, 1.0, None, None),
        ("TOP", 100.0, 1.0, 101.0, 1.0),
        ("TOP", 99.0, 1.0, 101.0, 1.0),
    ]
