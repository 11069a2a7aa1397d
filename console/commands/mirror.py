"""`mirror`: the copies of the journals beyond this machine, and what can be made of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tapewire.bridge.engine import AWAY, End, MirrorError, stream_name
from tapewire.bridge.login import login
from tapewire.common import extras, roles
from tapewire.common.amounts import counted
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import private_file
from tapewire.common.runtime.journal import GENESIS, Head, JournalError, verify
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    line,
    load,
    load_started,
    require_known,
)
from tapewire.console.group import status as statuses
from tapewire.console.records import verification
from tapewire.console.records.verification import Finding

if TYPE_CHECKING:
    from tapewire.bridge.reading import Mirrors
    from tapewire.bridge.restoring import Restored

StreamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--stream", metavar="STREAM",
        help="restore a journal from this stream, not from its newest; STREAM@RECORD: only up to"
        " that record; may be repeated",
    ),
]  # fmt: skip
RoleArgument = Annotated[str | None, typer.Argument(help="only the mirror of this process")]

mirror = command_group("The mirror of the journals in NATS; `tapewire mirror` shows how far it is.")


@mirror.command("list", hidden=True)
@mirror.command("status")
def show_status(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """How far each mirror is: by what the bridge has reported, and by the streams themselves.

    Status 1 if a mirror has stopped, or if a stream does not answer.
    """
    started = load_started(config, run_dir)
    reported = statuses.read(started.run_dir).get(roles.BRIDGE, {}).get("mirrors", {})
    away, found = "", {}
    try:
        with reading(started) as mirrors:
            found = {role: _status(mirrors, role) for role in started.logins().roles}
    except MirrorError as error:  # what the bridge has reported counts all the more
        away = str(error)
    stopped = any(one["stopped"] for mine in reported.values() for one in mine.values())
    faults = any(one["fault"] for one in found.values())
    lines = [*filter(None, [away]), *map(_stream_line, found.values()), *_bridge_lines(reported)]
    answer(as_json, {"streams": found, "bridge": reported, "away": away}, "\n".join(lines))
    raise typer.Exit(EXIT_FAILED if stopped or away or faults else 0)


def _status(mirrors: "Mirrors", role: str) -> dict[str, Any]:
    try:
        end = mirrors.end(role) or End("", 0)
        leader = mirrors.leader(role, end.generation) if end.stream else None
    except MirrorError as error:
        end, leader = End("", 0, fault=str(error)), None
    return {
        "journal": role,
        "stream": end.stream,
        "records": end.seq,
        "chain": end.chain,
        "leader": leader,
        "fault": end.fault,
        "note": end.note,
    }


def _stream_line(found: dict[str, Any]) -> str:
    if not found["stream"]:
        return f"{found['journal']:<12}{found['fault'] or 'no stream yet'}"
    told = found["fault"] or found["note"] or f"led by {found['leader'] or 'no node'}"
    size = f"{counted(found['records'], 'record'):>16}  {found['chain'][:12]:<12}"
    return f"{found['journal']:<12}{size}  {found['stream']}: {told}"


def _bridge_lines(reported: dict[str, dict[str, Any]]) -> Iterator[str]:
    for engine, mirrors in reported.items():
        for role, one in mirrors.items():
            behind = f"{counted(one['lag_records'], 'record')} behind, for {one['lag_s']:.1f} s"
            told = "stopped" if one["stopped"] else behind if one["lag_records"] else "up to date"
            why = f": {one['fault'] or one['note']}" if one["fault"] or one["note"] else ""
            yield f"{engine}: {role} {told}{why}"


@mirror.command("verify")
def verify_mirror(
    role: RoleArgument = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the hash chain of each mirror, from the streams alone. Status 1 unless all are sound."""
    started = load_started(config, run_dir)
    with reading(started) as mirrors:
        found = [_verified(mirrors, one) for one in _wanted(started, role)]
    if as_json:
        print(json.dumps({one.role: verification.as_json(one) for one in found}))
    else:
        for one in found:
            line(verification.as_line(one))
    raise typer.Exit(0 if all(one.sound for one in found) else EXIT_FAILED)


def _verified(mirrors: "Mirrors", role: str) -> Finding:
    head = Head(0, GENESIS)
    try:
        journal = mirrors.journal(role)
        if journal is None:
            return Finding(role, False, head, "", {})
        head = journal.head
        verify(journal)
    except JournalError as error:
        return Finding(role, True, head, str(error), {})
    return Finding(role, True, head, "", {})


@mirror.command("restore")
def restore_journals(
    role: RoleArgument = None,
    stream: StreamOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the journals of a lost host from the mirror, into an empty run directory.

    Every record is verified on the way. Status 1 if a mirror is damaged; nothing is left then.
    """
    wanted = load(config)
    from tapewire.bridge import restoring

    names = _wanted(wanted, role)
    chosen = restoring.chosen(wanted.cluster.prefix, names, stream or ())
    restoring.require_empty(wanted.run_dir)
    with private_file.private(), reading(wanted) as mirrors:
        run_dir = prepare_run_dir(wanted.run_dir)
        restored = restoring.restore(mirrors, names, run_dir, chosen)
    found = {one.role: {"records": one.head.seq, "stream": one.stream} for one in restored}
    lines = [*map(_restored, restored), "`tapewire up` continues with them"]
    answer(as_json, {"run_dir": str(run_dir), "journals": found}, "\n".join(lines))


def _restored(one: "Restored") -> str:
    if not one.stream:
        return f"{one.role}: no stream, so no journal"
    return f"{one.role}: {counted(one.head.seq, 'record')} of {one.stream}"


@mirror.command("begin")
def begin_stream(
    role: Annotated[str, typer.Argument(help="the process whose journal it is")],
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin another stream for a journal, beside the one that has other records. That one stays.

    A mirror that has stopped goes on there within 10 s, with the whole journal; one that works
    within 30 s.
    """
    started = load_started(config, run_dir)
    (wanted,) = _wanted(started, role)
    with reading(started) as mirrors:
        generation = mirrors.begin(wanted)
    name = stream_name(started.cluster.prefix, wanted, generation)
    answer(as_json, {"journal": wanted, "stream": name}, f"{name} begins with record 1 of {wanted}")


def _wanted(config: Config, role: str | None) -> tuple[str, ...]:
    """The journals that are meant."""
    known = config.logins().roles
    require_known("ROLE", role, known)
    return (role,) if role is not None else tuple(known)


@contextmanager
def reading(config: Config) -> Iterator["Mirrors"]:
    """The mirrors of a configuration; raises `ConfigError` where it names none."""
    if not config.cluster.nats:
        raise ConfigError(
            "cluster.nats is empty; expected the nodes that the journals are mirrored to, such as"
            ' nats = ["nats://127.0.0.1:4222"]'
        )
    extras.require("cluster.nats", "nats", "cluster")
    from tapewire.bridge.reading import Mirrors

    credentials = login(config.cluster)
    try:
        mirrors = Mirrors(config.cluster, credentials)
    except MirrorError as error:
        raise MirrorError(f"{error}; {AWAY}") from error
    with mirrors:
        yield mirrors


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(mirror, name="mirror")
