"""`notices`: where notices go, and whether they arrive there."""

import os
from typing import Any, Final

import typer

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config.notices import NoticesConfig, TargetConfig
from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    load,
    load_started,
)
from tapewire.console.group import status

notices = command_group("Where notices go; `tapewire notices` lists it.")

NONE: Final = "no targets: [[notices.targets]] in tapewire.toml names where notices go"


@notices.command("list")
def list_targets(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Each target, where its address is kept, and what it has got."""
    launched = load_started(config, run_dir)
    found = status.read(launched.run_dir).get(roles.NOTICES, {}).get("targets", {})
    rows = [_row(one, found.get(one.name, {})) for one in launched.notices.targets]
    kinds = ", ".join(launched.notices.kinds)
    shown = [*map(_line, rows), f"kinds: {kinds}"] if rows else [NONE]
    answer(as_json, {"kinds": [*launched.notices.kinds], "targets": rows}, "\n".join(shown))


@notices.command("test")
def try_targets(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Send a message to each target and say whether it arrived. Status 1 if one did not.

    Addresses are read as the group would read them if it was started here and now.
    """
    wanted = load(config).notices
    if not wanted.targets:
        raise ConfigError(NONE)
    faults = {one.name: _tried(wanted, one) for one in wanted.targets}
    lines = [f"{name}: {fault or 'arrived'}" for name, fault in faults.items()]
    arrived = {name: not fault for name, fault in faults.items()}
    answer(as_json, {"arrived": arrived, "faults": faults}, "\n".join(lines))
    raise typer.Exit(EXIT_FAILED if any(faults.values()) else 0)


def _tried(wanted: NoticesConfig, target: TargetConfig) -> str:
    """Why a test message does not arrive; empty if it does."""
    from tapewire.risk.notices.message import Message
    from tapewire.risk.notices.sending import Sender

    test = Message(
        "info", "Tapewire: a test", "Notices arrive here. Nothing has happened: this is a test."
    )
    try:
        sender = Sender(wanted.model_copy(update={"targets": (target,)}), os.environ)
    except ConfigError as error:
        return str(error)
    fault = sender.send(target.name, test)
    return f"did not arrive: {fault}" if fault else ""


def _row(target: TargetConfig, found: dict[str, Any]) -> dict[str, Any]:
    place = f"file {target.url_file}" if target.url_file else f"variable {target.url_env}"
    return {"name": target.name, "address": place, **found}


def _line(row: dict[str, Any]) -> str:
    got = f", {counted(row['messages'], 'message')} sent" if "messages" in row else ""
    waits = f", {counted(row['waiting'], 'notice')} waiting" if row.get("waiting") else ""
    fault = f"; {row['fault']}" if row.get("fault") else ""
    return f"{row['name']}: address in {row['address']}{got}{waits}{fault}"


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(notices, name="notices")
