"""The state of the connection: each step of the table, and what is recorded of it."""

import pytest

from tapewire.common.events import ConnectionChanged
from tapewire.common.runtime.metrics import Metrics
from tapewire.gateway import figures
from tapewire.gateway.connection import CHANGES_MAX, MEANING, SHOWN, STAGES, TRANSITIONS, Connection
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, names, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, managed_accounts

IN_USE = "TWS says that client id 1 is in use (326)"


def changes(bench: Bench) -> list[tuple[str, str]]:
    """The changes since the last call, each with what it was before."""
    found = bench.gateway.connection.take_changes(bench.now)
    return [(one.before, one.after) for one in found]


def state(bench: Bench) -> str:
    return bench.gateway.connection.state


def refuse_id(bench: Bench) -> None:
    """An attempt at which TWS says that the client id is in use, and closes."""
    bench.start()
    bench.error(-1, 326, "Unable to connect as the client id is already in use.")
    bench.lose()


# ---- the table -----------------------------------------------------------------------------------


def test_every_stage_is_shown_as_a_state_and_can_be_reached():
    assert set(SHOWN) == set(STAGES)
    assert set(SHOWN.values()) == set(MEANING)
    assert {*TRANSITIONS.values(), "CONNECTING"} == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_loss_and_a_refusal_are_known_in_every_stage(stage: str):
    assert TRANSITIONS[stage, "lost"] in ("CONNECTING", "RETRYING")
    assert SHOWN[TRANSITIONS[stage, "refused"]] == "REFUSED"


@pytest.mark.parametrize("stage", [one for one in STAGES if one != "READY"])
def test_only_ready_has_no_problem(stage: str):
    one = Connection()
    one.stage = stage
    assert one.problem == one.reason != ""


def test_a_login_goes_through_its_states_and_each_is_recorded():
    bench = Bench(connect=False)
    assert state(bench) == "CONNECTING"
    bench.connect()
    assert state(bench) == "SYNCHRONISING"
    bench.answer_snapshot()
    bench.lose("TWS closed the connection")
    found = bench.gateway.connection.take_changes(bench.now)
    assert [one.after for one in found] == ["HANDSHAKING", "SYNCHRONISING", "READY", "CONNECTING"]
    assert [one.before for one in found] == ["CONNECTING", *(one.after for one in found[:-1])]
    assert found[-1] == ConnectionChanged(
        bench.now.wall_ns, "READY", "CONNECTING", "TWS closed the connection"
    )


def test_a_server_that_is_lost_during_the_login_is_waited_for():
    bench = Bench(connect=False)
    bench.start()
    bench.error(-1, 1100)
    assert state(bench) == "DEGRADED"
    bench.receive(messages.next_valid_id(1), managed_accounts(ACCOUNT))
    bench.answer_snapshot()
    assert state(bench) == "DEGRADED"
    bench.error(-1, 1102)
    assert state(bench) == "SYNCHRONISING"
    bench.answer_snapshot()
    assert state(bench) == "READY"


def test_a_silent_line_is_degraded_and_knows_all_when_it_answers():
    bench = Bench()
    bench.hangs = True
    for _ in range(3):
        bench.pass_s(1)
        bench.flush()
    assert state(bench) == "DEGRADED"
    assert bench.submit(submit()).accepted, "it waits for the answer"
    bench.receive(messages.current_time(bench.now.wall_ns))
    bench.tick()
    assert state(bench) == "READY"


def test_a_silent_line_that_loses_its_server_has_to_be_read_again():
    bench = Bench()
    bench.hangs = True
    for _ in range(3):
        bench.pass_s(1)
        bench.flush()
    bench.error(-1, 1100)
    bench.receive(messages.current_time(bench.now.wall_ns))
    bench.tick()
    assert state(bench) == "DEGRADED"
    assert not bench.submit(submit()).accepted


def test_a_loss_while_the_server_is_lost_is_reported_as_one():
    bench = Bench()
    bench.error(-1, 1100)
    assert names(bench.lose()) == ["ConnectionLost"]
    assert names(bench.lose()) == []


# ---- refusals ------------------------------------------------------------------------------------


def test_a_client_id_in_use_is_recorded_once_however_often_it_is_tried():
    bench = Bench(connect=False)
    refuse_id(bench)
    assert changes(bench) == [("CONNECTING", "HANDSHAKING"), ("HANDSHAKING", "REFUSED")]
    for _ in range(10):
        refuse_id(bench)
        assert (state(bench), changes(bench)) == ("REFUSED", [])
        assert bench.gateway.readiness()[1].startswith(IN_USE)
    bench.connect()
    bench.answer_snapshot()
    assert changes(bench) == [("REFUSED", "SYNCHRONISING"), ("SYNCHRONISING", "READY")]


