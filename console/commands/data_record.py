"""The recorder in this terminal, where the group does not start one."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tapewire.common import extras
from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    load_started,
    note,
    require_known,
    running,
)


def record(
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="only this one; may be repeated")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Record what the running group publishes, until Ctrl-C."""
    extras.require("tapewire data record", "pyarrow", "data")
    group, started = running(config), load_started(config)
    if started.recorder.enabled:
        raise ConfigError(
            "recorder.enabled is true: the group records by itself; `tapewire data list` shows what"
        )
    for symbol in symbols or ():
        require_known("--symbol", symbol, [one.symbol for one in started.instruments])
    os.environ["TAPEWIRE_RUN_DIR"] = str(Path(group.run_dir).absolute())
    os.environ["TAPEWIRE_RECORDER__ENABLED"] = "true"
    os.environ["TAPEWIRE_RECORDER__SYMBOLS"] = json.dumps(symbols or [])
    note("recording; Ctrl-C ends it, and `tapewire data compact` makes Parquet of the rest")
    given = ["--config", config] if config else []
    os.execv(sys.executable, [sys.executable, "-P", "-m", "tapewire.recorder", *given])
