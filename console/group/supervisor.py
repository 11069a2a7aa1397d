"""The group of processes: its start, its state and its end."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tapewire.common import extras, roles
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.logins import Login
from tapewire.common.runtime import private_file
from tapewire.console.group import launch, shutdown, status
from tapewire.console.group.shutdown import Stopped
from tapewire.console.group.status import State, Status, wait_for
from tapewire.console.group.supervise import PARENT
from tapewire.console.group.supervisord import GroupError, Supervisord, write_section
from tapewire.strategy.loading.searching import HOME

__all__ = ["Group", "GroupError", "Stopped"]

SUPERVISE: Final = "tapewire.console.group.supervise"
START_TIMEOUT_S: Final = 15
STOP_TIMEOUT_S: Final = 30
POLL_S: Final = 0.2  # between reads of all statuses, as the processes need the CPU themselves
HELD_S: Final = 3.0
STRATEGY_PRIORITY: Final = 500
GATEWAY_PRIORITY: Final = 100
SIMULATOR_PRIORITY: Final = 50
RECORDER_PRIORITY: Final = 45
BRIDGE_PRIORITY: Final = 44
WEB_PRIORITY: Final = 42
BETWEEN_HOSTS_PRIORITY: Final = 450
NOTICES_PRIORITY: Final = 40
"""The last to stop, since it tells what the others do at their end."""

Say = Callable[[str], None]


class Group(Supervisord):
    """One group: all processes of a run directory. What is `tied` ends by itself when this process
    is gone, however that ended; any other group runs on until `down`."""

    def __init__(
        self,
        config: Config,
        environment: Mapping[str, str] | None = None,
        *,
        tied: bool = False,
    ) -> None:
        super().__init__(prepare_run_dir(config.run_dir))
        self.config = config
        self._placement = config.placement()
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            **(environment or {}),
            "TAPEWIRE_RUN_DIR": str(self.run_dir),
            "GROUP_RUN_DIR": str(self.run_dir),
            "GROUP_FOLDER": str(Path.cwd()),
            # no module of a user's can shadow one of Tapewire's
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(HOME.parent), os.environ.get("PYTHONPATH")])
            ),
            "GROUP_PYTHON": sys.executable,
            PARENT: str(os.getpid()) if tied else "",
        }

    # ---- start and end -------------------------------------------------------------------------

    def up(self, say: Say | None = None) -> None:
        """Start supervisord and with it the group; returns once it answers.

        `say` gets a sentence if journals were archived; without it, that goes to standard error.
        Raises `JournalVersionError` if another version of Tapewire wrote the journals, and
        `ConfigError` if a risk rule or an order type cannot be loaded.
        """
        if self.is_up():
            raise GroupError(f"a group already runs in {self.run_dir}; `tapewire down` stops it")
        launch.require_loadable(self.config)
        launch.require_room(self.config, self.run_dir)
        launch.require_keys(self.config, self.run_dir)
        launch.require_address(self.config)
        with private_file.private():  # supervisord inherits it
            self._start(say or _to_stderr)

    def _start(self, say: Say) -> None:
        private_file.tighten(self.run_dir)
        if self._placement.is_far:
            launch.forget_simulated(self.config, self.run_dir)
        elif archived := launch.prepare_journals(self.config, self.run_dir):
            say(archived)
        self._write_sections(say)
        launch.keep(self.config, self.run_dir)
        for stale in (self.run_dir / "status").rglob("*.json"):
            stale.unlink()
        for login in self.config.logins():
            tws_address.withdraw(self.run_dir, login.name)  # of a simulator that was killed
        log = self.run_dir / "logs" / "supervisord.out"
        process = self._process = self._spawn(log)
        answers = wait_for(lambda: self.is_up() or process.poll() is not None, START_TIMEOUT_S)
        if not answers or process.poll() is not None:
            raise GroupError(f"supervisord did not start; see {log}")

    def _spawn(self, log: Path) -> subprocess.Popen[bytes]:
        configuration = str(launch.supervisord_conf(self.config, self.run_dir))
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", SUPERVISE, "-c", configuration],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the console, which then stops it in order
            )

    def down(self, say: Say | None = None) -> Stopped:
        """Stop all, strategies first; returns when no process and no socket is left.

        Once the strategies have stopped, it does what `executor.on_stop` says about working orders.
        `say` gets a sentence about that; without it, that goes to standard error.
        """
        if not self.is_up():
            raise GroupError(f"no group runs in {self.run_dir}; `tapewire up` starts one")
        pid = int(self.call("getPID"))
        stopped = shutdown.stop_all(self.config, self)
        self.call("shutdown")
        if not wait_for(lambda: not self._alive(pid), STOP_TIMEOUT_S):
            raise GroupError(f"supervisord (process {pid}) did not end in {STOP_TIMEOUT_S} s")
        self._sweep()
        (say or _to_stderr)(str(stopped))
        return stopped

    def _alive(self, pid: int) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return status.alive(pid)

    def _sweep(self) -> None:
        """Remove the files of sockets and locks: no process holds them any more."""
        for path in [*self.run_dir.iterdir(), *(self.run_dir / "locks").iterdir()]:
            if path.is_socket() or path.suffix in (".lock", ".pid"):
                with contextlib.suppress(OSError):  # the next start takes their place
                    path.unlink()

    # ---- its processes -------------------------------------------------------------------------

    def names(self) -> list[str]:
        """All its processes, in the order of starting: those that `up` and `scale` created, or
        before the first `up` those that are configured."""
        made = {path.stem for path in (self.run_dir / "programs").glob("*.conf")}
        logins, placement = self.config.logins(), self._placement
        simulators = [one.simulator for one in logins]
        if not made:
            made = {roles.strategy_role(s.name) for s in self.config.strategies_here()}
            made |= {roles.DOOR} if placement.far else set()
            made |= {*simulators} if self.config.simulator.enabled else set()
            made |= {roles.NOTICES} if self.config.notices.targets else set()
            made |= {roles.RECORDER} if self.config.recorder.enabled else set()
            made |= {roles.BRIDGE} if self.config.cluster.enabled else set()
            made |= {roles.WEB} if self.config.web.enabled and not web_lacks() else set()
        order = [s.name for s in self.config.strategies]

        def place(role: str) -> tuple[int, str, int]:
            base, number = self.config.instance(roles.strategy_name(role))
            return (order.index(base) if base in order else len(order), base, number)

        strategies = sorted((name for name in made if roles.is_strategy(name)), key=place)
        if placement.is_far:
            return [roles.relay_role(placement.here), *strategies]
        first = [name for name in simulators if name in made]
        optional = (roles.DOOR, roles.RECORDER, roles.BRIDGE, roles.WEB, roles.NOTICES)
        last = [name for name in optional if name in made]
        return [*first, *logins.gateways, roles.RISK, roles.EXECUTOR, *strategies, *last]

    def everywhere(self, statuses: Mapping[str, Status]) -> list[str]:
        """Its processes on all hosts, as far as they are known here: at home those of the far hosts
        too, configured or reported."""
        names = self.names()
        if self._placement.is_far:
            return names
        for one in self._placement.far:
            there = [s.name for s in self.config.strategies if s.host == one.name]
            reported = [role for role, status in statuses.items() if status.get("host") == one.name]
            roles_there = [roles.relay_role(one.name), *map(roles.strategy_role, there)]
            names += dict.fromkeys([*roles_there, *reported])
        return names

    def strategies(self) -> list[str]:
        """The processes that run a strategy, in their order."""
        return [name for name in self.names() if roles.is_strategy(name)]

    def statuses(self) -> dict[str, Status]:
        """The status of each process, with what supervisord knows: which are broken, how often each
        was restarted, as `restarts`, and when last, as `restarted_ns`."""
        found = status.read(self.run_dir, self.broken())
        if not self.is_up():
            return found
        deaths = self.deaths()
        for name, process in self.processes().items():
            if deaths[name] and name in found:
                found[name] |= {
                    "restarts": deaths[name],
                    "restarted_ns": process["start"] * 1_000_000_000,
                }
        return found

    def wait_ready(self, timeout_s: float, names: Sequence[str] | None = None) -> dict[str, State]:
        """Wait until all of `names` (None: all of the group) are READY, or the others are HALTED or
        BROKEN, which only a person can mend, or wait for one that has been BROKEN for `HELD_S`;
        returns those not READY after at most `timeout_s`.

        A process that ends before its first status is started again, so the first look at one that
        is BROKEN is not the last word: what it lacked may be there by its next start."""
        held_s: float | None = None

        def over() -> bool:
            nonlocal held_s
            late, now_s = self.not_ready(names), time.monotonic()
            held_s = (held_s or now_s) if status.held_up(late) else None
            return status.settled(late) or (held_s is not None and now_s - held_s >= HELD_S)

        wait_for(over, timeout_s, POLL_S)
        return self.not_ready(names)

    def not_ready(self, names: Sequence[str] | None = None) -> dict[str, State]:
        """The processes that are not READY, each with its state and the reason."""
        return status.not_ready(self.statuses(), self.names() if names is None else names)

    # ---- its sections --------------------------------------------------------------------------

    def _write_sections(self, say: Say) -> None:
        folder = self.run_dir / "programs"
        for old in folder.glob("*.conf"):
            old.unlink()
        for strategy in self.config.strategies_here():
            self.write_strategy(strategy.name)
        if self._placement.is_far:
            here = self._placement.here
            write_section(folder, roles.relay_role(here), f"relay {here}", BETWEEN_HOSTS_PRIORITY)
        else:
            self._write_home(folder, say)

    def _write_home(self, folder: Path, say: Say) -> None:
        """Write the sections of what runs at home alone."""
        for login in self.config.logins():
            self._write_login(login)
        if self._placement.far:
            write_section(folder, roles.DOOR, "relay --door", BETWEEN_HOSTS_PRIORITY)
        if self.config.notices.targets:
            write_section(folder, roles.NOTICES, "risk.notices", NOTICES_PRIORITY)
        if self.config.recorder.enabled:
            write_section(folder, roles.RECORDER, "recorder", RECORDER_PRIORITY)
        if self.config.cluster.enabled:
            write_section(folder, roles.BRIDGE, "bridge", BRIDGE_PRIORITY)
        if self.config.web.enabled:
            self._write_web(say)

    def _write_web(self, say: Say) -> None:
        """Write the section of the web console, if what it needs is installed: the group runs
        without it."""
        if lacking := web_lacks():
            say(f"no web console: {lacking}; or set web.enabled = false")
        else:
            write_section(self.run_dir / "programs", roles.WEB, "web", WEB_PRIORITY)

    def _write_login(self, login: Login) -> None:
        """Write the sections of a login's processes."""
        folder, simulator = self.run_dir / "programs", self.config.simulator
        gateway, liquidation = f"gateway {login.name}", f"gateway --liquidation {login.name}"
        write_section(folder, login.gateway, gateway.rstrip(), GATEWAY_PRIORITY)
        write_section(folder, login.liquidation, liquidation.rstrip(), GATEWAY_PRIORITY)
        if simulator.enabled:
            module = (
                f"simulator --member --login {login.name}" if login.name else ("simulator --member")
            )
            write_section(folder, login.simulator, module, SIMULATOR_PRIORITY, simulator.autostart)

    def write_strategy(self, name: str, arguments: str = "") -> None:
        """Write the section of one instance of a strategy; supervisord reads it when asked to."""
        module = f"strategy {name} {arguments}".rstrip()
        role = roles.strategy_role(name)
        write_section(self.run_dir / "programs", role, module, STRATEGY_PRIORITY)

    def remove_strategy(self, name: str) -> None:
        """Remove the section of one instance of a strategy."""
        (self.run_dir / "programs" / f"{roles.strategy_role(name)}.conf").unlink()


def web_lacks() -> str:
    """What the web console lacks, in a sentence; empty where the extra `web` is installed."""
    install = extras.command("web")
    return extras.missing("starlette", install) or extras.missing("uvicorn", install)


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)
