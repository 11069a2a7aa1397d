"""Orders that a person enters: the commands to buy, to sell, to modify and to cancel."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, NoReturn, cast

import typer
from msgspec.structs import replace

from tapewire.common import combos, roles
from tapewire.common.amounts import money, text, text_or_none
from tapewire.common.config.order_types import load_order_types
from tapewire.common.config.settings import Config
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    ORDER_TYPES,
    AnySignal,
    ComboLeg,
    OrderTerms,
    Side,
    TermChanges,
    WhatIfAnswered,
    only_smaller,
    terms_fault,
)
from tapewire.common.events.what_if import MONEY
from tapewire.console import manual
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    confirm,
    load_started,
    note,
    require_known,
    running,
)
from tapewire.console.commands.trading import read_trading
from tapewire.console.group import status
from tapewire.console.group.control import Launched
from tapewire.console.manual import NotAnswered
from tapewire.console.records.blotter import BlotterOrder, Only
from tapewire.console.views import words
from tapewire.strategy.terms import changes_of, prices_of, terms_of


class Duration(StrEnum):
    """How long an order lasts."""

    DAY = "DAY"
    GTC = "GTC"
    GTD = "GTD"
    IOC = "IOC"
    FOK = "FOK"
    OPG = "OPG"


SymbolArgument = Annotated[str, typer.Argument(help="one of [[instruments]], or a combo of them")]
QuantityArgument = Annotated[str, typer.Argument(help="contracts or shares")]
OrderArgument = Annotated[str, typer.Argument(help="as `tapewire orders --live --json` shows it")]
LimitOption = Annotated[str | None, typer.Option("--limit", help="limit price")]
StopOption = Annotated[str | None, typer.Option("--stop", help="price that triggers the order")]
TrailOption = Annotated[
    str | None, typer.Option("--trail", help="distance of a trailing stop, as a price")
]
TrailPercentOption = Annotated[
    str | None, typer.Option("--trail-percent", help="distance of a trailing stop, in %")
]
OffsetOption = Annotated[
    str | None, typer.Option("--limit-offset", help="how far the limit is behind a trailing stop")
]
TypeOption = Annotated[
    str | None,
    typer.Option("--type", help='a type that the prices alone do not imply, such as "MOC"'),
]
TifOption = Annotated[Duration | None, typer.Option("--tif", help="how long it lasts")]
GoodTillOption = Annotated[
    datetime | None,
    typer.Option("--good-till", formats=["%Y-%m-%dT%H:%M:%S"], help="when it ends, local time"),
]
OutsideOption = Annotated[
    bool, typer.Option("--outside-hours", help="trade outside regular hours too")
]
AccountOption = Annotated[
    str | None, typer.Option("--account", help="the account to trade in; else the login's only one")
]
YesOption = Annotated[bool, typer.Option("--yes", help="do not ask for confirmation")]
NoWhatIfOption = Annotated[
    bool, typer.Option("--no-what-if", help="do not ask the broker first what it would do")
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds to wait for what becomes of it")
]


class Way(NamedTuple):
    """How a command runs: without asking, with a what-if, how long it waits, in JSON."""

    yes: bool
    ask: bool
    wait_s: float
    as_json: bool


def entering(side: Side) -> Callable[..., None]:
    """The command that places an order on this side."""

    def enter(
        symbol: SymbolArgument,
        quantity: QuantityArgument,
        limit: LimitOption = None,
        stop: StopOption = None,
        trail: TrailOption = None,
        trail_percent: TrailPercentOption = None,
        limit_offset: OffsetOption = None,
        kind: TypeOption = None,
        tif: TifOption = None,
        good_till: GoodTillOption = None,
        outside_hours: OutsideOption = False,
        account: AccountOption = None,
        yes: YesOption = False,
        no_what_if: NoWhatIfOption = False,
        wait: WaitOption = 5.0,
        config: ConfigOption = None,
        run_dir: RunDirOption = None,
        as_json: JsonOption = False,
    ) -> None:
        if kind is not None and kind not in ORDER_TYPES:
            load_order_types(load_started(config, run_dir).orders.types)
        prices = prices_of(limit, stop, trail, trail_percent, limit_offset)
        try:
            terms = terms_of(
                side, quantity, prices, kind=kind,
                tif=cast(Any, tif.value if tif is not None else None),
                good_till=good_till.astimezone() if good_till is not None else None,
                outside_hours=outside_hours,
            )  # fmt: skip
        except ValueError as fault:
            raise ConfigError(str(fault)) from None
        if fault_found := terms_fault(terms):
            raise ConfigError(fault_found)
        _enter(
            running(config, run_dir),
            symbol,
            terms,
            account,
            Way(yes, not no_what_if, wait, as_json),
        )

    enter.__doc__ = (
        f"{'Buy' if side == 'BUY' else 'Sell'}: shows what the broker says the order would do, and"
        " asks before it is sent."
    )
    return enter


def modify(
    order_id: OrderArgument,
    quantity: Annotated[
        str | None, typer.Option("--quantity", help="the whole one, what is filled included")
    ] = None,
    limit: LimitOption = None,
    stop: StopOption = None,
    trail: TrailOption = None,
    trail_percent: TrailPercentOption = None,
    limit_offset: OffsetOption = None,
    yes: YesOption = False,
    no_what_if: NoWhatIfOption = False,
    wait: WaitOption = 5.0,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Modify any working order; terms that are not named stay. Shows what the broker says the order
    would do then, and asks before it is sent."""
    prices = prices_of(limit, stop, trail, trail_percent, limit_offset)
    try:
        changes = changes_of(quantity, prices)
    except ValueError as fault:
        raise ConfigError(str(fault)) from None
    if changes == TermChanges():
        raise ConfigError("orders modify changes nothing; name a quantity or a price")
    group = running(config, run_dir)
    found: dict[str, Any] = {}
    if not no_what_if:
        order = _working(load_started(config, run_dir), order_id)
        found["what_if"] = _modified(group, order, changes, as_json=as_json) if order else None
    if not yes:
        confirm("orders modify", f"Modify {order_id}: {_changes(changes)}?")
    _follow(group, manual.modify(order_id, changes), Way(yes, False, wait, as_json), found)


