"""A TWS that is busy with a long answer: nothing is asked before it has read what was written.

Each list that is asked for again makes it slower still.
"""

from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_messages import SECOND


def passes(bench: Bench, seconds: float) -> list[str]:
    """What is written meanwhile, turn by turn."""
    written = []
    for _ in range(int(2 * seconds)):
        bench.pass_s(0.5)
        written += kinds(bench.flush())
    return written


def sent(**waits: int) -> Bench:
    """An order was written, and there is no answer."""
    bench = Bench(request_timeout_ms=2_000, **waits)
    bench.send(submit(expires_ns=bench.now.wall_ns + 600 * SECOND))
    return bench


def test_lists_do_not_pile_up_while_nothing_is_written():
    bench = sent(answer_ms=2_500)
    bench.hangs = True
    assert passes(bench, 9) == ["49"]
    assert bench.broker.held(bench.now)
    bench.receive(messages.current_time(bench.now.wall_ns))
    bench.hangs = False
    assert passes(bench, 1) == ["16", "7", "99"]
    bench.answer_snapshot()
    assert bench.state() == "UNKNOWN"


def test_an_order_is_in_doubt_though_answers_may_take_no_longer_than_settling():
    bench = sent(answer_ms=2_000, settle_ms=2_000)
    assert "99" in passes(bench, 3)
    bench.answer_snapshot()
    assert bench.state() == "UNKNOWN"
