"""A back-test as one JSON object: figures, results, trades, equity. Money is decimal text."""

from typing import Any

from tapewire.backtest.report.results import Result
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.run import Outcome
from tapewire.common.amounts import text, text_or_none
from tapewire.common.ticks.stamps import iso

MATCHING = "flat to flat; entry and exit at average price, the same P&L as FIFO"


def report(outcome: Outcome) -> dict[str, Any]:
    """Everything, without a word on the time it took: the same file gives the same object."""
    results = outcome.results
    return {
        "from": iso(outcome.survey.first_ns),
        "to": iso(outcome.survey.last_ns),
        "rows": outcome.survey.rows,
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
    }


def row(one: Result) -> dict[str, Any]:
    """A result; sums over symbols have no quantity and no position, which would mean nothing."""
    told: dict[str, Any] = {"strategy": one.strategy or "all"}
    if one.symbol:
        told |= {
            "symbol": one.symbol,
            "quantity": text(one.quantity),
            "position": text(one.position),
        }
    return told | {
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
    """A round trip; an open one has no exit, and its gross P&L is at the last mark."""
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
