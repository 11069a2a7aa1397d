"""The group's own simulator has to prove itself before anything is sent to it."""

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.gateway.tws.attempt import PROOF_LATE_NS
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import NOW, Bench, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, managed_accounts


def unproven() -> Bench:
    """A gateway whose peer was asked for its nonce."""
    bench = Bench(connect=False)
    bench.open(b"secret", b"127.0.0.1:4242")
    bench.receive(["157", "20261120 10:00:00 UTC"])
    return bench


def test_the_simulator_is_asked_for_its_nonce_before_the_api_is_started():
    bench = unproven()
    assert bench.flush() == [[IDENTIFY]]
    bench.receive(messages.identity("secret"))
    assert bench.flush() == [["71", "2", "1", ""]]
    bench.receive(messages.next_valid_id(1), managed_accounts(ACCOUNT))
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")


def test_nothing_goes_to_a_peer_that_has_not_proved_itself():
    bench = unproven()
    bench.broker.want("AAPL")
    assert not bench.submit(submit()).accepted
    answer, _events = bench.cancel_all()
    assert not answer.accepted
    bench.pass_s(60)
    assert bench.flush() == [[IDENTIFY]]
    assert bench.gateway.readiness()[0] == "WAITING"


def test_a_peer_that_does_not_prove_itself_in_time_is_named_also_while_it_is_tried_again():
    bench = unproven()
    assert bench.broker.overdue(NOW + PROOF_LATE_NS) == ""
    late = bench.broker.overdue(NOW + (PROOF_LATE_NS + 1))
    assert bench.gateway.hung_up(late, bench.now) == []
    reason = (
        "127.0.0.1:4242 did not identify itself as this group's simulator: it did not answer with"
        " its nonce within 3 s; nothing else was sent to it"
    )
    assert bench.gateway.readiness() == ("WAITING", reason)
    bench.open(b"secret", b"127.0.0.1:4242")
    assert bench.gateway.readiness() == ("WAITING", reason)
    bench.receive(["157", "20261120 10:00:00 UTC"], messages.identity("secret"))
    bench.receive(messages.next_valid_id(1), managed_accounts(ACCOUNT))
    assert bench.gateway.connection.state == "SYNCHRONISING"


def test_a_real_tws_has_a_minute_since_a_person_may_have_to_let_it_in():
    bench = Bench(connect=False)
    bench.open()
    assert bench.broker.overdue(NOW + 60 * SECOND) == ""
    late = bench.broker.overdue(NOW + (60 * SECOND + 1))
    assert late.startswith("TWS did not answer the handshake within 60 s; if it shows a dialog")
