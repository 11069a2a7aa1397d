"""Bars that were downloaded: kept beside what is recorded, each once, and asked for once.

    bars/1-min-TRADES/date=2024-01-08/symbol=AAPL/NAME.parquet

A file has the bars of a symbol and a day (of a year, for bars of a day) and says in its footer of
which time it has all that there are. So what is missing of a span is what no file says, and a
download that was broken off asks for that alone. A weekend has no bars and no file; the file before
it says that there are none.

What could go wrong: a download of more of the same day is killed as it writes. It never changes a
file. It writes a new one, with the bars of the old one in it and a higher number in its name, and
then removes the old one. Whoever reads looks at the highest number alone: so a bar is there once,
wherever the process is killed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from tapewire.common.events import HistoryBar
from tapewire.recorder import parquet
from tapewire.recorder.compaction import Writing, making
from tapewire.recorder.folder import BARS, PARQUET, Folder, key_of
from tapewire.recorder.spans import Span, joined
from tapewire.recorder.tables import DAY_NS, Columns, Part, day_of

FIELDS: Final = HistoryBar.__struct_fields__
DIGITS: Final = 12
SHOWS: Final = ("TRADES", "MIDPOINT", "BID", "ASK")
"""What bars may show that something can be traded at, the best first."""


class Kind(NamedTuple):
    """Which bars: their size as TWS writes it, what they show, and whether they are of regular
    hours alone."""

    size: str
    show: str = "TRADES"
    regular: bool = False

    @property
    def table(self) -> str:
        """The table that has them."""
        words = [*self.size.split(), self.show, *(["regular"] if self.regular else [])]
        return f"{BARS}/{'-'.join(words)}"


def keep(
    folder: Folder, kind: Kind, symbol: str, bars: Sequence[HistoryBar], span: Span, width_ns: int
) -> int:
    """Keep the bars of a span, which are all that there are in it; returns how many. Raises
    `TapewireError` while somebody else writes there."""
    within = [bar for bar in bars if span.from_ns <= bar.ts_ns < span.to_ns]
    if not within:
        return 0
    days: dict[str, list[HistoryBar]] = {}
    for bar in within:
        days.setdefault(_day_of(bar.ts_ns, width_ns), []).append(bar)
    with making(folder):
        for (day, of_day), part in zip(days.items(), _divided(span, days, width_ns), strict=True):
            _add(folder, Part(kind.table, day, symbol), of_day, part)
    return len(within)


def _day_of(ts_ns: int, width_ns: int) -> str:
    """The day in whose file a bar is; bars of a day are in that of their year's first day."""
    day = day_of(ts_ns)
    return day if width_ns < DAY_NS else f"{day[:4]}-01-01"


def _divided(span: Span, days: dict[str, list[HistoryBar]], width_ns: int) -> Iterator[Span]:
    """The part of a span that each file vouches for: up to the first bar of the next file's day."""
    begins = [bars[0].ts_ns // DAY_NS * DAY_NS for bars in days.values()]
    edges = [span.from_ns, *(max(one, span.from_ns) for one in begins[1:]), span.to_ns]
    yield from map(Span, edges, edges[1:])


def _add(folder: Folder, part: Part, bars: Iterable[HistoryBar], span: Span) -> None:
    """Write a part's bars, those that it has already among them."""
    before = files(folder, part.table, part.day, part.key)
    known = {bar.ts_ns: bar for path in before[-1:] for bar in bars_in(path)}
    covered = [one for path in before[-1:] for one in parquet.footer(path)[1].covered]
    known |= {bar.ts_ns: bar for bar in bars}
    columns = Columns(part)
    columns.covered = joined([*covered, span])
    columns.add([tuple(getattr(known[ts], name) for name in FIELDS) for ts in sorted(known)])
    writing = Writing(folder, _name(part, _number(before[-1]) + 1 if before else 1))
    writing.add(part, columns)
    writing.finish()
    for path in before:
        with suppress(FileNotFoundError):
            path.unlink()


def files(folder: Folder, table: str, day: str, symbol: str) -> list[Path]:
    """The files of a part, the one that counts last."""
    return sorted(folder.parquet(table, day, symbol, "").parent.glob(f"*{PARQUET}"))


def bars_in(path: Path) -> list[HistoryBar]:
    """The bars of a file; raises `DamagedError`."""
    return [HistoryBar(**row) for row in parquet.read(path).to_pylist()]


def counting(folder: Folder, kind: Kind, symbol: str) -> list[Path]:
    """The files of a symbol's bars that count, day after day."""
    parts = folder.parquet(kind.table, "*", symbol, "").parent
    found: dict[Path, Path] = {}
    for path in sorted(folder.path.glob(f"{parts.relative_to(folder.path)}/*{PARQUET}")):
        found[path.parent] = path
    return [*found.values()]


def covered(folder: Folder, kind: Kind, symbol: str) -> list[Span]:
    """Of which time all bars of a symbol are there."""
    known = (parquet.footer(path)[1].covered for path in counting(folder, kind, symbol))
    return joined([span for spans in known for span in spans])


def table_of_bars(
    folder: Folder, kind: Kind, symbol: str, from_ns: int | None, to_ns: int | None
) -> pa.Table:
    """A symbol's bars from one time on and before another, in order of time."""
    tables = [parquet.read(path) for path in counting(folder, kind, symbol)]
    empty = [Columns(Part(kind.table, "", symbol)).table()]
    found = pa.concat_tables([*empty, *tables]).sort_by("ts_ns")
    return parquet.between(found, from_ns, to_ns)


def symbols_of(folder: Folder, size: str) -> dict[str, Kind]:
    """Whose bars of a size there are, and of which kind: the first of `SHOWS` that there are, of
    all hours if there are such."""
    found: dict[str, Kind] = {}
    for show in SHOWS:
        for kind in (Kind(size, show), Kind(size, show, regular=True)):
            for path in folder.path.glob(f"{kind.table}/date=*/symbol=*/*{PARQUET}"):
                found.setdefault(key_of(path.parent.name.removeprefix("symbol=")), kind)
    return dict(sorted(found.items()))


def _name(part: Part, number: int) -> str:
    """The name of a part's file, which no other has."""
    digest = hashlib.blake2b("\n".join(part).encode()).hexdigest()[:DIGITS]
    return f"{BARS}-{digest}-{number:06d}"


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
