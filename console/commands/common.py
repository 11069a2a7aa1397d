"""What all commands share: options, output, the configuration they work on."""

import json
import os
from collections.abc import Collection, Iterable
from typing import Annotated, Any

import typer
from rich.console import Console

from common import config as configuration
from common.config import Config, ConfigError
from common.near import expected

# What is shown may hold any text: nothing in it is markup.
out = Console(markup=False, highlight=False, emoji=False)
err = Console(markup=False, highlight=False, emoji=False, stderr=True)

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs")]

EXIT_FAILED, EXIT_USAGE = 1, 2


def load(path: str | None) -> Config:
    """The configuration in force; its file also becomes that of the processes a command starts."""
    found = configuration.config_path(path)
    if found is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(found.absolute())
    return configuration.load()


def require_known(option: str, given: str | None, known: Collection[str]) -> None:
    """Refuse a name that is not `known`, saying which are; None is always taken."""
    if given is not None and given not in known:
        raise ConfigError(f"{option} is {given!r}, which is not known; {expected(given, known)}")


def require_starts(option: str, given: Iterable[str] | None, known: Collection[str]) -> None:
    """Refuse what none of the `known` names begins with."""
    for start in given or ():
        if not any(name.startswith(start) for name in known):
            require_known(option, start, known)


def note(sentence: str) -> None:
    """Tell a person something beside what was asked for: on standard error."""
    err.print(sentence, soft_wrap=True)


def answer(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    """Print what was found: as one JSON object, or as a sentence."""
    if as_json:
        print(json.dumps(found))
    else:
        out.print(sentence, soft_wrap=True)
