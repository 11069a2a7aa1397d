"""One group with its web console, and a Chromium of the system's that looks at it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running
from tests.places import ROOT, free_port

CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
LIVE: Final = "#link.good"
TIMEOUT_MS: Final = 20_000
READY_S: Final = 90


class Desk:
    """A group that runs, its console, and the browser."""

    def __init__(self, running: Running, port: int, browser: Any) -> None:
        self.running = running
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.browser = browser
        self.faults: list[str] = []

    def token(self, role: str) -> str:
        return (self.running.run_dir / "tokens" / f"web.{role}").read_text()

    def login(self, role: str) -> str:
        """An address that logs in once, as `tapewire web` asks for it."""
        headers = {
            "Authorization": f"Bearer {self.token(role)}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(f"{self.url}/api/codes", b"{}", headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return f"{self.url}/login#{json.load(answer)['code']}"

    def tapewire(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tapewire.console.cli", *arguments],
            capture_output=True, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def page(self, role: str, width: int = 1300, height: int = 850, **more: Any) -> Any:
        """A page that is logged in and live; whatever it complains about fails the test."""
        return self.opened(self.login(role), width, height, **more)

    def opened(self, address: str, width: int = 1300, height: int = 850, **more: Any) -> Any:
        """The page that an address leads to, once it is live."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, **more)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._said)
        page.goto(address)
        page.wait_for_selector(LIVE)
        return page

    def _said(self, message: Any) -> None:
        lost = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE")
        if message.type == "error" and not any(one in message.text for one in lost):
            self.faults.append(message.text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert named, "no Chromium; on Debian: apt-get install chromium, or set CHROMIUM to its path"
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=named, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[Running, int]]:
    """The default group on a busy market, with a console on a free port."""
    folder, port = Path(tempfile.mkdtemp(prefix="tw-")), free_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CONFIG": str(ROOT / "tapewire.toml"),
            "RUN_DIR": str(folder),
            "TWS__PORT": str(free_port()),
            "SIMULATOR__RATE_PER_S": "600",
            "WEB__ENABLED": "true",
            "WEB__PORT": str(port),
            "WEB__NAME": "desk",
        }.items():
            patch.setenv(f"TAPEWIRE_{name}", value)
        group = Group(configuration.load())
        group.up()
        try:
            assert group.wait_ready(READY_S) == {}
            one = Running(group)
            one.until_fills(3)
            yield one, port
        finally:
            faults = one.faults_at_the_end()
    shutil.rmtree(folder)
    assert faults == []


@pytest.fixture
def desk(running: tuple[Running, int], browser: Any) -> Iterator[Desk]:
    made = Desk(*running, browser)
    if running[0].status("risk").get("halts"):
        made.tapewire("resume", "--reason", "the test before is over")
    made.running.until_ready()
    yield made
    for context in browser.contexts:
        context.close()
    assert made.faults == []
