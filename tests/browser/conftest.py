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
from tapewire.console.records.books import all_broker_books
from tapewire.console.views.figures import trading_faults
from tests.pipeline.running import Running
from tests.places import ROOT, free_port

CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
LIVE: Final = "#link.good"
SIZE: Final = {"width": 1300, "height": 850}
AS_OPENED: Final = """() => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  document.getElementById("said").replaceChildren();
  document.querySelector("nav button").click();
}"""
TIMEOUT_MS: Final = 20_000
READY_S: Final = 90


class Desk:
    """A group that runs, its console, and a page of the browser for each role that is asked for."""

    def __init__(self, running: Running, port: int, browser: Any) -> None:
        self.running = running
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.browser = browser
        self.faults: list[str] = []
        self._pages: dict[str, Any] = {}
        self._is_compared = False

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

    def page(self, role: str, address: str = "") -> Any:
        """The page of somebody with this role, live and at the desk. The tests share it: to open
        one takes longer than most of what they do. The first who asks may bring the address."""
        if role not in self._pages:
            self._pages[role] = self._opened(address or self.login(role))
        page = self._pages[role]
        page.bring_to_front()
        page.wait_for_selector(LIVE)
        page.evaluate(AS_OPENED)
        page.wait_for_selector('nav button[aria-current="page"]:has-text("Desk")')
        return page

    def compare(self) -> None:
        """What the journals have is what the books have that the simulator wrote when it ended.
        Once only: the one that starts after it has an empty account."""
        if not self._is_compared:
            self._is_compared = True
            books = all_broker_books(self.running.run_dir)
            assert trading_faults(self.running.traded(), books) == []

    def _opened(self, address: str) -> Any:
        """The page that an address leads to, once it is live; whatever it complains about fails the
        test."""
        context = self.browser.new_context(viewport=SIZE, color_scheme="dark")
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
def shared_desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
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
            browser = request.getfixturevalue("browser")  # it starts while the group does
            assert group.wait_ready(READY_S) == {}
            made = Desk(Running(group), port, browser)
            yield made
        finally:
            group.down()
    made.compare()
    shutil.rmtree(folder)


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """The desk, READY and without a halt, whatever the test before has left."""
    if shared_desk.running.status("risk").get("halts"):
        shared_desk.tapewire("resume", "--reason", "the test before is over")
    shared_desk.running.until_ready()
    yield shared_desk
    faults = [*shared_desk.faults]
    shared_desk.faults.clear()  # each is of one test
    assert faults == []
