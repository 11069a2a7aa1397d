"""Account values in the lane: reports take no turns, and who looks sees what had come by then."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.lanes import Actor, both, configuration, executions, made

MS, SECOND = 10**6, 10**9
GAPS = (
    (20 * SECOND, 90 * SECOND, MS),
    (10 * SECOND, 60 * SECOND),
    (50_000, 100_000, 150_000, 250_000, 30 * SECOND, 3 * SECOND),
    (400 * SECOND, SECOND, 20 * MS),
)
ACTS = st.lists(
    st.tuples(
        st.integers(3, 110),
        st.sampled_from(["market", "sized", "bars", "timer", "close", "limit"]),
        st.integers(-30, 30).filter(bool),
        st.integers(1, 12),
    ),
    max_size=6,
)
HELD = (2, "market", 30, 1)


class Looker(Actor):
    """Notes what its account is worth, and since when, whenever it is called."""

    def on_start(self):
        Actor.on_start(self)
        self.seen = []

    def on_tick(self, tick):
        self.look()
        Actor.on_tick(self, tick)

    def on_bar(self, bar):
        self.look()
        Actor.on_bar(self, bar)

    def on_timer(self, interval_ms):
        self.look()
        Actor.on_timer(self, interval_ms)

    def look(self):
        self.seen.append((self.number, self.account))


def looking(*acts):
    config = configuration(*acts)
    lookers = [
        one.model_copy(update={"strategy": "tests.backtest.test_lane_accounts:Looker"})
        for one in config.strategies
    ]
    return config.model_copy(update={"strategies": tuple(lookers)})


def assert_seen_alike(config, rows):
    full, direct, lane = both(config, rows)
    assert executions(direct) == executions(full)
    for name in full.strategies:
        seen = [one.service(name).runner.strategy.seen for one in (direct, full)]
        assert seen[0] == seen[1]
    values = [one.service("risk").monitor.values for one in (direct, full)]
    assert values[0] == values[1]
    known = [one.service("gateway").gateway.facts.accounts.known for one in (direct, full)]
    assert known[0] == known[1]
    return direct, lane


def examples(count):
    def decorated(test):
        given_all = given(
            acts=st.lists(ACTS, min_size=1, max_size=2), seed=st.integers(0, 10**6),
            gaps_ns=st.sampled_from(GAPS), offset_ns=st.sampled_from([0, 350_000, 123_456_789]),
        )  # fmt: skip
        return settings(max_examples=count, deadline=None)(given_all(test))

    return decorated


def check(acts, seed, gaps_ns, offset_ns):
    rows = made(seed, 60, gaps_ns)
    for row in rows[1:]:
        row.ts_ns += offset_ns
    assert_seen_alike(looking(*([HELD, *own] for own in acts)), rows)


@examples(2)
def test_random_strategies_see_the_same_values_at_the_same_ticks(acts, seed, gaps_ns, offset_ns):
    check(acts, seed, gaps_ns, offset_ns)


@pytest.mark.soak
@examples(100)
def test_many_strategies_see_the_same_values_at_the_same_ticks(acts, seed, gaps_ns, offset_ns):
    check(acts, seed, gaps_ns, offset_ns)


def test_what_is_held_for_hours_takes_no_turns():
    rows = made(61, 60, (60 * SECOND, 90 * SECOND))
    direct, lane = assert_seen_alike(looking([HELD]), rows)
    (strategy,) = direct.strategies
    looker = direct.service(strategy).runner.strategy
    assert len({values.equity for _, values in looker.seen}) > 12
    assert lane.jumps < 10


def test_a_price_that_stays_is_worth_the_same_since_the_first_report_of_it():
    rows = made(67, 60, (40 * SECOND,))
    for row in rows[10:45]:
        row.bid = row.ask = None
        row.bid_size, row.ask_size = "7", "7"
        row.last = row.last_size = None
    direct, _ = assert_seen_alike(looking([HELD, (70, "sized", 5, 1)]), rows)
    assert executions(direct)


def test_rows_with_the_reports_are_run_in_turns():
    """Which of the two comes first is not to be told from columns."""
    rows = made(71, 25, (60 * SECOND,))
    _, lane = assert_seen_alike(looking([HELD]), rows)
    sent_ns = lane._exchange.reports_after(rows[-1].ts_ns)
    for row in rows[1:]:
        row.ts_ns += (sent_ns - rows[-1].ts_ns) % (60 * SECOND)
    _, other = assert_seen_alike(looking([HELD]), rows)
    assert other.jumps > lane.jumps + 3
