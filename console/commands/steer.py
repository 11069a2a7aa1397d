"""`halt`, `resume`, `flatten`: what a person asks of risk."""

from typing import Annotated, Literal

import typer

from console import control
from console.commands.common import EXIT_FAILED, ConfigOption, JsonOption, answer, load
from console.group import Group, GroupError

ReasonOption = Annotated[str, typer.Option("--reason", help="kept in risk's journal")]


def halt(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Stop everything that adds risk, at once and until `resume`."""
    _control("halt", reason, config, as_json)


def resume(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Lift a halt; refused while a rule is broken."""
    _control("resume", reason, config, as_json)


def flatten(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Halt, cancel every order and close every position."""
    _control("flatten", reason, config, as_json)


def _control(
    action: Literal["halt", "resume", "flatten"], reason: str, path: str | None, as_json: bool
) -> None:
    config = load(path)
    if not Group(config).is_up():
        raise GroupError(
            f"no group runs in {config.run_dir}; `tapewire up` starts one. A halt made before stays"
        )
    reply = control.ask(config, action, reason)
    found = {"ok": reply.ok, "state": reply.state, "text": reply.text}
    answer(as_json, found, f"trading is {reply.state}{': ' + reply.text if reply.text else ''}")
    raise typer.Exit(0 if reply.ok else EXIT_FAILED)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (halt, resume, flatten):
        app.command()(command)
