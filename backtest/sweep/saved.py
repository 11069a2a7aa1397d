"""A sweep as files and as JSON: every run in Parquet, the page, and the outcome as one object."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tapewire.backtest.report import performance
from tapewire.backtest.report.html import write
from tapewire.backtest.sweep.deflated import Verdict
from tapewire.backtest.sweep.outcome import Outcome, Span, columns, warning
from tapewire.backtest.sweep.page import sweep_page
from tapewire.backtest.sweep.trial import Trial
from tapewire.common import extras
from tapewire.common.ticks.stamps import iso
from tapewire.common.whole_file import whole

RESULTS: Final = "results.parquet"
REPORT: Final = "report.html"


def save(outcome: Outcome, folder: Path, report: Path, say: Callable[[str], None]) -> None:
    """Write the page, and every run as Parquet if pyarrow is installed; says where."""
    write(sweep_page(outcome), report)
    say(f"report: {report}")
    if lacking := extras.missing("pyarrow", extras.command("data")):
        say(f"no {RESULTS} is written: {lacking}")
        return
    _write_parquet(columns(outcome), folder / RESULTS)
    say(f"all runs: {folder / RESULTS}")


def _write_parquet(found: dict[str, list[Any]], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    arrays = {name: _array(values) for name, values in found.items()}
    with whole(path) as beside:
        parquet.write_table(pyarrow.table(arrays), beside, compression="zstd")


def _array(values: list[Any]) -> Any:
    """A column; of text where its values have no type in common."""
    import pyarrow

    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
        return pyarrow.array([None if value is None else str(value) for value in values])


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome, JSON-able; times are ISO."""
    found = columns(outcome)
    names = list(found)
    return {
        "strategy": outcome.name,
        "parameters": {name: list(values) for name, values in outcome.grid.items()},
        "rank": outcome.rank,
        "runs": outcome.runs,
        "complete": outcome.is_whole,
        "failed": sum(bool(one.error) for one in outcome.trials),
        "spans": [_span(one) for one in outcome.spans],
        "joined": None if outcome.joined is None else performance.as_json(outcome.joined),
        "notes": outcome.notes,
        "results": [
            dict(zip(names, row, strict=True)) for row in zip(*found.values(), strict=True)
        ],
    }


def _span(one: Span) -> dict[str, Any]:
    return {
        "best": None if one.best is None else _trial(one.best),
        "judged": None if one.verdict is None else _verdict(one.verdict, warning(one)),
        "test": None if one.test is None else _trial(one.test),
    }


def _trial(one: Trial) -> dict[str, Any]:
    window = one.task.window
    return {
        "from": None if window.from_ns is None else iso(window.from_ns),
        "to": None if window.to_ns is None else iso(window.to_ns),
        "parameters": one.parameters,
        "figures": one.figures,
        "error": one.error,
    }


def _verdict(found: Verdict, told: str) -> dict[str, Any]:
    return {
        "trials": found.trials,
        "sharpe_by_luck_per_day": round(found.by_luck, performance.PLACES),
        "deflated_sharpe": round(found.deflated, performance.PLACES),
        "sentence": told,
    }
