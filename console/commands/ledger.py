"""`ledger`: what trading came to, by strategy and day, and files of it."""

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tapewire.common.accounting.currencies import Rates
from tapewire.common.amounts import counted
from tapewire.common.config.ledger import CURRENCY
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    load_started,
)
from tapewire.console.commands.trading import (
    AccountOption,
    FromDayOption,
    StrategyOption,
    SymbolOption,
    ToDayOption,
    read_trading,
    show,
    span_of,
)
from tapewire.console.records import export
from tapewire.console.records import ledger as records
from tapewire.console.records.blotter import Only
from tapewire.console.records.ledger import COLUMNS, Records
from tapewire.console.views import ledger_json, tables_ledger


class Method(StrEnum):
    """How realised P&L is worked out."""

    AVERAGE = "average"
    FIFO = "fifo"


class Format(StrEnum):
    """What can be written."""

    CSV = "csv"
    PARQUET = "parquet"


class What(StrEnum):
    """The tables of the ledger."""

    EXECUTIONS = "executions"
    ORDERS = "orders"
    POSITIONS = "positions"
    PNL = "pnl"
    CASH = "cash"


MethodOption = Annotated[
    Method | None, typer.Option(help="how realised P&L is worked out; else ledger.method")
]
CurrencyOption = Annotated[
    str | None, typer.Option(help="give sums in this currency too; else ledger.currency")
]
RateOption = Annotated[
    list[str] | None,
    typer.Option("--rate", help="EUR=1.08: the price of one unit in --currency; repeatable"),
]

ledger = command_group("The ledger; `tapewire ledger` shows the P&L of each strategy and day.")


@ledger.command("list", hidden=True)
@ledger.command("pnl")
def pnl(
    since: FromDayOption = None,
    to: ToDayOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    method: MethodOption = None,
    currency: CurrencyOption = None,
    rate: RateOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What each strategy realised on each trading day, less commission."""
    loaded, only = load_started(config, run_dir), Only(account, strategy, symbol)
    of = _records(loaded, only, (since, to), method, _rates(loaded, currency, rate))
    found = records.earned(of)
    show(as_json, ledger_json.pnl(found, of.rates), tables_ledger.pnl(found, of))


@ledger.command("export")
def export_ledger(
    output: Annotated[Path, typer.Option("-o", "--output", help="the file to write")],
    what: Annotated[What, typer.Option(help="which table")] = What.EXECUTIONS,
    given: Annotated[
        Format | None, typer.Option("--format", help="of the file; as it is named, else CSV")
    ] = None,
    since: FromDayOption = None,
    to: ToDayOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    method: MethodOption = None,
    currency: CurrencyOption = None,
    rate: RateOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a table of the ledger to a file. Positions are those at the end of --to."""
    if what is What.POSITIONS and since is not None:
        raise ConfigError("--from: positions are those at the end of a day; use --to")
    loaded, only = load_started(config, run_dir), Only(account, strategy, symbol)
    of = _records(loaded, only, (since, to), method, _rates(loaded, currency, rate))
    rows = records.rows(what.value, of)
    form = given or (Format.PARQUET if output.suffix.lower() == ".parquet" else Format.CSV)
    export.write(output, form.value, COLUMNS[what.value], rows)
    found = {"what": what.value, "format": form.value, "rows": len(rows), "file": str(output)}
    answer(as_json, found, f"{counted(len(rows), 'row')} of {what.value} in {output}")


def _records(
    config: Config,
    only: Only,
    days: tuple[str | None, str | None],
    method: Method | None,
    rates: Rates | None,
) -> Records:
    span = span_of(config, *days)
    chosen = method.value if method is not None else config.ledger.method
    trading = read_trading(config, only)
    return records.records(trading, config.all_instruments(), chosen, only, span, rates)


def _rates(config: Config, currency: str | None, given: list[str] | None) -> Rates | None:
    """What sums are converted with: the options go over the configuration. Rates of the
    configuration are prices in its own currency, and say nothing about another."""
    into = currency or config.ledger.currency
    rates = dict(config.ledger.rates) if into == config.ledger.currency else {}
    if currency is not None and not re.match(CURRENCY, currency):
        raise ConfigError(f"--currency is {currency!r}, must be three capital letters, such as USD")
    if given and not into:
        raise ConfigError("--rate needs --currency, or ledger.currency: a rate is a price in that")
    rates.update(_rate(text) for text in given or ())
    return Rates(into, rates) if into else None


def _rate(text: str) -> tuple[str, Decimal]:
    name, _, value = text.partition("=")
    try:
        rate = Decimal(value)
    except InvalidOperation:
        rate = Decimal(0)
    if not (re.match(CURRENCY, name) and rate.is_finite() and rate > 0):
        raise ConfigError(f"--rate is {text!r}, must be a currency and a price, such as EUR=1.08")
    return name, rate


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(ledger, name="ledger")
