"""The group of processes: its start and end, through supervisord."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from common.config import Config
from common.endpoints import prepare_run_dir

HOME: Final = Path(__file__).resolve().parent.parent
CORE: Final = ("gateway", "way-out", "risk", "executor")
START_TIMEOUT_S: Final = 15
STOP_TIMEOUT_S: Final = 30
STAGE_TIMEOUT_S: Final = 5
RUNNING: Final = ("STARTING", "RUNNING", "STOPPING", "BACKOFF")

_SECTION: Final = """\
[program:{name}]
command = %(ENV_GROUP_PYTHON)s -m {module}
priority = {priority}
autostart = {autostart}
startsecs = 1
startretries = 20
autorestart = unexpected
exitcodes = 0,2,3
stopwaitsecs = 4
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = %(ENV_GROUP_RUN_DIR)s/logs/{name}.log
"""


class GroupError(RuntimeError):
    """The group could not be started, reached or stopped; says what to look at."""


class Group:
    """One group: all processes of a run directory."""

    def __init__(self, config: Config, environment: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.run_dir = prepare_run_dir(config.run_dir)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            **(environment or {}),
            "TAPEWIRE_RUN_DIR": str(self.run_dir),
            "GROUP_RUN_DIR": str(self.run_dir),
            "GROUP_HOME": str(HOME),
            "GROUP_PYTHON": sys.executable,
        }

    @property
    def socket(self) -> Path:
        """Where supervisord listens."""
        return self.run_dir / "supervisor.sock"

    def names(self) -> list[str]:
        """All its processes, in the order of starting."""
        simulator = ["simulator"] if self.config.simulator.enabled else []
        return [*simulator, *CORE, *(f"strategy-{s.name}" for s in self.config.strategies)]

    def up(self) -> None:
        """Start supervisord and with it the group; returns once it answers."""
        if self.is_up():
            raise GroupError(f"a group runs in {self.run_dir} already; `tapewire down` ends it")
        self._write_programs()
        if self.config.simulator.enabled:
            self._put_away_simulated()
        for stale in (self.run_dir / "status").glob("*.json"):
            stale.unlink()
        log = (self.run_dir / "logs" / "supervisord.out").open("ab")
        with log:
            process = self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", HOME / "supervisord.conf"],
                env=self._environment,
                cwd=HOME,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the console, which then stops it in order
            )
        answers = wait_for(lambda: self.is_up() or process.poll() is not None, START_TIMEOUT_S)
        if not answers or process.poll() is not None:
            raise GroupError(f"supervisord did not start; see {log.name}")

    def down(self) -> None:
        """Stop all, strategies first; returns when nothing is left of them."""
        if not self.is_up():
            raise GroupError(f"no group runs in {self.run_dir}; `tapewire up` starts one")
        pid = int(self.call("getPID"))
        for stage in self._stages():
            for name in stage:
                with contextlib.suppress(GroupError):  # it is not running: so much the better
                    self.call("stopProcess", name, False)
            wait_for(lambda stage=stage: self._stopped(stage), STAGE_TIMEOUT_S)  # type: ignore[misc]
        self.call("shutdown")
        if not wait_for(lambda: not self._alive(pid), STOP_TIMEOUT_S):
            raise GroupError(f"supervisord (process {pid}) did not end in {STOP_TIMEOUT_S} s")
        self._sweep()

    def _stages(self) -> list[list[str]]:
        """Who stops after whom: those that ask before those that are asked."""
        names = set(self.processes())
        strategies = sorted(n for n in names if n.startswith("strategy-"))
        order = [strategies, ["executor"], ["risk"], ["gateway", "way-out"], ["simulator"]]
        return [[n for n in stage if n in names] for stage in order]

    def _stopped(self, names: list[str]) -> bool:
        processes = self.processes()
        return all(processes[n]["statename"] not in RUNNING for n in names)

    def _alive(self, pid: int) -> bool:
        if self._supervisor is not None:
            return self._supervisor.poll() is None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def is_up(self) -> bool:
        """Whether supervisord answers."""
        if not self.socket.exists():
            return False
        try:
            return bool(self.call("getState")["statename"] in ("RUNNING", "RESTARTING"))
        except (OSError, GroupError):
            return False

    def processes(self) -> dict[str, dict[str, Any]]:
        """Supervisord's view: name to `statename`, `pid`, `start` and so on."""
        return {p["name"]: p for p in self.call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        """Start one process that is not running."""
        self.call("startProcess", name, False)

    def call(self, method: str, *arguments: Any) -> Any:
        """One call of supervisord's own interface."""
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with ServerProxy("http://127.0.0.1", transport=transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except Fault as fault:
                raise GroupError(f"supervisord: {fault.faultString} ({method})") from fault

    def _write_programs(self) -> None:
        folder = self.run_dir / "programs"
        for old in folder.glob("*.conf"):
            old.unlink()
        simulator = self.config.simulator
        if simulator.enabled:
            _write(folder, "simulator", "simulator --member", 50, simulator.autostart)
        for strategy in self.config.strategies:
            _write(folder, f"strategy-{strategy.name}", f"strategy {strategy.name}", 500)

    def _put_away_simulated(self) -> None:
        """The simulator's account starts anew with every group: so do the journals about it.

        The old ones are kept in `ended/`. Risk's stays where it is: a halt outlives the group.
        """
        journals = self.run_dir / "journals"
        old = [p for n in ("gateway", "way-out", "executor") for p in journals.glob(f"{n}.sqlite*")]
        if not old:
            return
        ended = self.run_dir / "ended" / time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        ended.mkdir(mode=0o700, parents=True)
        for path in [*old, *self.run_dir.glob("audit.jsonl")]:
            path.rename(ended / path.name)

    def _sweep(self) -> None:
        """Take away the files of sockets and locks: nothing holds them any more."""
        for path in [*self.run_dir.iterdir(), *(self.run_dir / "locks").iterdir()]:
            if path.is_socket() or path.suffix in (".lock", ".pid"):
                path.unlink(missing_ok=True)


def wait_for(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Poll `condition` until it holds; False if it does not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def _write(folder: Path, name: str, module: str, priority: int, autostart: bool = True) -> None:
    section = _SECTION.format(
        name=name, module=module, priority=priority, autostart=str(autostart).lower()
    )
    (folder / f"{name}.conf").write_text(section)
