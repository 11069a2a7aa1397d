"""`data`: history, option chains, accounts and scans from the broker; and what was recorded."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import typer

from tapewire.common.events import ChainQuery, OptionChain
from tapewire.console.commands import (
    data_accounts,
    data_history,
    data_queries,
    data_record,
    data_recorded,
    data_scan,
)
from tapewire.console.commands.common import (
    ConfigOption,
    GatewayOption,
    JsonOption,
    RunDirOption,
    command_group,
    line,
    note,
)
from tapewire.console.commands.data_history import SymbolArgument, digits

data = command_group(
    "What was recorded, which `tapewire data` lists; and the broker's history, options, accounts"
    " and scans."
)


def chain(
    symbol: SymbolArgument,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Expiries and strikes of the options on a symbol, by class and exchange."""
    found: list[OptionChain] = data_queries.asked(ChainQuery("-", symbol), gateway, config, run_dir)
    for one in found:
        if as_json:
            line(json.dumps(msgspec.structs.asdict(one)))
        else:
            line(f"{one.trading_class} at {one.exchange}, multiplier {one.multiplier}")
            line(f"  expiries {' '.join(one.expiries)}")
            line(f"  strikes {digits(one.strikes)}")
    if not found:
        (note if as_json else line)(f"there are no options on {symbol}")


def register(app: typer.Typer) -> None:
    """Add `data` to the command line."""
    commands: dict[str, Callable[..., Any]] = {
        "history": data_history.history, "ticks": data_history.ticks, "chain": chain,
        **data_accounts.COMMANDS, "scan": data_scan.scan,
        "record": data_record.record, **data_recorded.COMMANDS,
    }  # fmt: skip
    for name, command in commands.items():
        data.command(name)(command)
    app.add_typer(data, name="data")