def _working(config: Config, order_id: str) -> BlotterOrder | None:
    """The order of an intent or of a signal, if it may still fill."""
    orders = read_trading(config, Only()).orders
    found = orders.get(order_id) or orders.get(f"{order_id}/1")
    return found if found is not None and found.remaining else None


def _modified(
    group: Launched, order: BlotterOrder, changes: TermChanges, *, as_json: bool
) -> dict[str, Any] | None:
    """What the broker says of the rest of an order with its new terms. It is not asked about what
    can only reduce: a smaller quantity, and an order that waits for its parent."""
    asked, terms = order.order, changes.applied_to(order.terms)
    if asked.parent_id or only_smaller(terms, order.terms) or terms.quantity <= order.filled:
        return None
    rest = replace(terms, quantity=terms.quantity - order.filled, group="", oca="")
    return _estimated(group, asked.account, asked.symbol, rest, asked.legs, as_json=as_json)


def cancel_one(group: Launched, order_id: str, *, yes: bool, as_json: bool) -> NoReturn:
    """Cancel any one order."""
    if not yes:
        confirm("orders cancel", f"Cancel {order_id}?")
    _follow(group, manual.cancel(order_id), Way(yes, False, 5.0, as_json), {})


def _changes(changes: TermChanges) -> str:
    fields = changes.__struct_fields__
    given = {name: value for name in fields if (value := getattr(changes, name)) is not None}
    return ", ".join(f"{name} {value:f}" for name, value in given.items())


# ---- a new order ---------------------------------------------------------------------------------


def _enter(group: Launched, symbol: str, terms: OrderTerms, account: str | None, way: Way) -> None:
    """Show what the order would do, ask, send it, and print what becomes of it."""
    symbol, legs = what(group, symbol)
    account = account_of(group, account)
    found: dict[str, Any] = {}
    if way.ask:
        found["what_if"] = _estimated(group, account, symbol, terms, legs, as_json=way.as_json)
    if not way.yes:
        confirm(f"orders {terms.side.lower()}", f"{_shown(terms, symbol)} in {account}?")
    _follow(group, manual.order(account, symbol, terms, legs), way, found)


