"""The group of processes: its start, its size and its end, through supervisord."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from tapewire.common.bus.endpoints import SUPERVISOR, prepare_run_dir
from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.config.text import printable
from tapewire.common.errors import TapewireError
from tapewire.console.group import archive as ended
from tapewire.console.group import control, restarts
from tapewire.console.group import launch_config as started
from tapewire.console.group import status as told
from tapewire.console.group.control import NoAnswer
from tapewire.console.group.poll import wait_for
from tapewire.console.views import flattening
from tapewire.console.views.plural import counted
from tapewire.strategy.loading.searching import HOME

CORE: Final = ("gateway", "way-out", "risk", "executor")
START_TIMEOUT_S: Final = 15
STOP_TIMEOUT_S: Final = 30
STAGE_TIMEOUT_S: Final = 5
ENDED: Final = ("EXITED", "FATAL", "BACKOFF")
RUNNING: Final = ("STARTING", "RUNNING", "STOPPING", "BACKOFF")
CANCEL_TIMEOUT_S: Final = 8
FLATTEN_TIMEOUT_S: Final = 30
STATUS_AGE_NS: Final = 600_000_000  # an older status may not know of the last moment's orders
LOOK_S: Final = 0.2  # between looks at all processes, which need the processor themselves then
STRATEGY: Final = "strategy-"

_SECTION: Final = """\
[program:{name}]
command = %(ENV_GROUP_PYTHON)s -P -m tapewire.{module}
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


class GroupError(TapewireError):
    """The group could not be started, reached or stopped; says what to look at."""


