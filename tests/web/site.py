"""A console over a group that does not run, for tests: its journals are there, nobody answers."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tapewire.common.clock import Now
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig, WebConfig
from tapewire.console.model.reading import Reading
from tapewire.web.app import application
from tapewire.web.console import Console
from tapewire.web.desk import Desk
from tapewire.web.guard import Guard
from tapewire.web.hub import Hub
from tapewire.web.sessions import Sessions
from tests.console import journaled
from tests.console.journaled import EVENTS, MS, T0

PORT = 8420
ORIGIN = f"http://127.0.0.1:{PORT}"
TOKENS = {"viewer": b"v" * 32, "trader": b"t" * 32, "admin": b"a" * 32}
READY = {"state": "READY", "reason": "", "ended": "", "age_s": 0, "pid": 1}
STATUSES = {
    "risk": {
        **READY, "trading": "ACTIVE", "halted_ns": 0, "flatten": "", "held": [], "halts": [],
        "earned": {}, "positions": [], "headroom": [],
    },
    "gateway": {**READY, "accounts": ["DU1"], "account_values": []},
    "strategy-dip": {**READY, "signals": 1},
}  # fmt: skip


class StoppedClock:
    """Tells the time that it is set to."""

    def __init__(self) -> None:
        self.at = Now(T0 + 10_000 * MS, 10_000 * MS)

    def now(self) -> Now:
        return self.at

    def now_ns(self) -> int:
        return self.at.wall_ns

    def mono_ns(self) -> int:
        return self.at.mono_ns

    def pass_s(self, seconds: float) -> None:
        self.at += int(seconds * 1e9)


class Site:
    """The console, and clients of it. It shows the group under the names `also` too."""

    def __init__(self, run_dir: Path, also: Sequence[str] = ()) -> None:
        run_dir.mkdir(mode=0o700, exist_ok=True)
        for source, events in EVENTS.items():
            (run_dir / "journals").mkdir(exist_ok=True)
            journaled.write(run_dir, source, events)
        self.config = Config(
            run_dir=run_dir,
            instruments=(InstrumentConfig(symbol="AAPL"), InstrumentConfig(symbol="ESZ6")),
            strategies=(StrategyConfig(name="dip", strategy="a:B"),),
        )
        self.clock = StoppedClock()
        self.hub = Hub(2)
        self.reading = Reading("desk", self.config)
        self.reading.look(self.clock.at)
        self.reading.model.on_statuses(STATUSES, list(STATUSES), self.clock.at)
        self.publish()
        numbers = iter(range(10_000))
        new: Callable[[], str] = lambda: f"secret-{next(numbers)}"  # noqa: E731
        self.sessions = Sessions(run_dir / "web" / "sessions.json", TOKENS, new)  # type: ignore[arg-type]
        desk = Desk(self.reading, partial(self.hub.tables, "desk"), nullcontext)
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.console = Console(
            Guard(WebConfig(), PORT), self.sessions, self.hub, dict.fromkeys(("desk", *also), desk),
            self.clock, lambda word, **more: self.said.append((word, more)),
        )  # fmt: skip
        self.app = application(self.console)

    def publish(self) -> None:
        tables = self.reading.model.tables(self.clock.at)
        self.hub.publish("desk", tables, self.clock.at)

    def program(self, role: str) -> TestClient:
        """A program with the token of a role."""
        client = self.anybody()
        client.headers["authorization"] = f"Bearer {TOKENS[role].decode()}"  # type: ignore[index]
        return client

    def browser(self, role: str) -> TestClient:
        """A browser that is logged in."""
        client = self.anybody()
        client.headers["origin"] = ORIGIN
        token = TOKENS[role].decode()  # type: ignore[index]
        assert client.post("/api/session", json={"token": token}).status_code == 200
        return client

    def anybody(self) -> TestClient:
        return TestClient(self.app, base_url=ORIGIN)
