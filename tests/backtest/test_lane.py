"""The direct lane trades as the whole group does: the same executions at the same times."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import RiskHalted
from tapewire.common.ticks.file import TickFile
from tapewire.strategy import Strategy
from tests.backtest.lanes import KINDS, Actor, both, configuration, executions, made
from tests.places import DATA

MS, SECOND = 10**6, 10**9
DENSE = (0, 1, 50_000, MS, 20 * MS, 100 * MS)
SPARSE = (0, 300 * MS, SECOND, 7 * SECOND, 20 * SECOND)
ROWS = 250

ACTS = st.lists(
    st.tuples(
        st.integers(1, ROWS * 2),
        st.sampled_from(KINDS),
        st.integers(-30, 30).filter(bool),
        st.integers(1, 12),
    ),
    max_size=14,
)


def assert_equal(config, rows):
    full, direct, lane = both(config, rows)
    assert executions(direct) == executions(full)
    assert direct.server.books()["accounts"] == full.server.books()["accounts"]
    return direct, lane


def examples(count):
    def decorated(test):
        given_all = given(
            first=ACTS, second=st.one_of(st.none(), ACTS), seed=st.integers(0, 10**6),
            gaps_ns=st.sampled_from([DENSE, SPARSE]),
        )  # fmt: skip
        return settings(max_examples=count, deadline=None)(given_all(test))

    return decorated


def check(first, second, seed, gaps_ns):
    acts = [first] if second is None else [first, second]
    assert_equal(configuration(*acts), made(seed, ROWS, gaps_ns))


@examples(4)
def test_random_strategies_have_the_same_executions(first, second, seed, gaps_ns):
    check(first, second, seed, gaps_ns)


@pytest.mark.soak
@examples(300)
def test_many_random_strategies_have_the_same_executions(first, second, seed, gaps_ns):
    check(first, second, seed, gaps_ns)


def test_a_quiet_stretch_is_left_out_and_what_comes_of_it_is_not():
    acts = [(100, "market", 10, 1), (300, "bracket", -5, 3), (420, "close", 1, 1)]
    direct, lane = assert_equal(configuration(acts), made(3, ROWS, SPARSE))
    assert lane.obstacle == ""
    assert lane.skipped > ROWS / 2
    assert len(executions(direct)) >= 2
    strategy = direct.service("strategy-actor-0")
    assert strategy.runner.signals >= 2
    assert strategy.readers["AAPL"].missed == strategy.readers["MSFT"].missed == 0


def test_what_an_account_is_worth_is_known_at_the_same_ticks():
    """Its values come each three minutes while something is held; orders here depend on them."""
    acts = [(10, "market", 30, 1), *((40 * n, "sized", 1 - 2 * (n % 2), 1) for n in range(1, 12))]
    direct, lane = assert_equal(configuration(acts), made(17, ROWS, SPARSE))
    assert len({one.quantity for one in executions(direct)}) > 4
    assert lane.skipped


def test_timers_and_bars_are_due_at_the_same_moments():
    acts = [(20, "timer", 1, 7), (200, "bars", 1, 5)]
    direct, lane = assert_equal(configuration(acts), made(5, ROWS, SPARSE))
    assert executions(direct)
    assert lane.skipped


def test_no_tick_is_lost_where_one_timer_is_due_before_it_and_another_with_it():
    acts = [(2, "timer", 1, 2), (2, "timer", 1, 3), *((9 * n, "market", n, 1) for n in range(1, 7))]
    config = configuration(acts, [(1, "quiet", 1, 1)])
    full, direct, lane = both(config, made(53, 60, (3 * SECOND,)))
    assert executions(direct) == executions(full)
    ticks = [one.service("strategy-actor-0").runner.strategy.number for one in (direct, full)]
    assert ticks[0] == ticks[1]
    assert lane.skipped


def test_timers_and_bars_take_turns_only_where_something_comes_of_them():
    """Bars and timers of 7 and 5 s for hours: in turns each would have woken the whole world."""
    acts = [(2, "timer", 1, 11), (3, "bars", 1, 5), (30, "quiet", 1, 1)]
    rows = made(43, 160, (10 * MS, SECOND, 11 * SECOND))
    direct, lane = assert_equal(configuration(acts), rows)
    assert executions(direct)
    assert lane.jumps < 40


def test_a_rule_that_looks_at_marks_fires_at_the_same_tick():
    """The lane keeps out of the way while something is held, and goes ahead otherwise."""
    rule = RuleConfig(
        rule="UnrealizedLoss", parameters={"limit": 2, "confirm_ms": 0}, enforcement=["flatten"]
    )
    acts = [(150, "market", 30, 1), (260, "market", -30, 1)]
    direct, lane = assert_equal(configuration(acts, rules=[rule]), made(11, ROWS, DENSE))
    assert len(executions(direct)) >= 2
    assert direct.events("risk")
    assert lane.skipped


def test_rows_that_repeat_the_quote_wake_nobody():
    """TWS sends nothing for them, so a rule that fires in the next turn waits for a change."""
    rule = RuleConfig(
        rule="NoStopLossGrace", parameters={"grace_ms": 0}, enforcement=["flatten", "halt"]
    )
    rows = [
        replace(row, last=None, last_size=None, ts_ns=row.ts_ns + place * 60 * MS)
        for row in made(3, 120, (300 * MS,))
        for place in range(5)
    ]
    config = configuration([(40, "market", 5, 1), (90, "market", 5, 1)], rules=[rule])
    direct, lane = assert_equal(config, rows)
    assert any(isinstance(one, RiskHalted) for one in direct.events("risk"))
    assert len(executions(direct)) > 2
    assert lane.skipped


def test_rows_at_which_no_rule_has_to_look_are_left_out():
    """Rules about money while a position is held, of which one fires in the end."""
    rules = [
        RuleConfig(rule=name, parameters=limits, enforcement=["flatten"])
        for name, limits in (
            ("DailyRealizedLoss", {"limit": 500, "unrealised": True}),
            ("MaxNotional", {"gross": 100_000}),
            ("UnrealizedLoss", {"limit": 9, "confirm_ms": 0, "confirm_marks": 0}),
        )
    ]
    rows = made(41, 1_200, (20 * MS, 60 * MS))
    direct, lane = assert_equal(configuration([(10, "market", 30, 1)], rules=rules), rows)
    assert lane.skipped > 300
    assert any(isinstance(one, RiskHalted) for one in direct.events("risk"))


def test_idle_time_costs_nothing_while_an_order_rests():
    """Whatever works at the exchange waits for the next row, and nobody has a turn until then."""
    acts = [(20, "limit", 10, 300), (60, "bracket", 5, 9), (100, "stop", -10, 250)]
    direct, lane = assert_equal(configuration(acts), made(13, 60, (0, 20 * SECOND, 90 * SECOND)))
    assert lane.jumped_ns > 600 * SECOND
    assert direct.server.books()["orders_open"]


class Trades(Actor):
    """Has a callback for trades alone: quotes are not even made for it."""

    on_tick = Strategy.on_tick

    def on_trade(self, trade):
        Actor.on_tick(self, trade)


def test_a_strategy_of_trades_alone_trades_the_same():
    acts = [(8 * n, KINDS[n % len(KINDS)], 7 - 14 * (n % 2), 3) for n in range(1, 9)]
    config = configuration(acts)
    (actor,) = config.strategies
    only = actor.model_copy(update={"strategy": "tests.backtest.test_lane:Trades"})
    direct, lane = assert_equal(
        config.model_copy(update={"strategies": (only,)}), made(29, ROWS, SPARSE)
    )
    assert direct.service("strategy-actor-0").runner.wants == (False, True)
    assert executions(direct)
    assert lane.skipped


def test_what_is_due_between_ticks_that_a_strategy_does_not_hear_is_done_then():
    """A bar ends among quotes, and its signal waits for none of those."""
    config = configuration([(4, "bars", 1, 5)])
    (actor,) = config.strategies
    only = actor.model_copy(update={"strategy": "tests.backtest.test_lane:Trades"})
    direct, lane = assert_equal(
        config.model_copy(update={"strategies": (only,)}), made(2, 60, SPARSE)
    )
    assert len(executions(direct)) == 4
    assert lane.skipped


def test_where_a_rule_looks_at_marks_the_second_before_an_order_is_run_in_turns_too():
    """Risk's marks are up to half a second old, and so they are when the order fills."""
    loss = {"limit": 10_000, "unrealised": True}
    rule = RuleConfig(rule="DailyRealizedLoss", parameters=loss)
    acts, rows = [(190, "market", 5, 1)], made(31, 150, (100 * MS, 200 * MS))
    _, without = assert_equal(configuration(acts), rows)
    _, watched = assert_equal(configuration(acts, rules=[rule]), rows)
    assert 0 < watched.skipped < without.skipped


