"""`risk`: whether the group trades, how much of each limit is used, and what risk has decided."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tapewire.common import roles
from tapewire.common.events import Event
from tapewire.console.commands.common import ConfigOption, JsonOption, RunDirOption, load_started
from tapewire.console.group import status
from tapewire.console.records.books import read_journal
from tapewire.console.records.decisions import WORDS
from tapewire.console.records.journals import plain


def risk(
    last: Annotated[
        int, typer.Option("--last", min=0, help="how many of its last decisions to show")
    ] = 10,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trading state, halts, how much of each limit is used, and risk's last decisions."""
    folder = load_started(config, run_dir).run_dir
    found = status.read(folder).get(roles.RISK, {})
    decided: list[Event] = [e for e in read_journal(folder, roles.RISK) if type(e) in WORDS]
    newest = decided[len(decided) - min(last, len(decided)) :]
    if as_json:
        print(json.dumps(_plain(found, newest)))
        return
    from tapewire.console.views import tables_risk
    from tapewire.console.views.terminal import out

    out.print(tables_risk.shown(found, newest))


def _plain(found: status.Status, newest: Sequence[Event]) -> dict[str, Any]:
    state = {key: found.get(key) for key in ("trading", "flatten", "halts", "headroom")}
    history = [{"kind": type(e).__struct_config__.tag, **plain(e)} for e in newest]
    return {**state, "history": history}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(risk)
