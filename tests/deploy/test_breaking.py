"""A group that runs is broken while a Prometheus scrapes it: the alert for that fires, and is over
once the group is well again. What no test here breaks, promtool does in `test_alerts.py`."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tests.deploy.prometheus import Prometheus, needs_prometheus, prometheus
from tests.deploy.test_dashboards import ALERTS, expressions
from tests.pipeline.running import Running
from tests.places import ROOT, free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.soak, needs_prometheus]

STRATEGY = "strategy-momentum-fast"
FIRES_S = 120
"""Longer than any `for` of an alert, and than a tick is young."""
SETTINGS = {
    "CONFIG": str(ROOT / "tapewire.toml"),
    "SIMULATOR__RATE_PER_S": "600",
    "BUS__MESSAGES_MAX": "500",  # so that whoever stops for some seconds misses ticks
    "WEB__ENABLED": "true",
}


class Watched(NamedTuple):
    """A group, and the Prometheus that scrapes it."""

    running: Running
    scraping: Prometheus

    def fires(self, alert: str) -> None:
        wait_for(lambda: alert in self.scraping.firing(), f"{alert} to fire", FIRES_S)

    def is_over(self, *alerts: str) -> None:
        wait_for(lambda: not self.scraping.firing() & {*alerts}, f"{alerts} to be over", FIRES_S)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A process that is there and does nothing."""
        pid = self.running.pids()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder, files = Path(tempfile.mkdtemp(prefix="tw-")), tmp_path_factory.mktemp("prometheus")
    rules = files / "alerts.yml"  # a counter is looked back at for as long as a test can wait
    rules.write_text(re.sub(r"\b5m\]|offset 5m\b", lambda m: m[0].replace("5m", "20s"),
                            ALERTS.read_text()))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        ports = {"TWS__PORT": str(free_port()), "WEB__PORT": str(free_port())}
        for name, value in {**SETTINGS, **ports, "RUN_DIR": str(folder)}.items():
            patch.setenv(f"TAPEWIRE_{name}", value)
        group = Group(configuration.load())
        group.up()
        try:
            running = Running(group)
            running.until_fills(1)
            with prometheus(files, folder / "targets", rules) as scraping:
                yield Watched(running, scraping)
        finally:
            group.down()
    shutil.rmtree(folder)


def test_each_panel_has_data_in_a_group_with_a_console(watched: Watched) -> None:
    missing = dict(expressions())

    def found_all() -> bool:
        for title, expression in list(missing.items()):
            if watched.scraping.query(expression):
                del missing[title]
        return not missing

    wait_for(found_all, f"data for {sorted(missing)}", 60)


def test_a_halt_fires_and_a_resume_ends_it(watched: Watched) -> None:
    assert control.ask(watched.running.group.config, "halt", "for the alert").ok
    watched.fires("Halted")
    assert control.ask(watched.running.group.config, "resume", "seen").ok
    watched.is_over("Halted")


def test_a_silent_process_is_down_and_has_lost_ticks_when_it_goes_on(watched: Watched) -> None:
    with watched.stopped(STRATEGY):
        watched.fires("ProcessDown")
        assert "TicksLost" not in watched.scraping.firing()
    watched.fires("TicksLost")
    watched.is_over("ProcessDown", "TicksLost")


def test_a_tws_that_hangs_is_gone_and_its_ticks_grow_old(watched: Watched) -> None:
    with watched.stopped(roles.SIMULATOR):
        watched.fires("TwsGone")
        assert "TicksOld" not in watched.scraping.firing()
        watched.fires("TicksOld")
    watched.is_over("TwsGone", "TicksOld")
