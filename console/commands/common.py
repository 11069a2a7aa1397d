"""What all commands share: options, output, the configuration they work on."""

import json
import os
from typing import Annotated, Any

import typer
from rich.console import Console

from common import config as configuration
from common.config import Config

out, err = Console(), Console(stderr=True)

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs")]

EXIT_FAILED, EXIT_USAGE = 1, 2


def load(path: str | None) -> Config:
    """The configuration in force; its file also becomes that of the processes a command starts."""
    found = configuration.config_path(path)
    if found is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(found.absolute())
    return configuration.load()


def answer(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    """Print what was found: as one JSON object, or as a sentence."""
    if as_json:
        print(json.dumps(found))
    else:
        out.print(sentence, highlight=False, soft_wrap=True)
