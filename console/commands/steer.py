"""`halt`, `resume`, `flatten`: what a person asks of risk."""

from typing import Annotated

import typer

from tapewire.console import brake
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    note,
    running,
)
from tapewire.console.group import control
from tapewire.console.group.control import Action
from tapewire.console.group.launched import Launched

GOES_ON = "risk goes on by itself; `tapewire status` shows how far it is"
FLAT_WITHIN_S = 30.0  # 3 s for the cancels, then 20 attempts at most one a second

ReasonOption = Annotated[str, typer.Option("--reason", help="kept in risk's journal")]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all is closed; 0: do not wait")
]


def halt(
    reason: ReasonOption = brake.REASON,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop everything that adds risk, at once and until `resume`."""
    _halt_or_resume("halt", reason, running(config, run_dir), as_json)


def resume(
    reason: ReasonOption = brake.REASON,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift a halt; refused while a rule is broken."""
    _halt_or_resume("resume", reason, running(config, run_dir), as_json)


def flatten(
    reason: ReasonOption = "flattened by hand",
    wait: WaitOption = FLAT_WITHIN_S,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Halt, cancel every order and close every position. Status 1 unless flat within --wait."""
    from tapewire.console.group import status as told
    from tapewire.console.views import flattening

    group = running(config, run_dir)
    plan = flattening.plan(told.read(group.run_dir))
    reply = control.ask(group, "flatten", reason)
    note(f"{brake.sentence(reply)}; {plan}")
    if wait and reply.ok:
        ending = flattening.wait(group.run_dir, wait)
        sentence = ending.sentence(told.read(group.run_dir), wait)
        sentence += "" if ending.over else f"; {GOES_ON}"
    else:
        ending, sentence = flattening.Ending(over=False), GOES_ON
    found = {**brake.plain(reply), "over": ending.over, "flat": ending.flat, "left": ending.left}
    answer(as_json, found, sentence)
    raise typer.Exit(0 if ending.flat or (reply.ok and not wait) else EXIT_FAILED)


def _halt_or_resume(action: Action, reason: str, group: Launched, as_json: bool) -> None:
    raise typer.Exit(brake.steer(group, action, reason, as_json))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (halt, resume, flatten):
        app.command()(command)
