"""What all commands share: options, output, the configuration they work on.

What is costly to load (pydantic, rich, supervisor) is loaded by the functions that need it:
`tapewire halt` needs none of it.
"""

import json
import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tapewire.common.config.locate import config_path
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.console.group import launched
from tapewire.console.group.launched import Launched, LaunchedBus

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
RunDirOption = Annotated[
    Path | None, typer.Option("--run-dir", help="a group's run directory; no file is read then")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs")]

EXIT_FAILED = 1


def load(path: str | None) -> "Config":
    """The configuration in force; its file also becomes that of the processes a command starts."""
    from tapewire.common.config import settings as configuration

    found = config_path(path)
    if found is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(found.absolute())
    return configuration.load()


def require_file(path: str | None) -> None:
    """Refuse a folder that is no project's: defaults alone are nobody's configuration."""
    if config_path(path) is None:
        raise ConfigError(
            f"no tapewire.toml in {Path.cwd()}; call tapewire where it is, or name it with --config"
        )


def running(path: str | None, run_dir: Path | None = None) -> Launched:
    """The group that runs: nobody else could answer.

    While one runs, nothing but the run directory is read of the configuration. Where none does,
    a fault of the configuration is told first.
    """
    found = launched.find(path, run_dir)
    if found is not None:
        return found
    from tapewire.console.group.supervisor import Group, GroupError

    config = load_started(path, run_dir)
    if not Group(config).is_up():
        raise GroupError(
            f"no group runs in {config.run_dir}; `tapewire up` starts one, --run-dir names one that"
            " runs elsewhere. A halt made before stays"
        )
    bus = config.bus
    return Launched(config.run_dir, LaunchedBus(bus.transport, bus.host, bus.ports))


def load_started(path: str | None, run_dir: Path | None = None) -> "Config":
    """What a group that runs was started with; else the configuration in force.

    A file that is refused, or that names another run directory, must take nobody's brake away.
    """
    from tapewire.console.group import launch_config as started
    from tapewire.console.group.supervisor import Group

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
        file = config_path(path)
        if file is not None and not file.is_file():
            raise  # whose group is meant cannot be known
        kept = started.read(launched.run_dir_of(path))
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
    print(sentence, file=sys.stderr)


def answer(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    """Print what was found: as one JSON object, or as a sentence."""
    if as_json:
        print(json.dumps(found))
    else:
        print(sentence)
