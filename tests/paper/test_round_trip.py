"""What `make test-paper` does, tried on the simulator."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config.settings import Config
from tapewire.gateway.orders.waits import Waits
from tapewire.testing import SimulatedTws
from tests.paper import round_trip as trip
from tests.paper import test_paper_account
from tests.paper.test_paper_account import SWITCH
from tests.places import ROOT

CANCEL_ALL = "58"
SAID = (
    "account DU***: equity ", "0 positions, 0 open orders", "AAPL: ", "placed paper-test-",
    "cancelled paper-test-", "logged in again", "nothing is left of paper-test-",
)  # fmt: skip


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def tws(request: pytest.FixtureRequest, audit: Path) -> Iterator[SimulatedTws]:
    account = getattr(request, "param", "DU1234567")
    options = [f"--accounts={account}", f"--audit={audit}"]
    with SimulatedTws(symbols="AAPL", options=options) as found:
        yield found


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("ANSWER_S", 3.0), ("LOGIN_S", 4.0), ("SETTLE_S", 0.7)):
        monkeypatch.setattr(trip, name, seconds)


def config_of(tws: SimulatedTws, **more: object) -> Config:
    return Config(tws={"host": "127.0.0.1", "port": tws.port, "client_id": 31}, **more)


def orders(audit: Path) -> list[dict[str, object]]:
    lines = map(json.loads, audit.read_text().splitlines())
    return [one for one in lines if one["kind"] == "order" and one["event"] == "placed"]


def requests(audit: Path) -> set[str]:
    lines = map(json.loads, audit.read_text().splitlines())
    return {one["fields"][0] for one in lines if one["kind"] == "message_in"}


def books(tws: SimulatedTws, audit: Path) -> dict[str, object]:
    tws.stop()
    return json.loads(audit.read_text().splitlines()[-1])


def test_the_marked_test_runs_where_it_is_switched_on(tws, audit):
    environment = os.environ | {
        SWITCH: "1", "TAPEWIRE_TWS__PORT": str(tws.port), "TAPEWIRE_TWS__CLIENT_ID": "31",
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-m", "paper", "tests/paper"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [text for text in SAID if text not in done.stdout] == []
    (order,) = orders(audit)
    assert (order["side"], order["quantity"], order["limit"]) == ("BUY", "1", "1")
    ended = books(tws, audit)
    assert (ended["orders_open"], ended["executions"]) == (0, 0)
    assert CANCEL_ALL not in requests(audit)


def test_it_is_off_unless_it_is_switched_on(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    with pytest.raises(pytest.skip.Exception, match="set TAPEWIRE_PAPER=1"):
        test_paper_account.test_an_order_goes_to_the_paper_account_and_comes_back(monkeypatch)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"mode": "live", "live_account": "U1234567"}, 'mode is "live"; it must be "paper"'),
        ({"tws": {"port": 7496}}, "tws.port is 7496, that of a live TWS"),
        ({"tws": {"port": 4001}}, "tws.port is 4001, that of a live IB Gateway"),
    ],
)
def test_what_is_not_meant_for_paper_is_refused_before_a_connection(settings, sentence):
    with pytest.raises(trip.RefusedError, match=f"{sentence}.*No order was sent"):
        trip.round_trip(Config(**settings), print)


@pytest.mark.parametrize("tws", ["DU1234567,U1234567"], indirect=True)
def test_a_login_with_a_live_account_is_refused_and_sent_nothing(tws, audit):
    with pytest.raises(trip.RefusedError, match="is not a paper account"):
        trip.round_trip(config_of(tws), print)
    assert requests(audit) <= {"71", "49"}


def test_an_order_that_is_rejected_fails_with_its_reason_and_nothing_is_left(tws, audit):
    tws.inject("rejected", on_order=1, text="margin")
    with pytest.raises(trip.FailedError, match=r"it is REJECTED.*margin.*nothing is left of it"):
        trip.round_trip(config_of(tws), print)
    assert books(tws, audit)["orders_open"] == 0


def test_an_order_whose_cancel_is_refused_is_cancelled_after_another_login(tws, audit):
    tws.inject("cancel_not_found")
    with pytest.raises(trip.FailedError, match=r"it is ACCEPTED, not CANCELLED.*does not work any"):
        trip.round_trip(config_of(tws), print)
    ended = books(tws, audit)
    assert (ended["orders_open"], ended["executions"]) == (0, 0)
    assert CANCEL_ALL not in requests(audit)


def test_what_is_interrupted_leaves_nothing(tws, audit):
    def interrupts(said: str) -> None:
        if said.startswith("placed"):
            raise KeyboardInterrupt

    with pytest.raises(trip.FailedError, match=r"KeyboardInterrupt.*It does not work any more"):
        trip.round_trip(config_of(tws), interrupts)
    assert books(tws, audit)["orders_open"] == 0


def test_an_order_of_a_person_is_left_alone(tws, audit):
    tws.inject("hand_entered", symbol="AAPL", limit=1)
    trip.round_trip(config_of(tws), print)
    assert books(tws, audit)["orders_open"] == 1


def test_a_tws_that_does_not_list_its_orders_proves_nothing(tws, monkeypatch):
    monkeypatch.setattr(trip, "WAITS", Waits(open_orders_ms=500, request_timeout_ms=300))

    def lists_nothing(said: str) -> None:
        if said.startswith("cancelled"):
            tws.inject("missing_end", message="openOrderEnd", times=2)

    with pytest.raises(trip.FailedError, match="did not list all of its orders: look for it there"):
        trip.round_trip(config_of(tws), lists_nothing)


def test_an_order_that_cannot_be_cancelled_is_named(tws, monkeypatch):
    def loses_tws(said: str) -> None:
        if said.startswith("placed"):
            tws.stop()
            for name in ("ANSWER_S", "LOGIN_S"):
                monkeypatch.setattr(trip, name, 0.3)

    named = r"order paper-test-\d+ in account DU\*\*\*.*not known whether it works.*Look for it"
    with pytest.raises(trip.FailedError, match=named):
        trip.round_trip(config_of(tws), loses_tws)