class Stopped(NamedTuple):
    """What `down` did about working orders, how many still work at the broker, which positions
    stay open, and whether a flatten is not over. `unknown` says why the broker may know of others
    than those that are counted; empty if it has reported them."""

    on_stop: str
    done: str
    working: int
    open: str = ""
    flattening: bool = False
    unknown: str = ""

    def __str__(self) -> str:
        said = [self._orders(), f"positions stay open: {self.open}" if self.open else ""]
        goes_on = "a flatten is under way: it goes on with the next `tapewire up`"
        return "; ".join(filter(None, [*said, goes_on if self.flattening else ""]))

    def _orders(self) -> str:
        if self.on_stop != "keep":
            return f"{self.done}; {self._working()}"
        one = self.working == 1
        kept = f'; {"it was" if one else "they were"} kept, as executor.on_stop is "keep"'
        return self._working() + (kept if self.working and not self.unknown else "")

    def _working(self) -> str:
        count = counted(self.working, "order")
        if not self.unknown:
            return f"{count} {'works' if self.working == 1 else 'work'} at the broker"
        if not self.working:
            return f"it is not known which orders work at the broker ({self.unknown})"
        return f"{count} may work at the broker, which has not confirmed it ({self.unknown})"


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
            "GROUP_FOLDER": str(Path.cwd()),
            # nothing of a user's can stand in for Tapewire
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(HOME.parent), os.environ.get("PYTHONPATH")])
            ),
            "GROUP_PYTHON": sys.executable,
        }

    @property
    def socket(self) -> Path:
        """Where supervisord listens."""
        return self.run_dir / SUPERVISOR

    def names(self) -> list[str]:
        """All its processes, in the order of starting: those that were made by `up` and since, or
        before the first `up` those that are configured."""
        made = {path.stem for path in (self.run_dir / "programs").glob("*.conf")}
        if not made:
            made = {f"{STRATEGY}{s.name}" for s in self.config.strategies}
            made |= {"simulator"} if self.config.simulator.enabled else set()
        order = [s.name for s in self.config.strategies]

        def place(strategy: str) -> tuple[int, str, int]:
            base, number = self.config.instance(strategy)
            return (order.index(base) if base in order else len(order), base, number)

        strategies = sorted((n.removeprefix(STRATEGY) for n in made - {"simulator"}), key=place)
        simulator = ["simulator"] if "simulator" in made else []
        return [*simulator, *CORE, *(STRATEGY + name for name in strategies)]

    def up(self, say: Callable[[str], None] | None = None) -> None:
        """Start supervisord and with it the group; returns once it answers.

        The simulator's account starts anew with every group, and is nobody's once TWS takes its
        place: then the journals about it are put away. `say` as in `down`.
        """
        if self.is_up():
            raise GroupError(f"a group runs in {self.run_dir} already; `tapewire down` ends it")
        was_simulated = (self.run_dir / "programs" / "simulator.conf").exists()
        if self.config.simulator.enabled or was_simulated:
            moved = ended.put_away(self.run_dir)
            if moved is not None:
                (say or _to_stderr)(ended.sentence(moved))
        self._write_programs()
        started.keep(self.config, self.run_dir)
        for stale in (self.run_dir / "status").glob("*.json"):
            stale.unlink()
        tws_address.withdraw(self.run_dir)  # of a simulator that was killed
        log = (self.run_dir / "logs" / "supervisord.out").open("ab")
        with log:
            process = self._supervisor = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "supervisor.supervisord",
                    "-c",
                    HOME / "supervisord.conf",
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the console, which then stops it in order
            )
        answers = wait_for(lambda: self.is_up() or process.poll() is not None, START_TIMEOUT_S)
        if not answers or process.poll() is not None:
            raise GroupError(f"supervisord did not start; see {log.name}")

    def down(self, say: Callable[[str], None] | None = None) -> Stopped:
        """Stop all, strategies first; returns when nothing is left of them.

        Once the strategies have stopped, it does about working orders what `executor.on_stop`
        says. `say` is told of that in a sentence; without it, that goes to standard error.
        """
        if not self.is_up():
            raise GroupError(f"no group runs in {self.run_dir}; `tapewire up` starts one")
        pid = int(self.call("getPID"))
        strategies, *others = self._stages()
        self.stop(strategies)
        done = self._settle_orders()
        for stage in others:
            self.stop(stage)
        statuses = told.read(self.run_dir)
        stopped = Stopped(
            self.config.executor.on_stop,
            done,
            told.live_orders(statuses),
            self._left_open(statuses),
            flattening.unfinished(self.run_dir) is not None,
            told.unreported(statuses),
        )
        self.call("shutdown")
        if not wait_for(lambda: not self._alive(pid), STOP_TIMEOUT_S):
            raise GroupError(f"supervisord (process {pid}) did not end in {STOP_TIMEOUT_S} s")
        self._sweep()
        (say or _to_stderr)(str(stopped))
        return stopped

    def _left_open(self, statuses: dict[str, told.Status]) -> str:
        left = flattening.holdings(statuses)
        return (
            f"{left} (the simulator forgets them)"
            if left and self.config.simulator.enabled
            else left
        )

    def stop(self, names: Sequence[str]) -> None:
        """Stop processes in this order; returns when they have ended."""
        for name in names:
            with contextlib.suppress(GroupError):  # it is not running: so much the better
                self.call("stopProcess", name, False)
        wait_for(lambda: self._stopped(names), STAGE_TIMEOUT_S)

    def _settle_orders(self) -> str:
        """Do what `executor.on_stop` says; gives what was done. It waits, but not for ever."""
        policy = self.config.executor.on_stop
        if policy == "keep":
            return "nothing was cancelled"
        try:
            if policy == "flatten":
                return self._flatten()
            control.ask(self.config, "cancel_all", "tapewire down")
        except NoAnswer as error:
            return f"nothing was cancelled or closed: {error}"
        asked_ns = time.time_ns()

        def confirmed() -> bool:
            statuses = told.read(self.run_dir)
            return not told.unreported(statuses) and not told.live_orders(statuses)

        if wait_for(lambda: self._told_since(asked_ns) and confirmed(), CANCEL_TIMEOUT_S):
            return "every order of the account was cancelled"
        late = f"within {CANCEL_TIMEOUT_S} s"
        return f"the broker did not confirm {late} that every order of the account was cancelled"

    def _flatten(self) -> str:
        control.ask(self.config, "flatten", "flattened by tapewire down")
        ending = flattening.wait(self.run_dir, FLATTEN_TIMEOUT_S)
        return ending.sentence(told.read(self.run_dir), FLATTEN_TIMEOUT_S)

    def wait_ready(
        self, timeout_s: float, names: Sequence[str] | None = None
    ) -> dict[str, told.State]:
        """Wait until all of `names` (none: of the group) are READY, or only a person can help the
        others: HALTED or BROKEN; gives those that are not READY after at most `timeout_s`."""

        def settled() -> bool:
            states = self.not_ready(names).values()
            return all(state in ("HALTED", "BROKEN") for state, _ in states)

        wait_for(settled, timeout_s, LOOK_S)
        return self.not_ready(names)

    def not_ready(self, names: Sequence[str] | None = None) -> dict[str, told.State]:
        """The processes that are not READY, each with its state and the reason."""
        return told.not_ready(self.statuses(), self.names() if names is None else names)

    def statuses(self) -> dict[str, told.Status]:
        """What all processes say of themselves, and what supervisord says of them: which are
        broken, and how often each was restarted, as `restarts`, and when last, `restarted_ns`."""
        found = told.read(self.run_dir, self.broken())
        if not self.is_up():
            return found
        deaths = restarts.deaths(self.run_dir / "logs" / "supervisord.log")
        for name, process in self.processes().items():
            if deaths[name] and name in found:
                found[name] |= {
                    "restarts": deaths[name],
                    "restarted_ns": process["start"] * 1_000_000_000,
                }
        return found

    def _told_since(self, since_ns: int) -> bool:
        """Whether both gateways and risk have told how things are after `since_ns`."""
        names = ("gateway", "way-out", "risk")
        statuses = told.read(self.run_dir)
        told_ns = (statuses.get(name, {}).get("ts_ns", 0) for name in names)
        return all(ts_ns > since_ns + STATUS_AGE_NS for ts_ns in told_ns)

    def _stages(self) -> list[list[str]]:
        """Who stops after whom: those that ask before those that are asked."""
        names = set(self.processes())
        strategies = sorted(n for n in names if n.startswith(STRATEGY))
        order = [strategies, ["executor"], ["risk"], ["gateway", "way-out"], ["simulator"]]
        return [[n for n in stage if n in names] for stage in order]

    def _stopped(self, names: Sequence[str]) -> bool:
        processes = self.processes()
        return all(processes[n]["statename"] not in RUNNING for n in names)

    def _alive(self, pid: int) -> bool:
        if self._supervisor is not None:
            return self._supervisor.poll() is None
        return told.alive(pid)

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

    def broken(self) -> dict[str, str]:
        """The processes that should be running and are not, each with the last line of its log.

        Also one that is being tried again, if none of its tries has come as far as a status.
        """
        if not self.is_up():
            return {}

        def is_broken(name: str, process: dict[str, Any]) -> bool:
            if process["statename"] == "STARTING" and process["stop"]:
                return not (self.run_dir / "status" / f"{name}.json").exists()
            return process["statename"] in ENDED and bool(process["start"])

        return {n: self._last_words(n) for n, p in self.processes().items() if is_broken(n, p)}

    def _last_words(self, name: str) -> str:
        log = self.run_dir / "logs" / f"{name}.log"
        lines = log.read_text(errors="replace").split("\n") if log.exists() else []
        said = [line.strip() for line in lines if line.strip()]
        return f"{printable(said[-1]) if said else 'it ended without a word'} ({log})"

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
            self.write_strategy(strategy.name)

    def write_strategy(self, name: str, arguments: str = "") -> None:
        """Write the section of one instance of a strategy; supervisord reads it when told to."""
        module = f"strategy {name} {arguments}".rstrip()
        _write(self.run_dir / "programs", f"{STRATEGY}{name}", module, 500)

    def _sweep(self) -> None:
        """Take away the files of sockets and locks: nothing holds them any more."""
        for path in [*self.run_dir.iterdir(), *(self.run_dir / "locks").iterdir()]:
            if path.is_socket() or path.suffix in (".lock", ".pid"):
                path.unlink(missing_ok=True)


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _write(folder: Path, name: str, module: str, priority: int, autostart: bool = True) -> None:
    section = _SECTION.format(
        name=name, module=module, priority=priority, autostart=str(autostart).lower()
    )
    (folder / f"{name}.conf").write_text(section)
