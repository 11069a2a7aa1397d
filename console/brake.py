"""The emergency brake: `tapewire halt` without all that a command line has and a halt has not.

To load the command line with its checks of arguments takes longer than to halt. So the plain forms
of the command are taken here; anything else, such as `--help`, a typo, or a folder in which no
group runs, is left to `tapewire.console.commands.steer`, which explains it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tapewire.common.events import ControlReply
from tapewire.console.group import control, launched
from tapewire.console.group.control import Action, Place

REASON: Final = "asked by hand"
VALUES: Final = ("--reason", "--config", "--run-dir")
FLAGS: Final = ("--json",)


def pulled(arguments: Sequence[str]) -> int | None:
    """Halt if that is what the arguments plainly ask for; gives the exit status, else None."""
    given = options(arguments[1:]) if arguments[:1] == ["halt"] else None
    if given is None:
        return None
    run_dir = given.get("--run-dir")
    group = launched.find(given.get("--config"), None if run_dir is None else Path(run_dir))
    if group is None:
        return None
    return steer(group, "halt", given.get("--reason", REASON), "--json" in given)


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


def steer(group: Place, action: Action, reason: str, as_json: bool) -> int:
    """Ask risk, and print its answer; gives the exit status."""
    reply = control.ask(group, action, reason)
    print(json.dumps(plain(reply)) if as_json else sentence(reply))
    return 0 if reply.ok else 1


def plain(reply: ControlReply) -> dict[str, object]:
    """The answer as one JSON object."""
    return {"ok": reply.ok, "state": reply.state, "text": reply.text}


def sentence(reply: ControlReply) -> str:
    """The answer as a person reads it."""
    return f"trading is {reply.state}{': ' + reply.text if reply.text else ''}"
