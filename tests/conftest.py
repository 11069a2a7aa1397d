"""Fixtures of all tests: a run directory, and a whole group of real processes in it."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
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


def pytest_configure(config: pytest.Config) -> None:
    """Whatever ends these tests ends all that they have started."""
    config.stash[WARDEN] = warden.watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing outlives the tests; where all was ended in order, there is nothing to end."""
    config.stash[WARDEN].communicate()


@pytest.fixture
def run_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run directory with a short path, since a socket's name has 107 bytes, and a free port."""
    path = Path(tempfile.mkdtemp(prefix="tw-"))
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(ROOT / "tapewire.toml"))
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(path))
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(free_port()))
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__RATE_PER_S", "600")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def running(run_dir: Path) -> Iterator[Running]:
    """The default group on a busy market; ended, whatever the test did."""
    group = Group(configuration.load())
    group.up()
    try:
        yield Running(group)
    finally:
        if group.is_up():
            group.down()
