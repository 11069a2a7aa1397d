"""Speaking to a group that runs: finding it, and asking risk to halt, resume, flatten or cancel.

This is what the emergency brake needs, so it loads nothing that takes long. The full configuration
takes half a second to load and check, and a fault in it is no reason not to halt. What is read here
is the file that `tapewire up` left in the run directory (see `tapewire.console.group.launch`).
"""

import getpass
import json
import os
import re
import socket
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tapewire.common import roles
from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.config.locate import config_path
from tapewire.common.events import (
    EVERYTHING,
    Control,
    ControlReply,
    OrderAnswer,
    OrderReply,
    OrderRequest,
    Reconcile,
    ResolveOrder,
    Scope,
)
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.common.runtime import reserve, role_lock
from tapewire.common.runtime.launched import FILE
from tapewire.console.group.line import TIMEOUT_S, Line, NoAnswer, Place

_RUN_DIR: Final = re.compile(r"""^\s*run_dir\s*=\s*["'](.+?)["']""", re.MULTILINE)

__all__ = [
    "FILE",
    "Action",
    "Launched",
    "LaunchedBus",
    "ask",
    "find",
    "is_live",
    "listens",
    "read",
    "reconcile",
    "resolve",
    "run_dir_of",
]

BRAKED: Final = (roles.RISK, *roles.GATEWAYS)
"""The kinds of processes that a halt is for."""

Action = Literal["halt", "resume", "flatten", "cancel_all", "reload"]


class LaunchedBus(msgspec.Struct, frozen=True):
    """The part of `tapewire.common.config.settings.BusConfig` that leads to a socket."""

    transport: str = "ipc"
    host: str = "127.0.0.1"
    ports: dict[str, int] = {}


class Launched(msgspec.Struct, frozen=True):
    """A group that was started, as far as one must know it to speak to it. `run_dir` is where it
    was found, not where it was created; `symbols` and `strategies` are those it started with."""

    run_dir: Path
    bus: LaunchedBus = LaunchedBus()
    symbols: frozenset[str] = frozenset()
    strategies: frozenset[str] = frozenset()
    logins: Logins = ONLY

    def knows(self, scope: Scope) -> bool:
        """Whether it has the strategy and the symbol of a scope; a typo must not pass for a halt.
        Accounts are the broker's and not known here."""
        return scope.strategy in ("", *self.strategies) and scope.symbol in ("", *self.symbols)


# ---- finding it ----------------------------------------------------------------------------------


def find(path: str | None, run_dir: Path | None = None) -> Launched | None:
    """The group in `run_dir`, or else in that of the configuration `path`, if one runs there.

    None also where no file and no variable names a group: the folder that a command happens to be
    called in must not decide which group it stops.
    """
    if run_dir is None:
        file = config_path(path)
        if "TAPEWIRE_RUN_DIR" not in os.environ and (file is None or not file.is_file()):
            return None
        run_dir = run_dir_of(path)
    found = read(run_dir)
    return found if found is not None and is_live(found.run_dir) else None


def read(run_dir: Path) -> Launched | None:
    """The group that was last started in `run_dir`; None if that is not known."""
    try:
        kept = json.loads((run_dir / FILE).read_bytes())
        return Launched(
            run_dir.absolute(),
            msgspec.convert(kept["bus"], LaunchedBus),
            _named(kept.get("instruments", ()), "symbol"),
            _named(kept.get("strategies", ()), "name"),
            _logins(kept.get("gateways", ())),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _logins(entries: Iterable[Mapping[str, Any]]) -> Logins:
    found = [Login(str(one["name"]), tuple(one.get("accounts", ()))) for one in entries]
    return Logins(found) if found else ONLY


def _named(entries: Iterable[Mapping[str, Any]], key: str) -> frozenset[str]:
    return frozenset(str(entry[key]) for entry in entries)


def is_live(run_dir: Path) -> bool:
    """Whether something trades there: a supervisord that listens, or risk or a gateway without one.
    Where that has died or never was, there is something to be halted all the same."""
    return listens(run_dir) or any(
        role_lock.is_held(run_dir, path.stem)
        for path in (run_dir / "locks").glob("*.lock")
        if roles.kind_of(path.stem) in BRAKED
    )


def listens(run_dir: Path) -> bool:
    """Whether a supervisord takes connections there. One that is hung takes none any more once
    enough of them wait; it is there all the same, and nobody waits for it here."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(run_dir / SUPERVISOR))
        except BlockingIOError:
            return True
        except OSError:  # also for a path that is too long
            return False
    return True


def run_dir_of(path: str | None) -> Path:
    """The run directory of a configuration, even one that is refused or is broken TOML."""
    if named := os.environ.get("TAPEWIRE_RUN_DIR"):
        return Path(named)
    file = config_path(path)
    text = file.read_text(errors="replace") if file is not None and file.is_file() else ""
    try:
        return Path(tomllib.loads(text).get("run_dir", "run"))
    except (ValueError, TypeError, RecursionError):
        found = _RUN_DIR.search(text)
        return Path(found[1] if found else "run")


# ---- asking it -----------------------------------------------------------------------------------


def ask(
    group: Place, action: Action, reason: str, scope: Scope = EVERYTHING, rules: str = ""
) -> ControlReply:
    """Send one request to risk and wait for its answer, at most `TIMEOUT_S`."""
    control = Control(time.time_ns(), action, reason, scope, _user(), rules)
    with Line(group, roles.RISK) as line:
        reply = line.answer(control)
    if isinstance(reply, ControlReply):
        return reply
    silence = f"risk did not answer within {TIMEOUT_S:.0f} s"
    if why := reserve.unwritable(group.run_dir):
        raise NoAnswer(
            f"{silence}: {why}, so nothing can be written down, and no order goes; close what is"
            " open at the broker itself"
        )
    raise NoAnswer(
        f"{silence}; is the group up? While risk is silent the gateway sends nothing that adds risk"
    )


def _user() -> str:
    """Who asks, for the record: the name of the user of this process, or its number."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def resolve(group: Place, role: str, command: ResolveOrder) -> OrderAnswer:
    """Ask a gateway to end an order that is UNKNOWN, and wait for its answer."""
    return _obeyed(group, role, command)


def reconcile(group: Place, role: str, command: Reconcile) -> OrderAnswer:
    """Ask a gateway to compare everything with the broker, and wait until it has begun."""
    return _obeyed(group, role, command)


def _obeyed(group: Place, role: str, command: ResolveOrder | Reconcile) -> OrderAnswer:
    with Line(group, role) as line:
        reply = line.ask(OrderRequest(1, [command]))
    if isinstance(reply, OrderReply) and reply.answers:
        return reply.answers[0]
    raise NoAnswer(f"{role} answered with {type(reply).__name__}; try again")
