"""A gateway process alone with a TWS: what shows at its login, or within the daily restart."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tapewire.common import roles
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.events import ConnectionLost
from tapewire.console.doctor.probe import Probe
from tapewire.console.records import books
from tapewire.testing import SimulatedTws
from tests.places import ROOT
from tests.waiting import wait_for

QUICK = {
    "TAPEWIRE_TWS__RECONNECT_MS": "100",
    "TAPEWIRE_TWS__RECONNECT_MAX_MS": "200",
    "TAPEWIRE_TWS__SETTLE_MS": "0",
    "TAPEWIRE_INSTRUMENTS": '[{"symbol": "AAPL"}]',
    "TAPEWIRE_STRATEGIES": "[]",
    "TAPEWIRE_SIMULATOR__ENABLED": "false",
}
START_API, CURRENT_TIME = "71", "49"


class Alone:
    """A gateway that runs, its status and its log."""

    def __init__(self, run_dir: Path, log: Path) -> None:
        self.run_dir = run_dir
        self._log = log

    def status(self) -> dict[str, Any]:
        path = self.run_dir / "status" / "gateway.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def reason(self) -> str:
        return str(self.status().get("reason", ""))

    def log(self) -> str:
        return self._log.read_text()

    def until_ready(self) -> None:
        wait_for(lambda: self.status().get("state") == "READY", "READY", 20)


@contextmanager
def a_gateway(run_dir: Path, tws: SimulatedTws, **settings: str) -> Iterator[Alone]:
    log = run_dir / "gateway.out"
    environment = {**os.environ, **QUICK, "TAPEWIRE_TWS__PORT": str(tws.port), **settings}
    command = [sys.executable, "-m", "tapewire.gateway"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=output)
    try:
        yield Alone(run_dir, log)
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_a_login_with_a_live_account_is_refused_in_a_sentence_and_asked_for_nothing(run_dir):
    audit = run_dir / "audit.jsonl"
    with (
        SimulatedTws(options=["--accounts=U1234567", f"--audit={audit}"]) as tws,
        a_gateway(run_dir, tws) as gateway,
    ):
        wait_for(lambda: "is not a paper account" in gateway.reason(), "the refusal", 20)
        refused = 'mode is "paper", but TWS is logged in to U***, which is not a paper account'
        assert refused in gateway.reason()
        assert gateway.status()["state"] == "WAITING"
    assert gateway.log().count("is not a paper account") == 1
    lines = map(json.loads, audit.read_text().splitlines())
    asked = {one["fields"][0] for one in lines if one["kind"] == "message_in"}
    assert asked <= {START_API, CURRENT_TIME}


def test_a_client_id_that_is_taken_at_the_start_is_reported_once_and_tried_until_it_is_free(
    run_dir,
):
    audit = run_dir / "audit.jsonl"
    with (
        SimulatedTws(options=[f"--audit={audit}"]) as tws,
        Probe(TwsAddress("127.0.0.1", tws.port, ""), client_id=1) as other,
    ):
        assert other.connect(10)
        assert other.start(10)
        with a_gateway(run_dir, tws) as gateway:
            wait_for(lambda: audit.read_text().count('"326"') >= 3, "three attempts", 20)
            assert "is in use (326)" in gateway.reason()
            other.__exit__()
            gateway.until_ready()
    assert gateway.log().count("is in use (326)") == 1


def test_the_daily_restart_is_no_alarm(run_dir):
    now = datetime.now(UTC)
    at = f"{now:%H:%M} UTC"
    with SimulatedTws() as tws, a_gateway(run_dir, tws, TAPEWIRE_TWS__DAILY_RESTART=at) as gateway:
        gateway.until_ready()
        tws.inject("restart", seconds=0.5)
        wait_for(lambda: gateway.status()["connection"]["state"] == "RESTARTING", "the loss")
        gateway.until_ready()
    lost = books.read_journal(run_dir, roles.GATEWAY)
    assert [e.expected for e in lost if isinstance(e, ConnectionLost)] == [True]
    assert "dead letter" not in gateway.log()
