"""The broker's limit on messages: a burst of orders waits for it in the lane as long as in full."""

import pytest

from tests.backtest.lanes import both, configuration, executions, made

MS, SECOND = 10**6, 10**9
BURST = [("limit", 1, 20)] * 90


def assert_paced_alike(acts, rows):
    full, direct, lane = both(configuration(acts), rows)
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
