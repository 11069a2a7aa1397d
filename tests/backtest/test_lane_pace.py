"""The broker's limit on messages: a burst of orders waits for it in the lane as long as in full."""

import pytest

from tapewire.common.ticks.rows import Row
from tests.backtest.lanes import START_NS, both, configuration, executions, made

MS, SECOND = 10**6, 10**9
BURST = [("limit", 1, 20)] * 90


def assert_paced_alike(acts, rows):
    return assert_paced_alike_of(configuration(acts), rows)


def assert_paced_alike_of(config, rows):
    full, direct, lane = both(config, rows)
    assert executions(direct) == executions(full)
    sent = [
        [(e.intent_id, e.sent_ns) for e in world.events("gateway") if hasattr(e, "sent_ns")]
        for world in (direct, full)
    ]
    assert sent[0] == sent[1]
    return sent[0], lane


def test_asking_again_for_account_values_counts_as_the_two_messages_that_it_is():
    """They are asked for a second after an execution, amid a burst of orders."""
    acts = [(2, "market", 5, 1), *((24 + 9 * n // 2, *one) for n, one in enumerate(BURST))]
    sent, _ = assert_paced_alike(acts, made(3, 300, (10 * MS,)))
    assert len(sent) > len(BURST)


@pytest.mark.parametrize("silent_ns", [1_900 * MS, 2_800 * MS])
def test_a_probe_counts_among_what_the_broker_was_sent_last(silent_ns):
    """After five silent seconds the line is probed. What was sent before it counts from then on."""
    acts = [*((2, *one) for one in BURST[:20]), *((10, *one) for one in BURST[:60])]
    rows = made(5, 60, (300 * MS,))
    for row in rows[3:]:
        row.ts_ns += silent_ns
    _, lane = assert_paced_alike(acts, rows)
    assert lane.jumps


def moved(times_ns, prices):
    """Rows at these times, of two quotes each, with these prices at first and higher ones then."""
    count = len(times_ns) - len(prices)
    return [
        Row(at_ns, "AAPL", f"{price}.00", f"{price}.02", "100", "100", None, None)
        for at_ns, price in zip(times_ns, [*prices, *range(103, 103 + count)], strict=True)
    ]


@pytest.mark.parametrize(
    ("price", "bought_ms"), [(102, 50), (101, 1_050)], ids=["news", "nothing new"]
)
@pytest.mark.parametrize("after_ms", [200, 900])
def test_what_accounts_are_worth_is_a_sign_of_life_that_puts_a_probe_off(
    price, bought_ms, after_ms
):
    """It comes amid a silence, if it has changed; and each probe is one order less at once."""
    acts = [(3, "market", 5, 1), *((9, *one) for one in BURST[:60])]
    config = configuration(acts)
    fast = config.tws.model_copy(update={"rate_max_per_s": 50})
    config = config.model_copy(update={"tws": fast})
    start = [START_NS, START_NS + bought_ms * MS]
    _, _, lane = both(config, moved(start, [100, 101]), full=False)
    sent_ns = lane._exchange.reports_after(start[-1]) + 180 * SECOND
    burst = [sent_ns + (after_ms + 50 * n) * MS for n in range(50)]
    times = [*start, sent_ns - 31_100 * MS, *burst]
    sent, lane = assert_paced_alike_of(config, moved(times, [100, 101, price]))
    assert len(sent) == len(acts)
    assert lane.jumps
