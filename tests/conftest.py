"""Fixtures of all tests: a run directory, and a whole group of real processes in it."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests import warden
from tests.pipeline.running import Running
from tests.places import ROOT, free_port

# A shell that starts the tests in the background has Ctrl-C ignored, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

WARDEN = pytest.StashKey[subprocess.Popen[bytes]]()
SHARED = "shared"


def pytest_configure(config: pytest.Config) -> None:
    """Whatever ends these tests ends all that they have started; so in each worker of xdist."""
    config.stash[WARDEN] = warden.watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing outlives the tests; where all was ended in order, there is nothing to end."""
    config.stash[WARDEN].communicate()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that share a group run in one worker, so that there is one group."""
    for item in items:
        if SHARED in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(SHARED))


@pytest.fixture
def run_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run directory of the test's own; the environment leads to it."""
    with _folder() as path:
        for name, value in _environment(path).items():
            monkeypatch.setenv(name, value)
        yield path


@pytest.fixture
def running(run_dir: Path) -> Iterator[Running]:
    """The default group on a busy market, to do anything with; ended, whatever the test did."""
    group = Group(configuration.load())
    group.up()
    try:
        yield Running(group)
    finally:
        if group.is_up():
            group.down()


@pytest.fixture(scope="session")
def _shared() -> Iterator[tuple[Running, dict[str, str]]]:
    with _folder() as path:
        environment = _environment(path)
        with pytest.MonkeyPatch.context() as patch:  # no other test's environment leads to it
            for name, value in environment.items():
                patch.setenv(name, value)
            group = Group(configuration.load())
        group.up()
        running = Running(group)
        try:
            yield running, environment
        finally:
            faults = running.faults_at_the_end()
        assert faults == []


@pytest.fixture
def shared(
    _shared: tuple[Running, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """The one group of all tests that leave it as it was: READY, with the same processes. At the
    end of all, its books are compared with the broker's."""
    running, environment = _shared
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    running.until_ready()
    before = running.pids()
    yield running
    running.until_ready()
    assert running.pids() == before


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a short path, since a socket's name has 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tw-"))
    yield path
    shutil.rmtree(path)


def _environment(run_dir: Path) -> dict[str, str]:
    return {
        "TAPEWIRE_CONFIG": str(ROOT / "tapewire.toml"),
        "TAPEWIRE_RUN_DIR": str(run_dir),
        "TAPEWIRE_TWS__PORT": str(free_port()),
        "TAPEWIRE_SIMULATOR__RATE_PER_S": "600",
    }
