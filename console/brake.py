"""The emergency brake: `tapewire halt` without the parts of a command line that a halt never uses.

Loading the command line with its argument checks takes longer than halting. So the plain forms of
the command are handled here. Anything else, such as `--help`, a typo, a name that the group does
not have, or a folder in which no group runs, is left to `tapewire.console.commands.steer`, which
explains it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tapewire.common.events import EVERYTHING, ControlReply, Scope
from tapewire.console.group import control
from tapewire.console.group.control import Action
from tapewire.console.group.line import Place

REASON: Final = "manual"
SCOPE: Final = ("--account", "--strategy", "--symbol")
VALUES: Final = ("--reason", *SCOPE, "--config", "--run-dir")
FLAGS: Final = ("--json",)


def pulled(arguments: Sequence[str]) -> int | None:
    """Halt if that is plainly what the arguments say; returns the exit status, otherwise None."""
    given = options(arguments[1:]) if arguments[:1] == ["halt"] else None
    if given is None:
        return None
    run_dir = given.get("--run-dir")
    group = control.find(given.get("--config"), None if run_dir is None else Path(run_dir))
    scope = scope_of(given)
    if group is None or not group.knows(scope):
        return None
    return steer(group, "halt", given.get("--reason", REASON), scope, "--json" in given)


def options(arguments: Sequence[str]) -> dict[str, str] | None:
    """The options by their names, the last of each; None if there is anything else."""
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        name, is_joined, value = word.partition("=")
        if word in FLAGS:
            found[word] = ""
        elif name not in VALUES or (not is_joined and (value := next(words, "-")).startswith("-")):
            return None
        else:
            found[name] = value
    return found


def scope_of(given: Mapping[str, str]) -> Scope:
    """The scope that the options name."""
    account, strategy, symbol = (given.get(name, "") for name in SCOPE)
    return Scope(account, strategy, symbol)


def steer(group: Place, action: Action, reason: str, scope: Scope, as_json: bool) -> int:
    """Ask risk, and print its answer; returns the exit status."""
    reply = control.ask(group, action, reason, scope)
    print(json.dumps(plain(reply, scope)) if as_json else sentence(reply, action, scope))
    return 0 if reply.ok else 1


def plain(reply: ControlReply, scope: Scope) -> dict[str, object]:
    """The answer as one JSON object; an empty part of the scope stands for all."""
    named = dict(zip(scope.__struct_fields__, scope.parts, strict=True))
    return {"ok": reply.ok, "state": reply.state, "text": reply.text, "scope": named}


def sentence(reply: ControlReply, action: Action, scope: Scope) -> str:
    """The answer as a person reads it."""
    if not reply.ok or scope == EVERYTHING:
        return f"trading is {reply.state}{': ' + reply.text if reply.text else ''}"
    done = "no longer halted" if action == "resume" else "halted"
    return f"{scope} is {done}; trading as a whole is {reply.state}"
