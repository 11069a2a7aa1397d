"""History that is kept: bars of the past into the store, and only those that are not there."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from msgspec.structs import replace

from tapewire.common import extras, roles
from tapewire.common.amounts import counted
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.common.events import HistoryQuery
from tapewire.console.commands import data_queries
from tapewire.console.commands.common import EXIT_FAILED, answer, load_started, note
from tapewire.console.commands.data_recorded import writing

if TYPE_CHECKING:
    from tapewire.recorder.bars import Kind
    from tapewire.recorder.folder import Folder
    from tapewire.recorder.spans import Span

EXIT_STOPPED: Final = 130
NS_PER_S: Final = 1_000_000_000
TWS_QUESTIONS, TWS_MINUTES = 60, 10
"""TWS answers so many questions about history in so many minutes."""
LOCKED_S: Final = 0.5
LOCKED_MAX: Final = 240
"""Somebody else makes Parquet for two minutes at most; then a person should know."""


def download(
    query: HistoryQuery, gateway: str, config: str | None, run_dir: Path | None, *, as_json: bool
) -> None:
    """Ask for what the store does not have, and keep it part by part."""
    extras.require("--keep", "pyarrow", "data")
    from tapewire.common.history_words import DAY_S, answer_max_s, size_s
    from tapewire.recorder.bars import Kind, covered
    from tapewire.recorder.folder import Folder
    from tapewire.recorder.spans import Span, without

    width_s = size_s(query.bars)
    if width_s is None or width_s > DAY_S:
        raise ConfigError(f"--bars is {query.bars!r:.40}; --keep takes bars of up to 1 day")
    if query.show == "ADJUSTED_LAST":
        raise ConfigError("--show is ADJUSTED_LAST, which each dividend changes; it is not kept")
    started = load_started(config, run_dir)
    kind = Kind(" ".join(query.bars.split()), query.show, query.regular_hours)
    folder = Folder(started.recorded().absolute())
    span = _asked(query, width_s * NS_PER_S)
    lacking = without(span, covered(folder, kind, query.symbol))
    kept, empty_ns = 0, None
    parts = [*_parts(lacking, max(answer_max_s(width_s) or 0, DAY_S) * NS_PER_S)]
    _announce(len(parts), at_tws=started.kind_at(roles.login_name(gateway)) == "tws")
    with writing(started):
        for number, part in enumerate(parts):
            if number and sys.stderr.isatty():
                note(f"{number:,} of {len(parts):,} parts, {counted(kept, 'bar')}")
            asked = replace(query, start_ns=part.from_ns, end_ns=part.to_ns)
            found = data_queries.answer(asked, "bars", gateway, config, run_dir)
            begin_ns = part.from_ns if empty_ns is None else empty_ns
            whole = Span(begin_ns, found.up_to_ns if found.reason else part.to_ns)
            rows = [row for page in found.pages for row in page.rows]
            new = _keep(folder, kind, query.symbol, rows, whole, width_s * NS_PER_S)
            empty_ns = None if new else begin_ns  # the next file says that there was nothing
            kept += new
            if found.reason:
                note(f"kept {counted(kept, 'bar')}; {found.reason}; the same command goes on there")
                raise typer.Exit(EXIT_STOPPED if found.reason == "stopped" else EXIT_FAILED)
    told = f"kept {counted(kept, 'bar')} of {query.symbol}"
    told += "" if lacking else "; all of that time was there"
    answer(as_json, {"symbol": query.symbol, "bars": query.bars, "kept": kept}, told)


def _announce(parts: int, *, at_tws: bool) -> None:
    """Say how much is asked for, and how long that takes at least."""
    if parts < 2:
        return
    minutes = (parts - 1) // TWS_QUESTIONS * TWS_MINUTES if at_tws else 0
    least = f"; TWS's limits make that take at least {minutes} min" if minutes else ""
    note(f"{parts:,} parts to ask for, each kept as it comes{least}")


def _asked(query: HistoryQuery, width_ns: int) -> "Span":
    """The span that is asked for, up to the last bar that is over."""
    from tapewire.common.history_words import duration_s
    from tapewire.recorder.spans import Span

    now_ns = time.time_ns()
    back_s = duration_s(query.back)
    if not query.start_ns and back_s is None:
        raise ConfigError(f"--back is {query.back!r:.40}; expected a span such as 2 D, or --from")
    end_ns = min(query.end_ns or now_ns, now_ns - now_ns % width_ns)
    start_ns = query.start_ns or end_ns - (back_s or 0) * NS_PER_S
    start_ns -= start_ns % width_ns
    if start_ns >= end_ns:
        raise ConfigError("--from is not before --until, or no bar has ended since then")
    return Span(start_ns, end_ns)


def _parts(spans: "list[Span]", part_ns: int) -> "Iterator[Span]":
    """Spans in parts that are kept as soon as they are there."""
    for span in spans:
        for from_ns in range(span.from_ns, span.to_ns, part_ns):
            yield span._replace(from_ns=from_ns, to_ns=min(from_ns + part_ns, span.to_ns))


def _keep(
    folder: "Folder", kind: "Kind", symbol: str, rows: list[Any], span: "Span", width_ns: int
) -> int:
    """Keep bars, once nobody else writes there; returns how many."""
    from tapewire.recorder.bars import keep

    for left in reversed(range(LOCKED_MAX)):
        try:
            return keep(folder, kind, symbol, rows, span, width_ns)
        except TapewireError:
            if not left:
                raise
            time.sleep(LOCKED_S)
    raise AssertionError
