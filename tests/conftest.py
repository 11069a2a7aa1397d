"""Fixtures of all tests: a run directory, and a whole group of real processes in it."""

import gc
import importlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests import warden
from tests.model.journals import strange_moves
from tests.pipeline.running import Running
from tests.places import NO_CONSOLE, ROOT, free_port

# A shell that starts the tests in the background has Ctrl-C ignored, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.update(NO_CONSOLE)

# Where a machine forbids bytecode on disk, every process of every test would compile the whole
# package again: a third of what a start costs.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

WARDEN = pytest.StashKey[subprocess.Popen[bytes]]()
SHARED = "shared"
TOGETHER = {  # by file, what its tests share
    "chaos/test_chaos.py": "chaos",
    "deploy/test_breaking.py": "one group that is broken",
    "deploy/test_dashboards.py": SHARED,
    "pipeline/test_bad_messages.py": SHARED,
    "pipeline/test_data.py": SHARED,
    "pipeline/test_prometheus.py": SHARED,
    "pipeline/test_recorder.py": SHARED,
    "pipeline/test_scenarios.py": "one night",
    "pipeline/test_steering.py": SHARED,
    "pipeline/test_wire_examples.py": SHARED,
    "benchmarks/test_contests.py": "figures of the contests",
    "benchmarks/test_latency.py": "latency",
    "benchmarks/test_plot.py": "latency",
    "test_docs_commands.py": "reader of the docs",
    "test_docs_options.py": "helps of modules",
    "test_docs_others.py": "helps of modules",
    "test_docs_strategy.py": "reader of strategies.md",
    "test_layout.py": "trees of the code",
    "test_packaging.py": "wheel",
}


def pytest_configure(config: pytest.Config) -> None:
    """Whatever ends these tests ends all that they have started; so in each worker of xdist."""
    config.stash[WARDEN] = warden.watch()
    config.stash[GROUP] = SharedGroup()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing outlives the tests; where all was ended in order, there is nothing to end."""
    try:
        config.stash[GROUP].end()
    finally:
        config.stash[WARDEN].communicate()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of all tests, each worker first imports a share of its own: it is the worker that rewrites
    their assertions, where no worker has yet. Else all would rewrite all of them, side by side."""
    config = session.config
    worker = getattr(config, "workerinput", None)  # of pytest-xdist; there is none without workers
    if worker is None or [Path(one).resolve() for one in config.args] != [ROOT / "tests"]:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    for file in files[len(files) * number // count : len(files) * (number + 1) // count]:
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        with suppress(
            Exception, pytest.skip.Exception
        ):  # the collection meets it again, and says so
            importlib.import_module(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that share a group run one after the other, so that there is one group."""
    items.sort(key=lambda item: not _shares(item))


def pytest_collection_finish() -> None:
    """What is there now stays to the end: no collection of garbage looks through it again."""
    gc.collect()
    gc.freeze()


class Scheduler(LoadScopeScheduling):
    """Tests that share something costly run in one worker, all others wherever there is room.

    As `--dist loadgroup` would have it; but that of pytest-xdist 3.8 renames tests in a way that
    pytest 9 no longer takes.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].removeprefix("tests/")
        return TOGETHER.get(file, nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduler:
    """Takes the place of every `--dist`."""
    return Scheduler(config, log)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """For a test that has logging configured as a process does."""
    root, own = logging.getLogger(), logging.getLogger("tapewire")
    before = ([*root.handlers], root.level, own.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])  # which also forgets what each logger has found out about levels
    own.setLevel(before[2])


@pytest.fixture(autouse=True)
def _environment_of_its_own() -> Iterator[None]:
    """A command that is run in this process names its configuration to the processes that it
    starts, in the environment: no other test may be led there."""
    before = {name: value for name, value in os.environ.items() if name.startswith("TAPEWIRE_")}
    yield
    for name in [name for name in os.environ if name.startswith("TAPEWIRE_")]:
        if name not in before:
            del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Where the private test data is; tests that need it are skipped without."""
    folder = Path(os.environ.get("TAPEWIRE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}")
    return folder


@pytest.fixture
def run_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run directory of the test's own; the environment leads to it."""
    with _folder() as path:
        for name, value in _environment(path).items():
            monkeypatch.setenv(name, value)
        yield path
        strange = strange_moves(path)
    assert strange == []


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


class SharedGroup:
    """The one group of all tests that leave it as it was; started by the first of them."""

    def __init__(self) -> None:
        self.folder = ExitStack()
        self.environment: dict[str, str] = {}
        self.running: Running | None = None

    def started(self) -> Running:
        if self.running is None:
            self.environment = _environment(self.folder.enter_context(_folder()))
            with pytest.MonkeyPatch.context() as patch:  # no other test's environment leads to it
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                group = Group(configuration.load())
            group.up()
            self.running = Running(group)
        return self.running

    def end(self) -> None:
        """Its books must be the broker's, whatever was done to it."""
        running, self.running = self.running, None
        with self.folder:
            assert running is None or running.faults_at_the_end() == []
            assert running is None or strange_moves(running.run_dir) == []


GROUP = pytest.StashKey[SharedGroup]()


@pytest.fixture
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A group for a test that leaves it as it was: READY, with the same processes."""
    group = request.config.stash[GROUP]
    running = group.started()
    for name, value in group.environment.items():
        monkeypatch.setenv(name, value)
    running.until_ready()
    before = running.pids()
    yield running
    running.until_ready()
    assert running.pids() == before


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last test that shares it, the group has nothing to do but to take CPU time."""
    if _shares(item) and not _shares(nextitem):
        item.config.stash[GROUP].end()


def _shares(item: pytest.Item | None) -> bool:
    return SHARED in getattr(item, "fixturenames", ())


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
        "TAPEWIRE_SIMULATOR__RATE_PER_S": "250",  # each row costs all processes some time
    }
