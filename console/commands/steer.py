"""`halt`, `resume`, `flatten`: what a person asks of risk."""

from typing import Annotated

import typer

from common.config import Config
from common.events import ControlReply
from console import control, flattening
from console import status as told
from console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    load_started,
    note,
)
from console.control import Action
from console.group import Group, GroupError

GOES_ON = "risk goes on by itself; `tapewire status` shows how far it is"
FLAT_WITHIN_S = 30.0  # 3 s for the cancels, then 20 attempts at most one a second

ReasonOption = Annotated[str, typer.Option("--reason", help="kept in risk's journal")]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all is closed; 0: do not wait")
]


def halt(
    reason: ReasonOption = "asked by hand",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop everything that adds risk, at once and until `resume`."""
    _halt_or_resume("halt", reason, load_started(config, run_dir), as_json)


def resume(
    reason: ReasonOption = "asked by hand",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift a halt; refused while a rule is broken."""
    _halt_or_resume("resume", reason, load_started(config, run_dir), as_json)


def flatten(
    reason: ReasonOption = "flattened by hand",
    wait: WaitOption = FLAT_WITHIN_S,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Halt, cancel every order and close every position. Status 1 unless flat within --wait."""
    group = _running(load_started(config, run_dir))
    plan = flattening.plan(told.read(group.run_dir))
    reply = control.ask(group.config, "flatten", reason)
    note(f"{_state(reply)}; {plan}")
    if wait and reply.ok:
        ending = flattening.wait(group.run_dir, wait)
        sentence = ending.sentence(told.read(group.run_dir), wait)
        sentence += "" if ending.over else f"; {GOES_ON}"
    else:
        ending, sentence = flattening.Ending(over=False), GOES_ON
    found = {**_as_json(reply), "over": ending.over, "flat": ending.flat, "left": ending.left}
    answer(as_json, found, sentence)
    raise typer.Exit(0 if ending.flat or (reply.ok and not wait) else EXIT_FAILED)


def _halt_or_resume(action: Action, reason: str, config: Config, as_json: bool) -> None:
    reply = control.ask(_running(config).config, action, reason)
    answer(as_json, _as_json(reply), _state(reply))
    raise typer.Exit(0 if reply.ok else EXIT_FAILED)


def _running(config: Config) -> Group:
    """The group, which runs: nobody else could answer."""
    group = Group(config)
    if not group.is_up():
        raise GroupError(
            f"no group runs in {config.run_dir}; `tapewire up` starts one, --run-dir names one that"
            " runs elsewhere. A halt made before stays"
        )
    return group


def _as_json(reply: ControlReply) -> dict[str, object]:
    return {"ok": reply.ok, "state": reply.state, "text": reply.text}


def _state(reply: ControlReply) -> str:
    return f"trading is {reply.state}{': ' + reply.text if reply.text else ''}"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (halt, resume, flatten):
        app.command()(command)
