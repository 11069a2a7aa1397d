"""Tables of what was traded: orders, fills, positions, the blotter, a trace."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Literal

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common.events import Fill, signed
from tapewire.console.records import blotter as trading
from tapewire.console.records.blotter import Only, Order, Trading
from tapewire.console.records.trace import Trace
from tapewire.console.views import times, trading_json
from tapewire.console.views.plural import counted
from tapewire.console.views.tables import money

STATES = {"FILLED": "green", "UNKNOWN": "red", "LOST": "red", "REJECTED": "red", "REFUSED": "red"}
FOLDED = ("REFUSED", "REJECTED")


def orders(found: list[Order], only: Only) -> RenderableType:
    """One row an order; below, why some were refused, rejected, lost or are unknown."""
    if not found:
        return Text(only.none("orders"))
    table = _table("time", "strategy~", "symbol", "side", "filled>", "type", "limit>", "state")
    for one, more in _folded(found):
        order = one.order
        limit = "" if one.limit_price is None else f"{one.limit_price:f}"
        table.add_row(
            times.clock(one.ts_ns), order.strategy, order.symbol, order.action,
            _of(one), order.order_type, limit, _state(one),
        )  # fmt: skip
        if more:
            _add_folded(table, times.clock(more[-1].ts_ns), more)
    why = [Text(line, style="yellow") for line in _reasons(found)]
    return Rows(table, *why, Text(_days([one.ts_ns for one in found], "order")))


def fills(found: list[Fill], of: Trading, only: Only) -> RenderableType:
    """One row a fill, with what it cost."""
    if not found:
        return Text(only.none("fills"))
    table = _table("time", "strategy~", "symbol", "size>", "price>", "cost>", "exec id")
    for fill in found:
        cost = of.commission(fill)
        table.add_row(
            times.clock(fill.ts_ns, 0), fill.strategy or "-", fill.symbol,
            f"{signed(fill.side, fill.quantity):+f}", f"{fill.price:f}",
            money(cost.amount) if cost else "-", fill.exec_id,
        )  # fmt: skip
    return Rows(table, Text(_days([fill.ts_ns for fill in found], "fill")))


def positions(rows: list[dict[str, Any]], only: Only) -> RenderableType:
    """One row a symbol; the last column is the broker's own word."""
    if not rows:
        return Text(only.none("positions"))
    table = _table("symbol", "position>", "average>", "realised>", "commission>", "account>")
    for row in rows:
        table.add_row(
            row["symbol"], row["quantity"], money(row["average_cost"], 4),
            money(row["realised"]), money(row["commission"]), row["account_quantity"] or "-",
        )  # fmt: skip
    apart = [r["symbol"] for r in rows if r["account_quantity"] not in (None, r["quantity"])]
    if not apart:
        return table
    note = f"the account's position differs in {', '.join(apart)}: traded by hand, or before"
    return Rows(table, Text(note, style="yellow"))


def blotter(found: list[Order], of: Trading, only: Only) -> RenderableType:
    """One row an order with what its fills come to; below, the totals."""
    if not found:
        return Text(only.none("orders"))
    table = _table(
        "time", "strategy~", "symbol", "side", "filled>", "average>", "cost>", "state", "us>"
    )
    for one, more in _folded(found):
        cost = sum(trading.commission_of(of, one.fills.values()).values())
        table.add_row(
            times.clock(one.ts_ns, 0), one.order.strategy, one.order.symbol, one.order.action,
            _of(one), money(one.average_price, 4), money(cost) if one.fills else "-",
            _state(one), "-" if one.latency_us is None else f"{one.latency_us:,.0f}",
        )  # fmt: skip
        if more:
            _add_folded(table, times.clock(more[-1].ts_ns, 0), more)
    totals = trading_json.totals(of, found)
    paid = ", ".join(f"{money(v)} {k}" for k, v in totals["commission"].items()) or "nothing"
    states = ", ".join(f"{n} {s.lower()}" for s, n in totals["states"].items()) or "none"
    line = f"{counted(totals['fills'], 'fill')}, commissions {paid}; orders: {states}"
    return Rows(table, Text(line), Text(_days([one.ts_ns for one in found], "order")))


def trace(found: Trace) -> RenderableType:
    """One row a step, with the microseconds since the one before; below, the ids in full."""
    table = _table("time", "us>", "step", "told by~", "what~")
    for step, span in zip(found.steps, found.spans_us(), strict=True):
        shown = "" if span is None else f"{span:,.1f}"
        what = "" if step.detail in found.ids().values() else step.detail
        table.add_row(times.clock(step.ts_ns, 6), shown, step.name, step.source, what)
    ids = [Text(f"{name:<7} {found_id}", no_wrap=True) for name, found_id in found.ids().items()]
    line = f"{found.total_us():,.1f} us in all, {times.iso(found.steps[0].ts_ns)[:10]}"
    return Rows(table, *ids, Text(line))


def _folded(found: list[Order]) -> Iterator[tuple[Order, list[Order]]]:
    """Each order; of many in a row that came to nothing for one reason, as in a halt, the first
    with the others."""
    for refusal, run in groupby(found, _refusal):
        first, *others = run
        if refusal and len(others) > 1:
            yield first, others
        else:
            yield from ((one, []) for one in (first, *others))


def _add_folded(table: Table, until: str, orders: list[Order]) -> None:
    """One row for all of them, with the time of the last; `state` is the eighth column."""
    table.add_row(until, f"... {len(orders)} more", *[""] * 5, _state(orders[-1]))


def _refusal(one: Order) -> str:
    """Why nothing came of an order; empty for one that may be, or was, traded."""
    return _kind(one) if one.state in FOLDED and not one.fills else ""


def _kind(one: Order) -> str:
    """What its end has in common with that of others: all but the numbers."""
    return f"{one.state}: {re.sub(r'[0-9]+', '0', one.reason)}"


def _reasons(found: list[Order]) -> list[str]:
    """How many orders ended for each reason, which is told in full."""
    alike: dict[str, list[Order]] = {}
    for one in found:
        if one.reason:
            alike.setdefault(_kind(one), []).append(one)
    lines = []
    for same in alike.values():
        which = ", the last" if len({one.reason for one in same}) > 1 else ""
        lines.append(f"{len(same)} {same[-1].state}{which}: {same[-1].reason}")
    return lines


def _table(*columns: str) -> Table:
    """A table of these columns; `>` aligns right, `~` is folded first where it gets narrow."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.endswith(">") else "left"
        no_wrap = not column.endswith("~")
        table.add_column(column.rstrip(">~"), justify=justify, no_wrap=no_wrap, overflow="fold")
    return table


def _of(one: Order) -> str:
    """How much of how much: `10` if it is all, `3/10` otherwise."""
    whole, filled = f"{one.quantity:f}", f"{one.filled:f}"
    return whole if one.filled == one.quantity else f"{filled}/{whole}"


def _state(one: Order) -> Text:
    return Text(one.state, style=STATES.get(one.state, ""))


def _days(stamps: list[int], what: str) -> str:
    """How many there are and of which days; the rows tell the time of day alone."""
    first, last = times.iso(stamps[0])[:10], times.iso(stamps[-1])[:10]
    days = first if first == last else f"{min(first, last)} to {max(first, last)}"
    return f"{counted(len(stamps), what)}, {days}, times in UTC"
