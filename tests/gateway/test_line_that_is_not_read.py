"""A TWS that goes on sending and reads nothing: its ticks are no proof that an order arrived."""

import pytest

from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_messages import SECOND

TICK = ["1", "6", "1000000000", "1", "150.5", "10", "0"]
TRICKLE = b"\0"  # of a frame of 16 MB that never ends


@pytest.fixture(params=["ticks", "a trickle"])
def bench(request: pytest.FixtureRequest) -> Bench:
    bench = Bench()
    bench.trickles = request.param != "ticks"
    if bench.trickles:
        bench.raw(b"\0\xff\xff\xff")
    bench.hangs = True
    return bench


def send_s(bench: Bench, seconds: int) -> list[list[str]]:
    """TWS goes on sending for so long; gives what was written to it meanwhile."""
    written = []
    for _ in range(2 * seconds):
        bench.pass_s(0.5)
        _ = bench.raw(TRICKLE) if bench.trickles else bench.receive(TICK)
        written += bench.flush()
    return written


def late(bench: Bench) -> None:
    """An order went out, and its answer and the lists that were asked for then are overdue."""
    bench.send(submit())
    assert "49" in kinds(send_s(bench, 20))


def test_no_order_follows_one_that_may_not_have_been_read(bench: Bench):
    late(bench)
    bench.submit(submit("s-1/2", expires_ns=bench.now.wall_ns + 60 * SECOND))
    bench.flush()
    assert len(bench.placed()) == 1
    assert "TWS goes on sending and has not answered" in bench.broker.held(bench.now)


def test_it_is_hung_up_on(bench: Bench):
    late(bench)
    send_s(bench, 12)
    assert "TWS did not answer within" in bench.broker.overdue(bench.now)
    bench.gateway.hung_up(bench.broker.overdue(bench.now), bench.now)
    assert bench.state() == "UNKNOWN"


def test_one_that_answers_is_kept_though_its_lists_never_end():
    bench = Bench()
    bench.trickles = False
    bench.send(submit())
    send_s(bench, 60)
    assert (bench.broker.overdue(bench.now), bench.broker.held(bench.now)) == ("", "")


@pytest.mark.parametrize("is_deaf", [True, False])
def test_it_is_found_out_though_nobody_trades(is_deaf: bool):
    bench = Bench(open_orders_ms=5_000)
    bench.hangs, bench.trickles = is_deaf, False
    questions = kinds(send_s(bench, 12)).count("49")
    send_s(bench, 10)
    assert (questions, bool(bench.broker.overdue(bench.now))) == (is_deaf, is_deaf)


def test_many_requests_without_an_answer_show_it_at_once(bench: Bench):
    for number in range(25):
        bench.send(submit(f"s-1/{number}"))
    send_s(bench, 2)
    assert bench.broker.pulse.in_doubt(bench.now.mono_ns)
    bench.receive(messages.current_time(bench.now.wall_ns)) if not bench.trickles else None
    assert bench.broker.pulse.in_doubt(bench.now.mono_ns) == bench.trickles
