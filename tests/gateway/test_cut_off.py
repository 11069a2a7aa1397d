"""TWS is cut off from its server (2110) and may never say that it is back: it ends READY all the
same."""

import pytest

from tapewire.gateway.tws.connectivity import SILENT_NS
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds
from tests.gateway.tws_messages import SECOND

LISTS = ["61", "16", "7", "99"]


@pytest.fixture
def bench() -> Bench:
    """READY, with a subscription, and cut off."""
    one = Bench()
    one.broker.want("AAPL")
    one.flush()
    tick(one)
    one.error(-1, 2110)
    assert one.gateway.connection.state == "DEGRADED"
    return one


def tick(bench: Bench) -> None:
    line = next(iter(bench.broker.market._lines))
    bench.receive(["1", "6", line.decode(), "1", "150.25", "100", "0"])


def reads_again(bench: Bench) -> bool:
    """Whether it asks for everything; it is READY once that is answered."""
    asked = set(LISTS) <= set(kinds(bench.flush()))
    if asked:
        bench.answer_snapshot()
        assert bench.gateway.readiness() == ("READY", "")
    return asked


@pytest.mark.parametrize("farms", [(2104, 2106), (2104,), (2106,), (2158,)])
def test_any_farm_that_is_back_is_a_sign(bench: Bench, farms: tuple[int, ...]):
    for farm in farms:
        bench.error(-1, farm)
    assert reads_again(bench)


def test_ticks_that_were_on_their_way_are_no_sign_and_later_ones_are(bench: Bench):
    for _ in range(3):
        bench.pass_s(0.5)
        tick(bench)
    assert not reads_again(bench)
    bench.pass_s(0.5)
    tick(bench)
    assert reads_again(bench)


def test_what_is_no_tick_is_no_sign(bench: Bench):
    bench.pass_s(30)
    bench.receive(messages.current_time(bench.now.wall_ns))
    bench.receive(messages.next_valid_id(9))
    assert not reads_again(bench)


def test_without_any_sign_it_is_asked_on_a_new_connection(bench: Bench):
    bench.tick()
    assert bench.broker.overdue(bench.now) == ""
    bench.now += SILENT_NS["cut_off"]
    bench.broker.pulse.received(bench.now.mono_ns)
    reason = bench.broker.overdue(bench.now)
    assert reason == (
        "TWS was cut off from its server, and has said nothing about it for 60 s; it is asked again"
        " on a new connection"
    )
    bench.gateway.hung_up(reason, bench.now)
    bench.connect()
    assert bench.broker.overdue(bench.now) == ""
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")


def test_one_that_is_still_cut_off_then_says_so(bench: Bench):
    bench.lose()
    bench.start()
    bench.error(-1, 2110)
    assert bench.gateway.connection.state == "DEGRADED"
    assert bench.broker.overdue(bench.now) == ""
    bench.now += SILENT_NS["cut_off"]
    assert bench.broker.overdue(bench.now) != ""


@pytest.mark.parametrize("codes", [(1100,), (1100, 2110), (2110, 1100), (1100, 1100)])
def test_a_loss_that_tws_will_end_by_itself_is_waited_out(bench: Bench, codes: tuple[int, ...]):
    for code in codes:
        bench.error(-1, code)
    assert bench.broker.overdue(bench.now) == ""
    bench.now += 599 * SECOND
    bench.broker.pulse.received(bench.now.mono_ns)
    tick(bench)
    bench.error(-1, 2104)
    assert not reads_again(bench)
    assert bench.broker.overdue(bench.now) == ""
    bench.error(-1, 1102)
    assert reads_again(bench)


def test_a_loss_whose_end_is_never_reported_ends_with_a_new_connection(bench: Bench):
    bench.error(-1, 1100)
    assert bench.broker.overdue(bench.now) == ""
    bench.now += 600 * SECOND
    bench.broker.pulse.received(bench.now.mono_ns)
    reason = bench.broker.overdue(bench.now)
    assert "has said nothing about it for 600 s" in reason
    bench.gateway.hung_up(reason, bench.now)
    bench.connect()
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")