def test_sides_that_are_empty_for_a_while_change_nothing():
    rows = made(37, ROWS, SPARSE)
    for row in rows[::7]:
        row.bid, row.bid_size = "-1", "0"
    for row in rows[3::11]:
        row.ask, row.ask_size = "-1", "0"
    for row in rows[5::14]:  # a size without a price, perhaps where there is none
        row.bid = row.ask = None
    acts = [(9 * n, KINDS[n % 8], 6 - 12 * (n % 2), 4) for n in range(1, 20)]
    direct, lane = assert_equal(configuration(acts), rows)
    assert len(executions(direct)) > 4
    assert lane.skipped


def test_rows_that_resting_orders_do_not_wait_for_are_left_out():
    """Limits, stops and trailing stops away from the market, in rows 20 to 100 ms apart."""
    acts = [(20, "limit", 10, 25), (24, "trail", -5, 25), (28, "bracket", 5, 30)]
    direct, lane = assert_equal(configuration(acts), made(41, 1_500, (20 * MS, 100 * MS)))
    assert len(executions(direct)) > 2
    assert lane.skipped > 500


def test_a_file_with_odd_rows_is_run_in_turns():
    rows = made(7, 60, SPARSE)
    rows[30].bid = "1e15"
    _, lane = assert_equal(configuration([(20, "market", 5, 1)]), rows)
    assert lane.obstacle
    assert not lane.skipped


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_twenty_seeded_days_have_the_same_executions(seed):
    acts = [(40 + 97 * n, KINDS[(n + seed) % len(KINDS)], 9 - 2 * n, 4) for n in range(40)]
    assert_equal(configuration(acts), made(seed, 5_000, (0, MS, 100 * MS, SECOND, 30 * SECOND)))


FILES = ("us_equity_20131007", "binance_6inst_20240808", "esh4_20231225")
HOURS = {"us_equity_20131007": 13_900, "binance_6inst_20240808": 0, "esh4_20231225": 3_600}


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_recorded_files_have_the_same_executions(name, tmp_path):
    path = DATA / f"{name}_l1_trades.csv.gz"
    if not path.exists():
        pytest.skip("no recorded data here")
    file = TickFile(path)
    first_ns = next(file.rows(None, None)).ts_ns
    window = Window(None, first_ns + 5 * 3600 * SECOND)
    acts = [(997 * n, KINDS[n % 8], 3 - 6 * (n % 2), 5) for n in range(1, 60)]
    config = configuration(acts).model_copy(update={"instruments": ()})
    found = [
        run(file, window, config, [], full=full, say=lambda _text: None) for full in (True, False)
    ]
    fills = [
        [(f.account, f.symbol, f.side, f.quantity, f.price, f.ts_ns) for f in one.results.fills]
        for one in found
    ]
    assert fills[0] == fills[1]
    assert found[0].results.total == found[1].results.total