def what(group: Launched, given: str) -> tuple[str, tuple[ComboLeg, ...]]:
    """The symbol to trade, or what a combo is called and its legs."""
    try:
        symbol, legs = combos.meant(given, group.symbols)
    except ValueError as fault:
        raise ConfigError(f"SYMBOL: {fault}") from None
    for one in [leg.symbol for leg in legs] or [symbol]:
        require_known("SYMBOL", one, group.symbols)
    return symbol, legs


def account_of(group: Launched, given: str | None) -> str:
    """The account to trade in: the one that is named, or the login's only one."""
    statuses = status.read(group.run_dir)
    if words.is_far(statuses):
        raise ConfigError("this is a far host, which has no broker; place orders by hand at home")
    gateways = status.of_kind(statuses, roles.GATEWAY).values()
    accounts = [str(account) for one in gateways for account in one.get("accounts", ())]
    if given is not None:
        require_known("--account", given, accounts)
        return given
    if len(accounts) == 1:
        return accounts[0]
    if not accounts:
        raise ConfigError("the gateway is not logged in; `tapewire status` shows what it waits for")
    raise ConfigError(f"there are {len(accounts)} accounts; name one of them with --account")


def _estimated(
    group: Launched,
    account: str,
    symbol: str,
    terms: OrderTerms,
    legs: tuple[ComboLeg, ...] = (),
    *,
    as_json: bool,
) -> dict[str, Any] | None:
    """What the broker says the order would do, printed; ends the command if it would reject it."""
    try:
        estimate = manual.what_if(group, account, symbol, terms, legs)
    except NotAnswered as silence:
        note(f"no what-if: {silence}")
        return None
    plain = {name: text_or_none(getattr(estimate, name)) for name in MONEY}
    plain |= {"currency": estimate.currency, "warning": estimate.warning}
    if estimate.reason:
        say = f"nothing was sent; the broker would not take it: {estimate.reason}"
        print(json.dumps({"ok": False, "text": say, "what_if": plain}) if as_json else say)
        raise typer.Exit(EXIT_FAILED)
    for line in () if as_json else estimate_lines(estimate):
        note(line)
    return plain


def estimate_lines(estimate: WhatIfAnswered) -> list[str]:
    """An estimate as a person reads it."""
    lines = []
    for name in ("initial_margin", "maintenance_margin", "equity_with_loan"):
        after, change = getattr(estimate, name), getattr(estimate, f"{name}_change")
        if after is not None:
            by = "" if change is None else f" ({'+' if change >= 0 else ''}{money(change)})"
            lines.append(f"{name.replace('_', ' ')}: {money(after)}{by}")
    least, most = estimate.commission, estimate.commission_max
    if least is not None:
        upto = "" if most in (None, least) else f" to {money(most or least)}"
        lines.append(f"commission: {money(least)}{upto} {estimate.currency}".rstrip())
    if estimate.shortfall:
        lines.append(f"the account would lack {money(estimate.shortfall)} of margin")
    return lines + ([estimate.warning] if estimate.warning else [])


# ---- what becomes of it --------------------------------------------------------------------------


def _follow(group: Launched, signal: AnySignal, way: Way, found: dict[str, Any]) -> NoReturn:
    """Send a signal, print what becomes of it, and end: with status 1 if it was not taken."""
    outcome = Outcome(signal.id)
    for outcome in manual.send(group, signal, way.wait_s):
        if not way.as_json:
            print(sentence(outcome), flush=True)
    if way.as_json:
        plain = outcome._asdict() | {
            "ok": outcome.ok,
            "filled": text(outcome.filled),
            "average_price": text_or_none(outcome.average_price),
        }
        print(json.dumps(plain | found))
    raise typer.Exit(0 if outcome.ok else EXIT_FAILED)


def sentence(outcome: Outcome) -> str:
    """What has become of a signal, as a person reads it."""
    name = outcome.intent_id or outcome.signal_id
    words = f"{name} is {outcome.state}"
    if outcome.filled:
        words += f", {text(outcome.filled)} filled"
        if outcome.average_price is not None:
            words += f" at {text(outcome.average_price)}"
    return f"{words}: {outcome.reason}" if outcome.reason else words


def _shown(terms: OrderTerms, symbol: str) -> str:
    return f"{terms} {symbol}"


def add_to(orders: typer.Typer) -> None:
    """Add the commands to `tapewire orders`."""
    orders.command("buy")(entering("BUY"))
    orders.command("sell")(entering("SELL"))
    orders.command("modify")(modify)
