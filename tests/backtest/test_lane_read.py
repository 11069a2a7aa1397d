"""However symbols are read, the back-test has the executions of `--full`, and at the same ticks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common.config.settings import GatewayConfig, InstrumentConfig
from tapewire.common.ticks.rows import Row
from tests.backtest.lanes import KINDS, START_NS, SYMBOLS, both, configuration, executions, made

MS, SECOND = 10**6, 10**9
DENSE = (0, 1, 50_000, MS, 20 * MS, 100 * MS)
SPARSE = (0, 300 * MS, SECOND, 7 * SECOND, 20 * SECOND)
TICKS = [
    ("top",),
    ("last",),
    ("bid_ask",),
    ("bid_ask", "all_last"),
    ("top", "last"),
    ("top", "bid_ask"),
    ("top", "mid_point"),
    ("last", "mid_point"),
    ("bid_ask", "last", "mid_point"),
]
READ = {
    "latest": {"delivery": "latest"},
    "filter": {"filter": "2/s"},
    "bars": {"bars": ("5s",)},
}
OPTION = "AAPL  240119C00100000"


def acts(seed):
    return [(3 + 7 * n, KINDS[(n + seed) % len(KINDS)], 9 - 2 * (n % 9) or 4, 4) for n in range(20)]


def read(seed, ticks=("top",), symbols=SYMBOLS, **strategy):
    config = configuration(acts(seed), acts(seed + 5))
    return config.model_copy(
        update={
            "instruments": tuple(InstrumentConfig(symbol=one, ticks=ticks) for one in symbols),
            "strategies": tuple(one.model_copy(update=strategy) for one in config.strategies),
            "gateway": GatewayConfig(bars=("5s",)),
        }
    )


def assert_alike(config, rows):
    full, direct, _ = both(config, rows)
    assert executions(direct) == executions(full)
    for name in full.strategies:
        ticks = [one.service(name).runner.strategy.number for one in (direct, full)]
        assert ticks[0] == ticks[1]
    return executions(direct)


@pytest.mark.parametrize("ticks", [("last",), ("top", "bid_ask")], ids="+".join)
def test_tick_by_tick(ticks):
    assert assert_alike(read(1, ticks), made(1, 130, DENSE))


def test_more_streams_than_a_login_has():
    assert assert_alike(read(1, ("bid_ask", "last", "mid_point")), made(1, 60, DENSE))


@pytest.mark.parametrize("how", READ)
def test_what_a_strategy_is_given_of_the_ticks(how):
    assert assert_alike(read(0, **READ[how]), made(0, 90, DENSE))


def with_option(rows):
    return [replace(one, symbol=OPTION) if one.symbol == "MSFT" else one for one in rows]


def test_options():
    assert assert_alike(read(2, symbols=("AAPL", OPTION)), with_option(made(2, 90, DENSE)))


def test_an_option_of_which_trades_alone_are_read():
    """A bar of the stock ends with a quote of the option, which leads to no message of TWS."""
    rows = with_option(
        [
            Row(START_NS, "AAPL", "100.00", "100.01", "1", "1", "100.00", "1"),
            Row(START_NS + SECOND, "AAPL", "100.00", "100.01", "1", "1", "100.01", "1"),
            Row(START_NS + 5 * SECOND, "MSFT", "5.00", "5.01", "1", "1", None, None),
            Row(START_NS + 20 * SECOND, "MSFT", "5.01", "5.02", "1", "1", None, None),
        ]
    )
    config = read(0, ("last",), ("AAPL", OPTION), bars=("5s",))
    assert {one.symbol for one in assert_alike(config, rows)} == {"AAPL"}


@pytest.mark.parametrize("ticks", [("last",), ("bid_ask",)], ids="+".join)
def test_generic_ticks_come_with_the_top_of_book(ticks):
    config = read(0, ticks)
    with_values = [one.model_copy(update={"generic_ticks": (233,)}) for one in config.instruments]
    config = config.model_copy(update={"instruments": tuple(with_values)})
    assert assert_alike(config, made(0, 50, DENSE))


def test_as_many_messages_count_against_the_limit_as_tws_needs():
    """Orders, executions and completed orders are asked for in three of them, just before as many
    orders are out as may be: the next one waits for the answer that proves them read."""
    assert assert_alike(read(99, ("bid_ask", "all_last")), made(573_199, 130, DENSE))


def test_two_executions_of_one_moment_come_with_a_claim_that_the_first_does_not_show():
    """So the gateway asks for executions a second later, which counts against the limit."""
    assert assert_alike(read(8, ("bid_ask", "last", "mid_point")), made(100_908, 120, DENSE))


@pytest.mark.soak
@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    ticks=st.sampled_from(TICKS),
    how=st.one_of(st.just({}), st.sampled_from([*READ.values()])),
    gaps_ns=st.sampled_from([DENSE, SPARSE]),
    has_option=st.booleans(),
)
def test_all_of_it_at_once(seed, ticks, how, gaps_ns, has_option):
    rows = made(seed, 200, gaps_ns)
    symbols = ("AAPL", OPTION) if has_option else SYMBOLS
    assert_alike(read(seed % 100, ticks, symbols, **how), with_option(rows) if has_option else rows)
