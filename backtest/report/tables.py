"""A back-test on a terminal with 80 columns: figures, results, trades, differences."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Final

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.backtest.compare import Executed, Pair
from tapewire.backtest.report import summary
from tapewire.backtest.report.formats import duration, money, price
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.results import Result, Results
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.run import Outcome
from tapewire.common.ticks.stamps import clock, iso

TRADES_SHOWN: Final = 20
SYMBOL_WIDTH: Final = 13
YEAR, DAY, MINUTE = 4, 10, 16
"""How long the parts of an ISO time are: up to the year, the day, the minute."""
SHOWN: Final = (
    "messages_sent", "ticks_published", "signals", "signals_denied", "orders",
    "orders_rejected", "orders_open", "fills", "duplicates", "position_difference",
    "pnl_difference", "halts", "dead_letters",
)  # fmt: skip


def shown(outcome: Outcome) -> RenderableType:
    """The whole back-test."""
    found, figures = outcome.scan, outcome.figures
    parts: list[RenderableType] = [
        Text(f"{iso(found.first_ns)} to {iso(found.last_ns)}, {found.rows:,} rows"),
        _figures(figures),
        Text(""),
        *_results(outcome.results),
        *_trades(outcome.results),
        Text(""),
        *_statistics(outcome.statistics),
    ]
    parts += [Text(f"note: {note}", style="yellow") for note in outcome.notes]
    parts += [Text(f"FAULT: {fault}", style="red") for fault in figures["faults"]]
    if not figures["faults"]:
        parts.append(Text("the ledger matches the broker", style="green"))
    return Rows(*parts)


def differences(pairs: Sequence[Pair]) -> RenderableType:
    """A live run against the back-test: each order that differs, one per line."""
    table = _table("UTC", "strategy", "symbol", "side")
    for column in ("qty live", "back", "price live", "back", "ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for pair in pairs:
        if not pair.is_equal:
            table.add_row(
                clock(pair.ts_ns)[:8], _cut(pair.strategy), _cut(pair.symbol, 8), pair.side,
                *_both(pair.live, pair.backtest), _delay(pair),
            )  # fmt: skip
    equal = sum(p.is_equal for p in pairs)
    line = f"{equal} of {len(pairs)} executed orders are equal; the others (live - back-test):"
    return Rows(Text(line), table) if equal < len(pairs) else Text(f"all {equal} are equal")


def _figures(figures: dict[str, Any]) -> Table:
    """Three figures per line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column()
        table.add_column(justify="right")
    for first in range(0, len(SHOWN), 3):
        cells = [(name, _number(figures[name])) for name in SHOWN[first : first + 3]]
        table.add_row(*(Text(cell) for pair in cells for cell in pair))
    return table


def _results(results: Results) -> Iterable[RenderableType]:
    for total in results.strategies:
        table = _table(total.strategy)
        for column in ("trades", "qty", "gross", "fees", "net", "win", "drawdown", "hold"):
            table.add_column(column, justify="right", no_wrap=True)
        rows = [r for r in results.rows if r.strategy == total.strategy]
        for row in rows:
            table.add_row(*_row(row, row.symbol))
        if len(rows) > 1:
            table.add_row(*_row(total, "all"), style="bold")
        yield table
        yield Text("")
    if len(results.strategies) > 1:
        yield _total(results.total)
        yield Text("")


def _total(total: Result) -> Text:
    text = f"all: {total.trades:,} trades, gross {money(total.gross)}, fees {money(total.fees)}"
    text += f", net {money(total.net)}, drawdown {money(total.max_drawdown)}"
    return Text(text, style="bold")


def _row(one: Result, name: str) -> list[str]:
    win = "-" if one.win_rate is None else f"{one.win_rate:.0%}"
    hold = "-" if one.holding_s is None else duration(one.holding_s)
    quantity = money(one.quantity, 0) if one.symbol else ""
    return [
        _cut(name), f"{one.trades:,}", quantity, money(one.gross), money(one.fees),
        money(one.net), win, money(one.max_drawdown), hold,
    ]  # fmt: skip


def _trades(results: Results) -> Iterable[RenderableType]:
    trades = [*results.trades, *results.open_trades]
    if not trades:
        yield Text("no trades")
        return
    table = _table("strategy", "symbol", "side")
    for column in ("qty", "entry UTC", "price", "exit UTC", "price", "net"):
        table.add_column(column, justify="right", no_wrap=True)
    shown = trades[-TRADES_SHOWN:]
    moment = _moments(shown)
    for trip in shown:
        table.add_row(*_trade(trip, moment))
    yield table
    if len(trades) > TRADES_SHOWN:
        yield Text(f"the last {TRADES_SHOWN} of {len(trades):,} trades; --json has them all")


def _moments(trades: Sequence[RoundTrip]) -> Callable[[int], str]:
    """How moments of these trades are shown: the time within one day, the day with it within one
    year, and else the day."""
    found = [iso(ns) for one in trades for ns in (one.entry_ns, one.exit_ns) if ns is not None]
    first, last = min(found), max(found)
    if first[:DAY] == last[:DAY]:
        return lambda ns: clock(ns)[:8]
    if first[:YEAR] == last[:YEAR]:
        return lambda ns: iso(ns)[YEAR + 1 : MINUTE].replace("T", " ")
    return lambda ns: iso(ns)[:DAY]


def _trade(one: RoundTrip, moment: Callable[[int], str]) -> list[str]:
    is_open = one.exit_ns is None
    return [
        _cut(one.strategy), _cut(one.symbol, 9), one.direction.lower(), money(one.quantity, 0),
        moment(one.entry_ns), price(one.entry_price),
        "open" if is_open else moment(one.exit_ns or 0),
        "" if one.exit_price is None else price(one.exit_price), money(one.net),
    ]  # fmt: skip


def _statistics(found: Statistics) -> Iterable[RenderableType]:
    """The equity's statistics beside the benchmark's, and those of the trades at their right."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("statistics", no_wrap=True)
    for head in ("value", summary.benchmark_name(found)):
        table.add_column(_cut(head, 2 * SYMBOL_WIDTH), justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    rows = zip_longest(summary.compared(found), summary.of_trades(found))
    for left, right in rows:
        beside = ("", "") if right is None else (f"  {right.name}", right.value)
        table.add_row(left.name, left.value, left.benchmark, *beside)
    yield table
    yield Text(summary.basis(found))
    yield Text("")


def _both(live: Executed | None, back: Executed | None) -> list[str]:
    quantities = ["-" if one is None else money(one.quantity, 0) for one in (live, back)]
    return quantities + ["-" if one is None else price(one.price) for one in (live, back)]


def _delay(pair: Pair) -> str:
    if pair.live is None or pair.backtest is None:
        return ""
    return f"{(pair.live.ts_ns - pair.backtest.ts_ns) / 1e6:+.0f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(_cut(column), no_wrap=True)
    return table


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cut(name: str, width: int = SYMBOL_WIDTH) -> str:
    """A long name without its middle, because names often differ at the end."""
    tail = width // 3
    return name if len(name) <= width else f"{name[: width - tail - 1]}…{name[-tail:]}"
