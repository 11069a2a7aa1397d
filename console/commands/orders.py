"""`orders`: the orders and what became of them, and cancelling them."""

import getpass
import time
from enum import StrEnum
from typing import Annotated

import typer

from tapewire.common.amounts import counted
from tapewire.common.errors import ConfigError
from tapewire.common.events import NO_SUCH_ORDER, ResolveOrder
from tapewire.console import brake
from tapewire.console.commands import order_entry
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    confirm,
    load_started,
    running,
)
from tapewire.console.commands.events import AtOption
from tapewire.console.commands.trading import (
    AccountOption,
    StrategyOption,
    SymbolOption,
    read_trading,
    show,
    until_ns,
)
from tapewire.console.group import control, status
from tapewire.console.records import blotter as trading
from tapewire.console.records.blotter import Only
from tapewire.console.views import tables_trading, trading_json
from tapewire.console.views.terminal import out


class Outcome(StrEnum):
    """What a person can say became of an order."""

    CANCELLED = "cancelled"
    FILLED = "filled"
    LOST = "lost"


orders = command_group("Orders; `tapewire orders` lists them.")


@orders.command("list")
def list_orders(
    live: Annotated[bool, typer.Option("--live", help="only those that work, or may")] = False,
    at: AtOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order and what became of it."""
    loaded = load_started(config, run_dir)
    only = Only(account, strategy, symbol, live)
    bound_ns = until_ns(loaded, at, trading.SOURCES)
    read = read_trading(loaded, only, bound_ns)
    found = trading.orders(read, only)
    others = trading.foreign(read, only)
    shown = {
        "orders": [trading_json.order(one) for one in found],
        "foreign": [trading_json.foreign(one) for one in others],
        "groups": [trading_json.group(read, one) for one in trading.groups(read, only)],
    }
    show(as_json, shown, tables_trading.orders(found, read, only))
    no_order = "" if as_json else trading.signals_without_order(loaded, only, bound_ns)
    if no_order:
        out.print(no_order)
    if others and not as_json:
        out.print(tables_trading.foreign(others))


@orders.command("cancel")
def cancel_orders(
    order_id: Annotated[
        str | None, typer.Argument(help="as `tapewire orders --live --json` shows it")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="every order of the login, whoever placed it")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask for confirmation")] = False,
    reason: Annotated[str, typer.Option("--reason", help="kept in risk's log")] = brake.REASON,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel one order; or, with --all, every working order of the login, in all its accounts.
    Trading continues."""
    if (order_id is not None) == everything:
        raise ConfigError("orders cancel needs the id of an order, or --all")
    group = running(config, run_dir)
    if order_id is not None:
        order_entry.cancel_one(group, order_id, yes=yes, as_json=as_json)
    live = counted(status.live_orders(status.read(group.run_dir)), "order")
    if not yes:
        confirm(
            "orders cancel",
            f"Cancel every order of the login, whoever placed it ({live} known to work)?",
        )
    reply = control.ask(group, "cancel_all", reason)
    sentence = (
        f"cancelling every order of the login ({live} known to work);"
        " `tapewire orders --live` shows what still works"
    )
    found = {"ok": reply.ok, "state": reply.state, "text": reply.text}
    answer(as_json, found, sentence if reply.ok else f"nothing was cancelled: {reply.text}")
    raise typer.Exit(0 if reply.ok else EXIT_FAILED)


@orders.command("resolve")
def resolve_order(
    intent_id: Annotated[str, typer.Argument(help="as `tapewire orders --live --json` shows it")],
    outcome: Annotated[Outcome, typer.Argument(help="what became of it at the broker")],
    reason: Annotated[str, typer.Option("--reason", help="kept in the gateway's journal")],
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an order that is UNKNOWN, once you have looked at the broker what became of it.

    Refused for any other order, and while the broker lists it as open: its word is better.
    """
    group, by = running(config, run_dir), getpass.getuser()
    command = ResolveOrder(intent_id, time.time_ns(), outcome.value, reason, by)
    for role in group.logins.gateways:  # only the one that placed it knows it
        reply = control.resolve(group, role, command)
        if reply.accepted or reply.reason != NO_SUCH_ORDER:
            break
    sentence = f"{intent_id} is {outcome.value.upper()}: {reason}; positions are read again"
    if not reply.accepted:
        sentence = f"{intent_id} was not resolved: {reply.reason}"
    answer(as_json, {"ok": reply.accepted, "text": reply.reason}, sentence)
    raise typer.Exit(0 if reply.accepted else EXIT_FAILED)


def register(app: typer.Typer) -> None:
    """Add the group."""
    order_entry.add_to(orders)
    app.add_typer(orders, name="orders")
