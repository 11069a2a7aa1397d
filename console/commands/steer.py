"""`halt`, `resume`, `flatten`: what a person asks of risk."""

from typing import Annotated

import typer

from tapewire.common import roles
from tapewire.common.events import Scope
from tapewire.console import brake
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    load_started,
    note,
    require_known,
    running,
)
from tapewire.console.group import control
from tapewire.console.group.control import Action, Launched

CONTINUES = "risk continues by itself; `tapewire status` shows how far it is"
FLAT_WITHIN_S = 30.0  # a few seconds where all goes well; risk itself never gives up

ReasonOption = Annotated[str, typer.Option("--reason", help="kept in risk's journal")]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all is closed; 0: do not wait")
]
AccountOption = Annotated[str, typer.Option("--account", help="only this account")]
StrategyOption = Annotated[str, typer.Option("--strategy", help="only this strategy")]
SymbolOption = Annotated[str, typer.Option("--symbol", help="only this symbol")]


def halt(
    reason: ReasonOption = brake.REASON,
    account: AccountOption = "",
    strategy: StrategyOption = "",
    symbol: SymbolOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop everything that adds risk, at once and until `resume`.

    With --account, --strategy or --symbol only in that part; given together they narrow it down.
    """
    group, scope = running(config, run_dir), Scope(account, strategy, symbol)
    require_scope(group, scope)
    _halt_or_resume("halt", reason, group, scope, as_json)


def resume(
    reason: ReasonOption = brake.REASON,
    account: AccountOption = "",
    strategy: StrategyOption = "",
    symbol: SymbolOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift all halts; refused while a rule is broken.

    With --account, --strategy or --symbol it lifts the halt of exactly that part.
    """
    scope = Scope(account, strategy, symbol)
    _halt_or_resume("resume", reason, running(config, run_dir), scope, as_json)


def flatten(
    reason: ReasonOption = brake.REASON,
    account: AccountOption = "",
    symbol: SymbolOption = "",
    wait: WaitOption = FLAT_WITHIN_S,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Halt, cancel every order and close every position. Status 1 unless flat within --wait.

    With --account or --symbol only in that part: it cancels our orders there and closes its
    positions.
    """
    from tapewire.console.group import status
    from tapewire.console.views import flattening, words

    group, scope = running(config, run_dir), Scope(account, "", symbol)
    statuses = status.read(group.run_dir)
    if words.is_far(statuses):
        wait = 0  # how it ends is in a journal at home
    require_scope(group, scope, {row["symbol"] for row in _held(statuses)})
    plan = flattening.plan(statuses, scope)
    reply = control.ask(group, "flatten", reason, scope)
    note(f"{brake.sentence(reply, 'flatten', scope)}{'; ' + plan if reply.ok else ''}")
    if wait and reply.ok:
        ending = flattening.wait(group.run_dir, wait, note, scope)
        sentence = ending.sentence(status.read(group.run_dir), wait)
        sentence += "" if ending.over else f"; {CONTINUES}"
    else:
        ending = flattening.Ending(over=False)
        sentence = CONTINUES if reply.ok else "nothing was cancelled or closed"
    found = {
        **brake.plain(reply, scope), "over": ending.over, "flat": ending.flat, "left": ending.left,
    }  # fmt: skip
    answer(as_json, found, sentence)
    raise typer.Exit(0 if ending.flat or (reply.ok and not wait) else EXIT_FAILED)


def _held(statuses: dict[str, dict[str, object]]) -> list[dict[str, str]]:
    held = statuses.get(roles.RISK, {}).get("held", [])
    return held if isinstance(held, list) else []


def require_scope(group: Launched, scope: Scope, held: set[str] | None = None) -> None:
    """Refuse a strategy or a symbol that the group does not have: a typo must not pass for a halt.

    Instances that `scale` started are known by the strategy that they are instances of.
    """
    require_known("--symbol", scope.symbol or None, group.symbols | (held or set()))
    if scope.strategy and scope.strategy not in group.strategies:
        base, _ = load_started(None, group.run_dir).instance(scope.strategy)
        if base not in group.strategies:
            require_known("--strategy", scope.strategy, group.strategies)


def _halt_or_resume(
    action: Action, reason: str, group: Launched, scope: Scope, as_json: bool
) -> None:
    raise typer.Exit(brake.steer(group, action, reason, scope, as_json))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (halt, resume, flatten):
        app.command()(command)
