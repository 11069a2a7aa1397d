"""`journals`: whether they can be trusted, and what to do about one that cannot."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import head_log, keeper, private_file
from tapewire.console import brake
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    line,
    load_started,
)
from tapewire.console.group import mending
from tapewire.console.group.mending import Restored
from tapewire.console.records import verification
from tapewire.console.records.verification import Finding

RoleArgument = Annotated[str | None, typer.Argument(help="only the journal of this process")]

journals = command_group("The journals themselves; `tapewire journals` verifies them.")


@journals.command("list", hidden=True)
@journals.command("verify")
def verify_journals(
    role: RoleArgument = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the hash chain of each journal, and compare it with what all processes remember.

    Reads only, also while the group runs. Status 1 unless all are sound.
    """
    _require_role(role)
    started = load_started(config, run_dir)
    found = verification.findings(started.run_dir, role, head_log.path_of(started))
    if as_json:
        print(json.dumps({one.role: verification.as_json(one) for one in found}))
    else:
        for one in found:
            line(verification.as_line(one))
    raise typer.Exit(0 if all(one.sound for one in found) else EXIT_FAILED)


@journals.command("compact")
def compact_journals(
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down what of the journals still matters, so that the next start is quick.

    The group does so by itself every few thousand records. The journals stay as they are, and may
    be in use meanwhile. Status 1 if it cannot be written.
    """
    with private_file.private():
        made = keeper.work(load_started(config, run_dir))
    found = {"records": made.records, "kept": made.kept, "why": made.why}
    answer(as_json, found, f"checkpoint made: {keeper.sentence(made)}")


@journals.command("restore")
def restore_journal(
    role: Annotated[str, typer.Argument(help="the process whose journal it is")],
    copy: Annotated[Path, typer.Option("--from", help="the copy to put in its place")],
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a journal back from a copy, which is verified first. The group must be down.

    The file that it replaces stays beside it. Status 1 if the processes remember more than the
    copy holds.
    """
    _require_role(role)
    started = load_started(config, run_dir)
    folder = prepare_run_dir(started.run_dir)
    with mending.stopped(folder):
        restored = mending.restore(folder, role, copy, head_log.path_of(started))
    replaced = str(restored.replaced) if restored.replaced is not None else None
    found = {**verification.as_json(restored.found), "journal": role, "replaced": replaced}
    answer(as_json, found, _restored(role, restored))
    raise typer.Exit(0 if restored.found.sound else EXIT_FAILED)


def _restored(role: str, restored: Restored) -> str:
    found = restored.found
    kept = f"; the file that it replaced is {restored.replaced}" if restored.replaced else ""
    done = f"restored {counted(found.head.seq, 'record')} of {role}{kept}"
    if found.sound:
        return f"{done}; `tapewire up` continues with it"
    return (
        f"{done}. It is not all that is remembered: {found.missing}. Compare orders and positions"
        f" with TWS; `tapewire journals accept {role}` continues with what is there"
    )


@journals.command("accept")
def accept_journals(
    role: RoleArgument = None,
    reason: Annotated[str, typer.Option("--reason", help="kept in the log")] = brake.REASON,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue with the journals as they are, though processes remember more. The group must be
    down.

    Compare orders and positions with TWS before you do. It is written to heads/accepted.jsonl.
    """
    _require_role(role)
    started = load_started(config, run_dir)
    folder = prepare_run_dir(started.run_dir)
    with mending.stopped(folder):
        accepted = mending.accept(folder, role, reason, head_log.path_of(started))
    found = {one.role: verification.as_json(one) for one in accepted}
    answer(as_json, {"accepted": found}, "\n".join(map(_accepted, accepted)) or _nothing(role))


def _accepted(found: Finding) -> str:
    return f"{found.role}: {counted(found.head.seq, 'record')} accepted, although {found.missing}"


def _nothing(role: str | None) -> str:
    which = f"{role}'s journal holds" if role else "the journals hold"
    return f"nothing to accept: {which} all that is remembered"


def _require_role(role: str | None) -> None:
    if role is not None and roles.kind_of(role) not in roles.JOURNALED:
        known = expected(role, roles.JOURNALED)
        raise ConfigError(f"ROLE is {role!r}, which has no journal; {known}")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(journals, name="journals")
