"""Where each socket is: names and ports of the bus, and the run directory that they live in."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from tapewire.common import roles
from tapewire.common.bus.ports import HOSTS, PORTS, QUERIES, SIGNALS, of_login
from tapewire.common.errors import ConfigError

SOCKET_PATH_MAX: Final = 107  # bytes, since the kernel has 108 and the last is a NUL
SUPERVISOR: Final = "supervisor.sock"
_SUPERVISOR_BINDS: Final = f"{SUPERVISOR}.4194304"  # it links the path from one with its pid
LONGEST: Final = max(*PORTS, _SUPERVISOR_BINDS, key=len)
RUN_DIR_MAX: Final = SOCKET_PATH_MAX - len(f"/{LONGEST}")

STREAMS: Final = {
    roles.GATEWAY: ("broker", "orders"),
    roles.LIQUIDATION: ("liquidation-broker", "liquidation"),
    roles.EXECUTOR: ("execution", "executor"),
    roles.RISK: ("risk", "control"),
}
"""For each kind with a journal: the socket it publishes on and the one that answers requests."""


def sockets_of(role: str) -> tuple[str, str]:
    """The two sockets of a role with a journal, by their names: `STREAMS` of its kind."""
    publish, requests = STREAMS[roles.kind_of(role)]
    name = roles.login_name(role)
    return of_login(publish, name), of_login(requests, name)


SERVERS: Final = {
    "market": roles.GATEWAY,
    QUERIES: roles.GATEWAY,
    SIGNALS: roles.EXECUTOR,
    HOSTS: roles.DOOR,
    **{socket: kind for kind, sockets in STREAMS.items() for socket in sockets},
}
"""The kind of process that binds each socket."""


def server_of(socket: str) -> str:
    """The role that binds a socket; raises KeyError if there is no such socket."""
    name, _, login = socket.partition(".")
    return roles.of_login(SERVERS[name], login)


class Bus(Protocol):
    """How processes reach each other; `tapewire.common.config.settings.BusConfig` is one."""

    @property
    def transport(self) -> str:
        """`ipc` or `tcp`."""

    @property
    def host(self) -> str:
        """Where the ports are, for tcp."""

    @property
    def ports(self) -> Mapping[str, int]:
        """The sockets whose port is another than that of `tapewire.common.bus.ports`."""


def endpoint(name: str, bus: Bus, run_dir: Path) -> str:
    """The ZeroMQ address of the socket `name`."""
    if bus.transport == "tcp":
        host = f"[{bus.host}]" if ":" in bus.host else bus.host
        return f"tcp://{host}:{bus.ports.get(name) or PORTS[name]}"
    return f"ipc://{require_short(run_dir, name) / name}"


def require_short(run_dir: Path, name: str = "") -> Path:
    """The absolute path of `run_dir`; refuses one in which the path of a socket would be too long,
    of the socket `name` or of any that every group has."""
    found, longest = run_dir.absolute(), max(LONGEST, name, key=len)
    length, length_max = len(os.fsencode(found)), SOCKET_PATH_MAX - len(f"/{longest}")
    if length > length_max:
        raise ConfigError(
            f"run_dir {run_dir} is too long for sockets: the path {found / longest} would have"
            f" {length + 1 + len(longest)} bytes, and that of a Unix socket has at most"
            f" {SOCKET_PATH_MAX}; choose a run_dir of at most {length_max} bytes (this one has"
            f" {length}), in the file or as TAPEWIRE_RUN_DIR"
        )
    return found


FOLDERS: Final = (
    "journals", "status", "locks", "epochs", "logs", "targets", "programs", "heads", "reserve",
    "tokens",
)  # fmt: skip
"""What a run directory has in it."""


def prepare_run_dir(run_dir: Path) -> Path:
    """Make `run_dir` and its folders, for this user alone; refuse one that others can enter, or
    whose path is too long for sockets."""
    require_short(run_dir)
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"run_dir {run_dir}: {error.strerror}; must be a folder of yours"
        ) from error
    require_own(run_dir)
    for folder in FOLDERS:
        (run_dir / folder).mkdir(mode=0o700, exist_ok=True)
    return run_dir.absolute()


def require_own(
    folder: Path, what: str = "run_dir", harm: str = "read journals and send orders"
) -> None:
    """Refuse a run directory, or another folder, that is there and that others can enter. `harm` is
    what they could do then."""
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 or found.st_uid != os.getuid():
        raise ConfigError(
            f"{what} {folder} has mode {mode:04o}, must be 0700 and yours: others could {harm};"
            f" run `chmod 700 {folder}`"
        )
