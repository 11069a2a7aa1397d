"""The data commands about accounts: what the gateway and the broker know of them."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from tapewire.common.events.account_queries import (
    AccountQuery,
    PnlQuery,
    PortfolioQuery,
    SummaryQuery,
)
from tapewire.console.commands import data_queries
from tapewire.console.commands.common import ConfigOption, GatewayOption, JsonOption, RunDirOption

OfAccount = Annotated[str, typer.Option("--account", help="only this account")]
SUMMARY = ("account", "currency", "equity>", "cash>", "buying_power>", "available_funds>",
           "initial_margin>", "maintenance_margin>")  # fmt: skip
PORTFOLIO = ("account", "symbol", "quantity>", "average_cost>", "price>", "value>", "unrealised>",
             "currency")  # fmt: skip
PNL = ("account", "symbol", "daily>", "unrealised>", "realised>", "value>", "reason")


def summary(
    account: OfAccount = "",
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What accounts are worth, as the gateway and its limits have it."""
    rows = data_queries.asked(SummaryQuery("-", account), gateway, config, run_dir)
    nothing = "the broker has not reported the values of any account yet"
    data_queries.show(rows, SUMMARY, nothing, json_lines=as_json)


def account_values(
    account: OfAccount = "",
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that the broker lists about accounts, in its words."""
    rows = data_queries.asked(AccountQuery("-", account), gateway, config, run_dir)
    columns = ("account", "key", "value>", "currency")
    data_queries.show(rows, columns, "the broker lists nothing", json_lines=as_json)


def portfolio(
    account: OfAccount = "",
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What accounts hold, whoever bought it, and what that is worth now."""
    rows = data_queries.asked(PortfolioQuery("-", account), gateway, config, run_dir)
    data_queries.show(rows, PORTFOLIO, "no account holds anything", json_lines=as_json)


def pnl(
    account: OfAccount = "",
    positions: Annotated[bool, typer.Option("--positions", help="of each position too")] = False,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What accounts have gained, as the broker reckons it."""
    query = PnlQuery("-", account, positions)
    rows = data_queries.asked(query, gateway, config, run_dir)
    data_queries.show(rows, PNL, "the broker says nothing", json_lines=as_json)


COMMANDS: dict[str, Callable[..., Any]] = {
    "summary": summary, "account": account_values, "portfolio": portfolio, "pnl": pnl,
}  # fmt: skip
