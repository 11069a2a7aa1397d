"""A simulator that is stopped and continued, as a machine that hangs is: with real sockets."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.events import SubmitOrder
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.tws.reconnect import Reconnect
from tests.gateway.gateway_here import GatewayHere
from tests.gateway.tws_bench import submit
from tests.gateway.tws_messages import AAPL
from tests.places import ROOT

MS = 1_000_000
TIMEOUT_S = 20
ACCOUNT = "DU1234567"


class Running(GatewayHere):
    """A gateway in this process, and a simulator in one of its own that can be stopped."""

    def __init__(self, audit: Path) -> None:
        self._audit = audit
        command = [sys.executable, "-m", "tapewire.simulator", "--port", "0", "--audit", str(audit)]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.simulator.stdout is not None
        port = int(self.simulator.stdout.readline().rsplit(":", 1)[1])
        super().__init__(
            TwsAddress("127.0.0.1", port, ""), [AAPL], Waits(settle_ms=0), Reconnect("", 50, 50),
            client_id=1, probe_after_ms=150, hang_up_after_ms=60_000,
        )  # fmt: skip

    def until(self, condition: Callable[[], object], what: str) -> None:
        assert self.waited_for(condition, TIMEOUT_S), f"{what} in vain: {self.readiness()}"

    def until_ready(self) -> None:
        self.until(lambda: self.readiness()[0] == "READY", "READY")

    def until_held(self) -> None:
        self.until(lambda: self.gateway.broker.held(self.clock.now()), "a line in doubt")

    def order(self, intent_id: str, lives_ms: int) -> SubmitOrder:
        now_ns = self.clock.now().wall_ns
        order = submit(
            intent_id, limit="1", account=ACCOUNT, ts_ns=now_ns, expires_ns=now_ns + lives_ms * MS
        )
        answer = self.obey(order)
        assert answer.accepted, answer
        return order

    def state(self, intent_id: str) -> str:
        return self.gateway.orders[intent_id].state

    def placed(self) -> list[str]:
        """The references of the orders that the simulator read."""
        lines: list[dict[str, Any]] = [json.loads(x) for x in self._audit.read_text().splitlines()]
        read = [x["fields"] for x in lines if x["kind"] == "message_in"]
        orders = [fields for fields in read if fields[0] == "3"]
        return [f for fields in orders for f in fields if f.startswith("s-")]

    def close(self) -> None:
        self.simulator.send_signal(signal.SIGCONT)
        self.simulator.terminate()
        self.simulator.wait(10)
        assert self.simulator.stdout is not None
        self.simulator.stdout.close()
        super().close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path / "audit.jsonl")
    try:
        one.until_ready()
        yield one
    finally:
        one.close()


def test_what_expired_while_tws_was_stopped_is_never_written_and_the_rest_goes(running: Running):
    os.kill(running.simulator.pid, signal.SIGSTOP)
    running.until_held()
    running.order("s-short", 100)
    running.order("s-long", 60_000)
    running.until(lambda: running.state("s-short") == "DENIED", "the denial")
    assert running.readiness()[0] == "WAITING"
    os.kill(running.simulator.pid, signal.SIGCONT)
    running.until(lambda: running.state("s-long") == "ACCEPTED", "the order to be accepted")
    running.until_ready()
    assert running.placed() == ["s-long"]
