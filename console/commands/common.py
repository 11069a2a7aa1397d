"""What all commands share: options, output, the configuration they work on."""

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from common import config as configuration
from common.config import Config, ConfigError
from common.near import expected
from console import started
from console.group import Group

# What is shown may hold any text: nothing in it is markup.
out = Console(markup=False, highlight=False, emoji=False)
err = Console(markup=False, highlight=False, emoji=False, stderr=True)

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
RunDirOption = Annotated[
    Path | None, typer.Option("--run-dir", help="a group's run directory; no file is read then")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs")]

EXIT_FAILED, EXIT_USAGE = 1, 2


def load(path: str | None) -> Config:
    """The configuration in force; its file also becomes that of the processes a command starts."""
    found = configuration.config_path(path)
    if found is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(found.absolute())
    return configuration.load()


def require_file(path: str | None) -> None:
    """Refuse a folder that is no project's: defaults alone are nobody's configuration."""
    if configuration.config_path(path) is None:
        raise ConfigError(
            f"no tapewire.toml in {Path.cwd()}; call tapewire where it is, or name it with --config"
        )


def load_started(path: str | None, run_dir: Path | None = None) -> Config:
    """What a group that runs was started with; else the configuration in force.

    A file that is refused, or that names another run directory, must take nobody's brake away.
    """
    if run_dir is not None:
        kept = started.read(run_dir)
        if kept is None:
            raise ConfigError(f"--run-dir {run_dir}: no group was started there")
        return kept
    if "TAPEWIRE_RUN_DIR" not in os.environ:
        require_file(path)
    try:
        config = load(path)
    except ConfigError as refused:
        file = configuration.config_path(path)
        if file is not None and not file.is_file():
            raise  # whose group is meant cannot be known
        kept = started.read(started.run_dir_of(path))
        if kept is None:
            hint = "--run-dir names the group to speak to, if one runs"
            raise ConfigError(f"{refused}\n{hint}") from refused
        why = "; ".join(str(refused).splitlines())
        note(f"the configuration is refused ({why}); using what the group was started with")
        return kept
    kept = started.read(config.run_dir)
    return kept if kept is not None and Group(kept).is_up() else config


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