def test_a_tws_that_says_so_to_a_session_that_is_up_is_hung_up_on():
    bench = Bench()
    bench.error(-1, 326, "in use")
    assert state(bench) == "REFUSED"
    late = bench.broker.overdue(bench.now)
    assert late.startswith(IN_USE)
    bench.gateway.hung_up(late, bench.now)
    bench.connect()
    bench.answer_snapshot()
    assert (state(bench), bench.broker.overdue(bench.now)) == ("READY", "")


def test_another_reason_is_recorded_again():
    bench = Bench(connect=False, accounts=("U1234567",))
    refuse_id(bench)
    changes(bench)
    bench.connect()
    (change,) = bench.gateway.connection.take_changes(bench.now)
    assert (change.before, change.after) == ("REFUSED", "REFUSED")
    assert change.reason.startswith('mode is "paper", but TWS is logged in to U***')
    bench.lose()
    refuse_id(bench)
    assert changes(bench) == [("REFUSED", "REFUSED")]


def test_a_refusal_is_over_where_nobody_is_there_any_more():
    bench = Bench(connect=False)
    refuse_id(bench)
    bench.lose("cannot connect to TWS at localhost:7497: Connection refused")
    assert state(bench) == "CONNECTING"


def test_a_version_that_nobody_speaks_is_refused_and_waited_for_ever_longer():
    bench = Bench(connect=False)
    for _ in range(2):
        bench.open()
        with pytest.raises(ValueError, match="TWS chose version 250, expected") as error:
            bench.receive(["250", "time"])
        bench.gateway.hung_up(str(error.value), bench.now)
        assert state(bench) == "REFUSED"
        bench.broker.reconnect.closed(bench.now.mono_ns)
    assert "2 refusals" in repr(bench.broker.reconnect)


def test_accounts_that_are_corrected_while_the_server_is_lost_make_nothing_ready():
    bench = Bench(connect=False, accounts=("U1234567",))
    bench.connect()
    bench.error(-1, 1100)
    bench.receive(managed_accounts(ACCOUNT))
    bench.answer_snapshot()
    bench.pass_s(20)
    assert state(bench) == "DEGRADED"
    bench.error(-1, 1102)
    bench.answer_snapshot()
    assert state(bench) == "READY"


def test_accounts_that_become_wrong_take_the_connection_down():
    bench = Bench()
    news = bench.receive(managed_accounts("U1234567"))
    assert names(news) == ["ConnectionLost"]
    assert state(bench) == "REFUSED"
    assert not bench.submit(submit()).accepted
    assert names(bench.pass_s(1)) == []
    bench.receive(managed_accounts(ACCOUNT))
    bench.answer_snapshot()
    assert state(bench) == "READY"


def test_a_refusal_that_was_corrected_is_not_why_it_is_lost_later():
    bench = Bench()
    bench.receive(managed_accounts("U1234567"))
    bench.receive(managed_accounts(ACCOUNT))
    bench.lose("reset")
    assert bench.gateway.readiness() == ("WAITING", "reset")


# ---- what is recorded ----------------------------------------------------------------------------


def test_a_line_that_comes_and_goes_does_not_fill_the_journal():
    bench = Bench(connect=False)
    recorded: list[ConnectionChanged] = []
    for _ in range(100):
        bench.open()
        bench.lose()
        recorded += bench.gateway.connection.take_changes(bench.now)
        bench.now += SECOND // 10
    assert len(recorded) == CHANGES_MAX
    bench.now += 60 * SECOND
    bench.open()
    (last,) = bench.gateway.connection.take_changes(bench.now)
    assert (last.before, last.after, last.omitted) == ("CONNECTING", "HANDSHAKING", 90)


def test_uptime_and_logins_are_counted():
    bench = Bench()
    connection = bench.gateway.connection
    bench.now += 30 * SECOND
    assert (connection.uptime_s(bench.now.mono_ns), connection.reconnects) == (30, 0)
    bench.lose()
    assert connection.uptime_s(bench.now.mono_ns) == 0
    bench.connect()
    assert connection.reconnects == 1


def test_prometheus_is_shown_the_state_and_what_was_written():
    bench, metrics = Bench(), Metrics()
    figures.watch(metrics, bench.gateway)
    shown = metrics.families["connection_state"].read()
    assert [state for state, value in shown.items() if value] == [("READY",)]
    before = metrics.watched["tws_requests"].read()[""]
    bench.send(submit())
    assert metrics.watched["tws_requests"].read()[""] == before + 1
    assert bench.broker.want("AAPL")
    bench.tick()
    bench.flush()
    assert metrics.families["subscriptions"].read() == {(): 1}
    bench.lose()
    assert metrics.families["subscriptions"].read() == {(): 0}
    assert metrics.families["connection_uptime_seconds"].read() == {(): 0}
