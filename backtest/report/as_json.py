"""A back-test as one JSON object: figures, results, trades, equity. Amounts are decimal text."""

from typing import Any

from tapewire.backtest.report import performance
from tapewire.backtest.report.results import Result
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.run import Outcome
from tapewire.common.amounts import text, text_or_none
from tapewire.common.ticks.stamps import iso

MATCHING = "flat to flat; entry and exit at average price, the same P&L as FIFO"


def report(outcome: Outcome) -> dict[str, Any]:
    """The whole back-test, but for the time it took: the same file gives the same object."""
    results = outcome.results
    return {
        "from": iso(outcome.scan.first_ns),
        "to": iso(outcome.scan.last_ns),
        "rows": outcome.scan.rows,
        "loaded": outcome.loaded,
        **outcome.figures,
        "results": [row(r) for r in results.rows],
        "strategies": [row(r) for r in results.strategies],
        "total": row(results.total),
        "matching": MATCHING,
        "trades": [trade(t) for t in results.trades],
        "open_trades": [trade(t) for t in results.open_trades],
        "equity": {
            "sample_ns": outcome.sample_ns,
            "points": [[ts_ns, text(value)] for ts_ns, value in results.curves.total],
        },
        "notes": list(outcome.notes),
        "statistics": performance.as_json(outcome.statistics),
    }


def row(one: Result) -> dict[str, Any]:
    """A result. A sum over symbols has no quantity and no position: they would mean nothing."""
    found: dict[str, Any] = {"strategy": one.strategy or "all"}
    if one.symbol:
        found |= {
            "symbol": one.symbol,
            "quantity": text(one.quantity),
            "position": text(one.position),
        }
    return found | {
        "trades": one.trades,
        "wins": one.wins,
        "win_rate": one.win_rate,
        "realised": text(one.realised),
        "unrealised": text(one.unrealised),
        "gross": text(one.gross),
        "fees": text(one.fees),
        "net": text(one.net),
        "max_drawdown": text(one.max_drawdown),
        "holding_s": one.holding_s,
    }


def trade(one: RoundTrip) -> dict[str, Any]:
    """A round trip. An open one has no exit; its gross P&L is that at the last mark."""
    return {
        "strategy": one.strategy,
        "symbol": one.symbol,
        "direction": one.direction,
        "quantity": text(one.quantity),
        "entry": iso(one.entry_ns),
        "entry_price": text(one.entry_price),
        "exit": None if one.exit_ns is None else iso(one.exit_ns),
        "exit_price": text_or_none(one.exit_price),
        "gross": text(one.gross),
        "fees": text(one.fees),
        "net": text(one.net),
    }
