"""Supervisord: its sections, its processes, and its own interface on a Unix socket."""

import contextlib
import re
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport, UnixStreamHTTPConnection

from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.config.text import printable
from tapewire.common.errors import TapewireError
from tapewire.common.runtime import private_file
from tapewire.console.group.status import wait_for
from tapewire.console.records.log_entries import last_word

STAGE_TIMEOUT_S: Final = 5
ANSWER_S: Final = 15.0
"""No call waits for a process to start or to end; supervisord answers each at once, unless it is
hung or the machine is very busy."""
ENDED: Final = ("EXITED", "FATAL", "BACKOFF")
LINES_MAX: Final = 200
"""Of the end of a log, to find what the process ended with."""
RUNNING: Final = ("STARTING", "RUNNING", "STOPPING", "BACKOFF")

_STARTED: Final = "supervisord started with pid"
_DIED: Final = re.compile(r"exited: (\S+) \(.*; not expected\)$", re.MULTILINE)
_SECTION: Final = """\
[program:{name}]
command = %(ENV_GROUP_PYTHON)s -P -m tapewire.{module} --launched %(ENV_GROUP_RUN_DIR)s
priority = {priority}
autostart = {autostart}
startsecs = 1
startretries = 20
autorestart = unexpected
exitcodes = 2,3
stopwaitsecs = 4
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = %(ENV_GROUP_RUN_DIR)s/logs/{name}.log
stdout_logfile_maxbytes = 5MB
stdout_logfile_backups = 2
"""


class GroupError(TapewireError):
    """The group could not be started, reached or stopped; says what to look at."""


class Silent(GroupError):
    """Supervisord is there and does not answer."""


class _Connection(UnixStreamHTTPConnection):  # type: ignore[misc]
    """A connection that waits `ANSWER_S` at most for one that is hung."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(self.socketfile)


class _Transport(SupervisorTransport):  # type: ignore[misc]
    """Supervisor's own, over such connections."""

    def __init__(self, url: str) -> None:
        super().__init__(None, None, url)
        self._get_connection = self._bounded

    def _bounded(self) -> _Connection:
        connection = _Connection("localhost")
        connection.socketfile = self.serverurl.removeprefix("unix://")
        return connection


class Supervisord:
    """The supervisord of one run directory, whoever started it."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.socket = run_dir / SUPERVISOR

    def call(self, method: str, *arguments: Any) -> Any:
        """One call of supervisord's own interface; raises `GroupError` where it does not answer."""
        transport = _Transport(f"unix://{self.socket}")
        with ServerProxy("http://127.0.0.1", transport=transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except Fault as fault:
                raise GroupError(f"supervisord: {fault.faultString} ({method})") from fault
            except (TimeoutError, BlockingIOError):  # the second: too many wait for it already
                raise Silent(
                    f"the supervisord of {self.run_dir} did not answer within {ANSWER_S:.0f} s"
                    f" ({method}); it is there, and hung or stopped"
                ) from None

    def is_up(self) -> bool:
        """Whether it runs. Raises `Silent` for one that is there and does not answer: a second one
        must not be started beside it."""
        if not self.socket.exists():
            return False
        try:
            return bool(self.call("getState")["statename"] in ("RUNNING", "RESTARTING"))
        except Silent:
            raise
        except (OSError, GroupError):
            return False

    def processes(self) -> dict[str, dict[str, Any]]:
        """Its processes: name to `statename`, `pid`, `start` and so on."""
        return {p["name"]: p for p in self.call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        """Start one process that is not running."""
        self.call("startProcess", name, False)

    def stop(self, names: Sequence[str]) -> None:
        """Stop processes in this order; returns when they have ended."""
        for name in names:
            with contextlib.suppress(GroupError):  # it is not running already
                self.call("stopProcess", name, False)
        wait_for(lambda: self._stopped(names), STAGE_TIMEOUT_S)

    def _stopped(self, names: Sequence[str]) -> bool:
        processes = self.processes()
        return all(processes[n]["statename"] not in RUNNING for n in names)

    def broken(self) -> dict[str, str]:
        """The processes that should be running and are not, each with the last word of its log.

        Also one that is being retried, if it never got as far as a status.
        """
        if not self.is_up():
            return {}

        def is_broken(name: str, process: dict[str, Any]) -> bool:
            if process["statename"] == "STARTING" and process["stop"]:
                return not (self.run_dir / "status" / f"{name}.json").exists()
            return process["statename"] in ENDED and bool(process["start"])

        return {n: self._last_line(n) for n, p in self.processes().items() if is_broken(n, p)}

    def _last_line(self, name: str) -> str:
        log = self.run_dir / "logs" / f"{name}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        said = last_word(name, text.split("\n")[-LINES_MAX:])
        return f"{printable(said) or 'it ended without output'} ({log})"

    def deaths(self) -> Counter[str]:
        """How often each process has died since supervisord was last started, by its log."""
        log = self.run_dir / "logs" / "supervisord.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return Counter(_DIED.findall(text[max(0, text.rfind(_STARTED)) :]))


def write_section(
    folder: Path, name: str, module: str, priority: int, autostart: bool = True
) -> None:
    """Write the section of one program to a file of its own."""
    section = _SECTION.format(
        name=name, module=module, priority=priority, autostart=str(autostart).lower()
    )
    private_file.write(folder / f"{name}.conf", section)
