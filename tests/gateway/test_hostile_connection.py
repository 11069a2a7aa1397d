"""A TWS that contradicts itself about its login and its server: nothing it says makes the gateway
READY before all was read again, and nothing keeps it waiting for ever."""

import pytest

from tapewire.common.events import ConnectionUp
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, kinds, submit
from tests.gateway.tws_messages import ACCOUNT, managed_accounts

LIVE = "U1234567"


def state(bench: Bench) -> str:
    return bench.gateway.connection.state


@pytest.mark.parametrize("lost", [1100, 2110])
def test_a_server_that_was_lost_before_the_accounts_were_corrected_is_still_lost(lost: int):
    bench = Bench()
    bench.error(-1, lost)
    bench.receive(managed_accounts(LIVE))
    assert state(bench) == "REFUSED"
    bench.receive(managed_accounts(ACCOUNT))
    bench.answer_snapshot()
    assert state(bench) == "DEGRADED"
    assert "lost its own server" in bench.gateway.readiness()[1]
    assert not bench.submit(submit()).accepted
    bench.error(-1, 1102)
    bench.answer_snapshot()
    assert state(bench) == "READY"


def test_a_server_that_is_back_while_the_accounts_are_wrong_is_back():
    bench = Bench()
    bench.error(-1, 1100)
    bench.receive(managed_accounts(LIVE))
    bench.error(-1, 1102)
    assert state(bench) == "REFUSED"
    bench.receive(managed_accounts(ACCOUNT))
    assert state(bench) == "SYNCHRONISING"
    bench.answer_snapshot()
    assert state(bench) == "READY"


def test_an_account_that_joins_a_login_is_read_before_orders_go():
    bench = Bench()
    bench.receive(managed_accounts(ACCOUNT, OTHER_ACCOUNT))
    assert state(bench) == "SYNCHRONISING"
    assert not bench.submit(submit(account=OTHER_ACCOUNT)).accepted
    bench.answer_snapshot()
    assert state(bench) == "READY"
    up = [one for one in bench.journal if isinstance(one, ConnectionUp)][-1]
    assert set(up.accounts) == {ACCOUNT, OTHER_ACCOUNT}


def test_accounts_that_are_repeated_in_another_order_are_no_news():
    bench = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    bench.receive(managed_accounts(OTHER_ACCOUNT, ACCOUNT))
    assert state(bench) == "READY"


@pytest.mark.parametrize("nobody", ["", ",", ",,,"])
def test_a_login_of_no_account_is_not_read(nobody: str):
    """READY would promise orders that are all denied, for none is of an account of the login."""
    bench = Bench()
    bench.receive(["15", "1", nobody])
    assert "no account" in bench.gateway.complaints[0][0]
    assert bench.broker.accounts == (ACCOUNT,)
    assert bench.submit(submit()).accepted


def test_an_account_that_is_named_twice_is_one():
    """So what names none is the only one's."""
    bench = Bench()
    bench.receive(managed_accounts(ACCOUNT, ACCOUNT))
    assert bench.broker.accounts == (ACCOUNT,)


@pytest.mark.parametrize("storm", [
    [messages.error(157, -1, 1102, "back")],
    [messages.error(157, -1, 1100, "gone"), messages.error(157, -1, 1101, "back")],
    [managed_accounts(LIVE), managed_accounts(ACCOUNT)],
    [managed_accounts(ACCOUNT), managed_accounts(ACCOUNT, OTHER_ACCOUNT)],
])  # fmt: skip
def test_a_storm_ends_ready_and_asks_for_little(storm: list[list[str]]):
    bench = Bench()
    bench.receive(*(fields for _ in range(3000) for fields in storm))
    assert bench.broker.waiting < 100
    for _ in range(40):
        bench.pass_s(1)
        bench.answer_snapshot()
    assert state(bench) == "READY"


def test_a_flapping_server_does_not_fill_the_journal():
    bench = Bench()
    ups = len(bench.journal)
    for _ in range(300):
        bench.error(-1, 1100)
        bench.error(-1, 1102)
        bench.answer_snapshot()
        bench.pass_s(0.1)
    found = [e for e in bench.journal[ups:] if isinstance(e, ConnectionUp)]
    assert len(found) <= 30


def test_nothing_that_waits_is_written_to_a_login_that_is_refused():
    bench = Bench()
    bench.hangs = True
    for _ in range(2):
        bench.pass_s(1)
        bench.flush()
    bench.cancel_all()
    bench.flush()
    bench.receive(managed_accounts(LIVE), messages.current_time(bench.now.wall_ns))
    assert bench.flush() == []
    bench.receive(managed_accounts(ACCOUNT))
    assert "58" in kinds(bench.flush())


@pytest.mark.parametrize("proposed", [899_999_999, 900_000_000, 985_000_001, 1_000_000_000])
def test_no_order_gets_the_id_of_a_question(proposed: int):
    bench = Bench(connect=False)
    bench.connect(proposed)
    bench.answer_snapshot()
    bench.flush()
    bench.send(submit())
    assert bench.placed() == ["1500000000"]
    bench.error(proposed, 321, "Error validating request")
    assert bench.state() == "INTENDED"


@pytest.mark.parametrize("proposed", [899_999_998, 1_760_000_000])
def test_any_other_id_that_tws_proposes_is_taken(proposed: int):
    bench = Bench(connect=False)
    bench.connect(proposed)
    bench.answer_snapshot()
    bench.flush()
    bench.send(submit())
    assert bench.placed() == [str(proposed)]
