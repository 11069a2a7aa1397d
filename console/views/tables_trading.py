"""Tables of what was traded: orders, fills, positions, the blotter, a trace.

A column that has one value in every row of a run says nothing, so accounts are shown only where
the run has more than one.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common.accounting.currencies import summed
from tapewire.common.amounts import counted
from tapewire.common.events import Fill, ForeignOrderReported, OrderTerms, signed
from tapewire.console.records import blotter as trading
from tapewire.console.records.blotter import BlotterOrder, Only, Trading
from tapewire.console.records.ledger import DaySum
from tapewire.console.records.trace import Trace
from tapewire.console.views import tables, times, trading_json
from tapewire.console.views.tables import money

STATES = {"FILLED": "green", "UNKNOWN": "red", "LOST": "red", "REJECTED": "red", "DENIED": "red"}
FOLDED = ("DENIED", "REJECTED")
STATE = "state"
NAMED_MAX = 5


class TradingTable:
    """A table of these columns: `>` aligns right, `~` folds first where space is short. With
    several accounts there is a column for them behind the first."""

    def __init__(self, *columns: str, accounts: bool = False) -> None:
        self.accounts = accounts
        self.shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        self.columns = [columns[0], *(["account"] if accounts else []), *columns[1:]]
        for column in self.columns:
            justify: Literal["left", "right"] = "right" if column.endswith(">") else "left"
            no_wrap = not column.endswith("~")
            name = column.rstrip(">~")
            self.shown.add_column(name, justify=justify, no_wrap=no_wrap, overflow="fold")

    def row(self, first: str, account: str, *others: RenderableType | str) -> None:
        """Add a row; the account is left out where there is no column for it."""
        self.shown.add_row(first, *([account] if self.accounts else []), *others)

    def folded_row(self, until: str, orders: list[BlotterOrder]) -> None:
        """Add one row for all of `orders`, with the time and the state of the last."""
        cells: list[RenderableType] = [until, *[""] * (len(self.columns) - 1)]
        cells[self.columns.index("strategy~")] = f"... {len(orders)} more"
        cells[self.columns.index(STATE)] = _state(orders[-1])
        self.shown.add_row(*cells)


def foreign(found: list[ForeignOrderReported]) -> str:
    """A line per open order that is none of ours."""
    lines = [
        f"  {one.side} {one.remaining:f} {one.symbol}, permanent id {one.permanent_id or '-'},"
        f" client id {one.client_id or '-'}, order id {one.order_id or '-'}"
        for one in found
    ]
    works = "works" if len(found) == 1 else "work"
    return "\n".join([f"{counted(len(found), 'order')} not ours {works} at the broker:", *lines])


def orders(found: list[BlotterOrder], of: Trading, only: Only) -> RenderableType:
    """One row per order; below, why some were denied, rejected, lost or are unknown."""
    if not found:
        return Text(only.none("orders"))
    table = TradingTable(
        "time", "strategy~", "symbol", "side", "filled>", "type", "price>", STATE,
        accounts=several_accounts(of),
    )  # fmt: skip
    for one, more in _folded(found):
        order, terms = one.order, one.terms
        table.row(
            times.clock(one.created_ns), order.account, order.strategy, order.symbol, terms.side,
            _filled(one), terms.type, _price(terms), _state(one),
        )  # fmt: skip
        if more:
            table.folded_row(times.clock(more[-1].created_ns), more)
    why = [Text(line, style="yellow") for line in _reasons(found)]
    return Rows(table.shown, *why, Text(_days([one.created_ns for one in found], "order")))


def fills(found: list[Fill], of: Trading, only: Only) -> RenderableType:
    """One row per fill, with what it cost."""
    if not found:
        return Text(only.none("fills"))
    table = TradingTable(
        "time", "strategy~", "symbol", "size>", "price>", "cost>", "exec id",
        accounts=several_accounts(of),
    )  # fmt: skip
    for fill in found:
        cost = of.book.commission(fill.exec_id)
        table.row(
            times.clock(fill.ts_ns, 0), fill.account, fill.strategy or "-", fill.symbol,
            f"{signed(fill.side, fill.quantity):+f}", f"{fill.price:f}",
            money(cost.amount) if cost else "-", fill.exec_id,
        )  # fmt: skip
    return Rows(table.shown, Text(_days([fill.ts_ns for fill in found], "fill")))


def positions(
    rows: list[dict[str, Any]], worth: list[dict[str, Any]], of: Trading, only: Only
) -> RenderableType:
    """One row per position; the last column is what the broker reports. Below, what each account
    is worth."""
    accounts = [Text(line) for line in tables.accounts(worth)]
    if not rows:
        return Rows(Text(only.none("positions")), *accounts)
    table = TradingTable(
        "symbol", "position>", "average>", "realised>", "fees>", "broker>",
        accounts=several_accounts(of),
    )  # fmt: skip
    for row in rows:
        table.row(
            row["symbol"], row["account"], row["quantity"], money(row["average_cost"], 4),
            money(row["realised"]), money(row["fees"]), row["account_quantity"] or "-",
        )  # fmt: skip
    apart = [
        f"{row['account']} {row['symbol']}" if several_accounts(of) else row["symbol"]
        for row in rows
        if row["account_quantity"] not in (None, row["quantity"])
    ]
    if not apart:
        return Rows(table.shown, *accounts)
    note = f"the broker reports another position in {', '.join(apart)}: traded elsewhere, or before"
    return Rows(table.shown, Text(note, style="yellow"), *accounts)


def blotter(
    found: list[BlotterOrder], of: Trading, only: Only, days: list[DaySum]
) -> RenderableType:
    """One row per order with what its fills come to; below, each trading day, and the totals."""
    if not found:
        return Rows(Text(only.none("orders")), *map(_day, days))
    table = TradingTable(
        "time", "strategy~", "symbol", "side", "filled>", "average>", "cost>", STATE, "us>",
        accounts=several_accounts(of),
    )  # fmt: skip
    for one, more in _folded(found):
        cost = sum(trading.commission_of(of, one.executions.values()).values())
        table.row(
            times.clock(one.created_ns, 0), one.order.account, one.order.strategy,
            one.order.symbol, one.terms.side, _filled(one), money(one.average_price, 4),
            money(cost) if one.executions else "-",
            _state(one), "-" if one.latency_us is None else f"{one.latency_us:,.0f}",
        )  # fmt: skip
        if more:
            table.folded_row(times.clock(more[-1].created_ns, 0), more)
    totals = trading_json.totals(of, found)
    paid = ", ".join(f"{money(v)} {k}" for k, v in totals["commission"].items()) or "nothing"
    states = ", ".join(f"{n} {s.lower()}" for s, n in totals["states"].items()) or "none"
    line = f"{counted(totals['fills'], 'fill')}, commissions {paid}; orders: {states}"
    last = Text(_days([one.created_ns for one in found], "order"))
    apart = beyond_strategies(
        only, ((currency, amount) for one in days for currency, amount in one.realised.items()),
        ((currency, amount) for one in days for currency, amount in one.account_realised.items()),
    )  # fmt: skip
    return Rows(table.shown, *map(_day, days), *apart, Text(line), last)


def beyond_strategies(
    only: Only, strategies: Iterable[tuple[str, Decimal]], accounts: Iterable[tuple[str, Decimal]]
) -> list[Text]:
    """A line where the accounts have realised something else than the strategies together, such as
    what a flatten closed; none of one strategy alone, which has no account to itself."""
    whole = list(accounts)
    less = ((currency, -amount) for currency, amount in strategies)
    apart = {name: amount for name, amount in summed([*whole, *less]).items() if round(amount, 2)}
    if not apart or only.strategy:
        return []
    return [
        Text(
            f"the accounts realised {listed(summed(whole))}: {listed(apart)} of it is in no"
            " strategy's row: closings by risk, trades of others, or strategies against each other"
        )
    ]


def _day(one: DaySum) -> Text:
    """What a trading day came to, in a line."""
    realised, paid = listed(one.realised), listed(one.commission)
    made = f"{counted(one.orders, 'order')}, {counted(one.executions, 'execution')}"
    return Text(f"trading day {one.day}: {made}, realised {realised}, commissions {paid}")


def listed(amounts: dict[str, Decimal]) -> str:
    """Amounts of several currencies, each with its name."""
    return ", ".join(f"{money(amount)} {name}" for name, amount in amounts.items()) or "nothing"


def trace(found: Trace) -> RenderableType:
    """One row per step, with the microseconds since the one before; below, the ids in full."""
    table = TradingTable("time", "us>", "step", "reported by~", "what~").shown
    for step, span in zip(found.steps, found.spans_us(), strict=True):
        shown = "" if span is None else f"{span:,.1f}"
        what = "" if step.detail in found.ids().values() else step.detail
        table.add_row(times.clock(step.ts_ns, 6), shown, step.name, step.source, what)
    ids = [Text(f"{name:<7} {found_id}", no_wrap=True) for name, found_id in found.ids().items()]
    line = f"{found.total_us():,.1f} us in total, {times.iso(found.steps[0].ts_ns)[:10]}"
    return Rows(table, *ids, Text(line))


def several_accounts(of: Trading) -> bool:
    """Whether the tables need a column for accounts."""
    return len(of.accounts()) > 1


def _folded(found: list[BlotterOrder]) -> Iterator[tuple[BlotterOrder, list[BlotterOrder]]]:
    """Each order; of several in a row that came to nothing for one reason, as in a halt, the first
    with the others."""
    for reason, run in groupby(found, _failure):
        first, *others = run
        if reason and len(others) > 1:
            yield first, others
        else:
            yield from ((one, []) for one in (first, *others))


def _failure(one: BlotterOrder) -> str:
    """Why an order came to nothing; empty for one that may be, or was, traded."""
    return _kind(one) if one.state in FOLDED and not one.executions else ""


def _kind(one: BlotterOrder) -> str:
    """How it ended, without the numbers, so that similar ends compare equal."""
    return f"{one.state}: {re.sub(r'[0-9]+', '0', one.reason)}"


def _reasons(found: list[BlotterOrder]) -> list[str]:
    """How many orders ended for each reason; each reason in full."""
    alike: dict[str, list[BlotterOrder]] = {}
    for one in found:
        if one.reason:
            alike.setdefault(_kind(one), []).append(one)
    lines = []
    for same in alike.values():
        which = ", the last" if len({one.reason for one in same}) > 1 else ""
        lines.append(f"{len(same)} {same[-1].state}{which}: {same[-1].reason}{_to_resolve(same)}")
    return lines


def _to_resolve(same: list[BlotterOrder]) -> str:
    """The ids of orders that are UNKNOWN, which `tapewire orders resolve` asks for."""
    ids = [one.order.intent_id for one in same if one.state == "UNKNOWN"]
    more = f" and {len(ids) - NAMED_MAX} more" if len(ids) > NAMED_MAX else ""
    return f" ({', '.join(ids[:NAMED_MAX])}{more})" if ids else ""


def _price(terms: OrderTerms) -> str:
    """The prices that the terms name, a stop before its limit, and the distance of a trailing stop;
    empty for a market order."""
    prices = [f"{price:f}" for price in (terms.stop, terms.limit) if price is not None]
    if terms.trail is not None:
        prices.append(f"trail {terms.trail:f}")
    if terms.trail_percent is not None:
        prices.append(f"trail {terms.trail_percent:f}%")
    if terms.limit_offset is not None:
        prices.append(f"offset {terms.limit_offset:f}")
    return " ".join(prices)


def _filled(one: BlotterOrder) -> str:
    """How much of how much: `10` if it is all, `3/10` otherwise."""
    whole, filled = f"{one.terms.quantity:f}", f"{one.filled:f}"
    return whole if one.filled == one.terms.quantity else f"{filled}/{whole}"


def _state(one: BlotterOrder) -> Text:
    return Text(one.state, style=STATES.get(one.state, ""))


def _days(stamps: list[int], what: str) -> str:
    """How many there are and of which days; the rows show the time of day alone."""
    first, last = times.iso(stamps[0])[:10], times.iso(stamps[-1])[:10]
    days = first if first == last else f"{min(first, last)} to {max(first, last)}"
    return f"{counted(len(stamps), what)}, {days}, times in UTC"
