"""`data list`, `verify`, `export`, `import`, `compact`: what was recorded."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from tapewire.common import extras, roles
from tapewire.common.amounts import counted
from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    as_on_ctrl_c,
    line,
    load,
    load_started,
    note,
    require_known,
)
from tapewire.console.commands.demo import KeepOption, SpeedOption
from tapewire.console.commands.tick_files import (
    FILE_HELP,
    BarTimeOption,
    SymbolOption,
    TimezoneOption,
    tick_file,
)
from tapewire.console.group import control

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config
    from tapewire.recorder.exporting import Exported
    from tapewire.recorder.folder import Folder
    from tapewire.recorder.missing import Missing
    from tapewire.recorder.store import Entry, Store
    from tapewire.recorder.streams import Hole, Stretch

SymbolsOption = Annotated[
    list[str] | None, typer.Option("--symbol", help="only this one; may be repeated")
]
FromOption = Annotated[str | None, typer.Option("--from", help="ISO time, UTC, or -10m")]
ToOption = Annotated[str | None, typer.Option("--to", help="ISO time, UTC, or -10m; not included")]


def list_recorded(
    symbols: SymbolsOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is recorded: per day and symbol the rows, the bytes, the first and last time, and what
    is missing."""
    folder = _folder(config, run_dir)
    store = _store(folder)
    unreadable = [*store.faults]
    wanted = [one for one in store.entries(unreadable) if not symbols or one.part.key in symbols]
    absent = _missing(store, symbols, config, run_dir)
    if as_json:
        found: dict[str, Any] = {
            "folder": str(folder.path),
            "recorded": [_plain(one) for one in wanted],
            "missing": [_missing_plain(one) for one in absent],
        }
        print(json.dumps(found | {"faults": unreadable}))
    else:
        for one in wanted:
            line(_line(one))
        for gap in absent:
            line(_missing_line(gap))
        if not wanted:
            line(f"nothing is recorded in {folder.path}")
        for fault in unreadable:
            note(fault)
    raise typer.Exit(EXIT_FAILED if unreadable else 0)


def verify_recorded(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Read back everything: checksums, order, and each hole. Status 1 if anything is damaged."""
    from tapewire.recorder.verifying import verify

    folder = _folder(config, run_dir)
    found = verify(folder)
    absent = _missing(_store(folder), None, config, run_dir)
    if as_json:
        listed = [_hole(*one) for one in found.holes]
        gaps = [_missing_plain(one) for one in absent]
        print(json.dumps({**found._asdict(), "holes": listed, "missing": gaps}))
    else:
        for gap in absent:
            line(_missing_line(gap))
        for entry, stretch, hole in found.holes:
            line(_hole_line(entry, stretch, hole))
        for fault in found.faults:
            line(f"damaged: {fault}")
        read = f"{counted(found.files, 'file')}, {counted(found.rows, 'row')}"
        holes = counted(len(found.holes) + len(absent), "hole")
        line(f"{read}, {holes}, {len(found.faults)} damaged")
    raise typer.Exit(EXIT_FAILED if found.faults else 0)


def export_recorded(
    file: Annotated[Path, typer.Argument(help="the CSV of ticks to write, .gz too")],
    symbols: SymbolsOption = None,
    since: FromOption = None,
    to: ToOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write recorded ticks to a file that `tapewire backtest` and `tapewire demo` read."""
    done = write_ticks(file, symbols, (since, to), _folder(config, run_dir))
    told = f"wrote {counted(done.ticks, 'tick')} to {file}"
    answer(as_json, {"file": str(file), **done._asdict()}, told)


def replay_recorded(
    symbols: SymbolsOption = None,
    since: FromOption = None,
    to: ToOption = None,
    speed: SpeedOption = "1",
    keep: KeepOption = False,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole group on recorded ticks, as `tapewire demo` does on a file, and print its
    figures.

    The simulator plays them as its market, to a group in a run directory of its own: they reach no
    strategy that trades anywhere else. --run-dir names the group that has recorded them.

    Status 0 only without any discrepancy, also with the simulator's books.
    """
    from tapewire.console import demo
    from tapewire.console.commands.demo import show, speed_of

    load(config)  # its strategies run, whichever group has recorded
    with tempfile.TemporaryDirectory(prefix="tapewire-replay-") as beside:
        file, span = Path(beside) / "recorded.csv", (since, to)
        pace = speed_of(speed)
        write_ticks(file, symbols, span, _folder(config, run_dir))
        with as_on_ctrl_c():
            found = demo.run(tick_file(file), None, 0, pace, note, keep)
        show(found, as_json)


def write_ticks(
    file: Path,
    symbols: list[str] | None,
    span: tuple[str | None, str | None],
    folder: "Folder",
) -> "Exported":
    """Write the recorded ticks of a span, which is as --from and --to name it, to a file."""
    from tapewire.console.commands.events import span_of
    from tapewire.recorder.exporting import export

    from_ns, to_ns = span_of(*span)
    store = _store(folder)
    known = store.symbols()
    for symbol in symbols or ():
        require_known("--symbol", symbol, known)
    if not known:
        raise ConfigError(f"nothing is recorded in {folder.path}")
    done = export(store.ticks(symbols or known, from_ns, to_ns), file)
    if done.delayed:
        note(f"{counted(done.delayed, 'tick')} of them are delayed; the file cannot say which")
    return done


def import_recorded(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)],
    symbol: SymbolOption = "",
    timezone: TimezoneOption = "",
    bar_time: BarTimeOption = "start",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a file of ticks into what is recorded. The same file again changes nothing."""
    from tapewire.recorder.importing import import_file

    started = load_started(config, run_dir)
    folder = _folder(config, run_dir)
    ticks = tick_file(file, "", symbol=symbol, timezone=timezone, bar_time=bar_time)
    with writing(started):
        done = import_file(folder, ticks)
    for sentence in ticks.notes:
        note(sentence)
    of = f" of {', '.join(done.symbols)}" if done.symbols else ""
    answer(as_json, done._asdict(), f"imported {counted(done.ticks, 'tick')}{of}")


def compact_recorded(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Make Parquet now of what was recorded. While the recorder runs it does so by itself, and the
    segment that it is writing is left to it."""
    from tapewire.common.runtime.role_lock import take_role
    from tapewire.recorder.compaction import compact

    started = load_started(config, run_dir)
    folder = _folder(config, run_dir)
    with writing(started) as run_folder:
        folder.prepare()
        if started.recorder.enabled and control.listens(run_folder):
            note("the group is up; the segment that its recorder writes is left to it")
        else:
            with take_role(run_folder, roles.RECORDER):
                for sentence in folder.adopt():
                    note(sentence)
        done = compact(folder)
    for fault in done.faults:
        note(f"damaged: {fault}")
    told = f"made Parquet of {counted(done.segments, 'segment')}, {counted(done.rows, 'row')}"
    answer(as_json, done._asdict(), told)
    raise typer.Exit(EXIT_FAILED if done.faults else 0)


def _folder(config: str | None, run_dir: Path | None) -> "Folder":
    extras.require("tapewire data", "pyarrow", "data")
    from tapewire.recorder.folder import Folder

    return Folder(load_started(config, run_dir).recorded().absolute())


@contextmanager
def writing(config: "Config") -> Iterator[Path]:
    """The run directory; what is written there within is for this user alone."""
    from tapewire.common.bus.endpoints import prepare_run_dir
    from tapewire.common.runtime import private_file

    with private_file.private():
        yield prepare_run_dir(config.run_dir)


def _store(folder: "Folder") -> "Store":
    from tapewire.recorder.store import Store

    return Store(folder)


def _plain(entry: "Entry") -> dict[str, Any]:
    table, day, key = entry.part
    return {
        "table": table, "day": day, "of": key, "rows": entry.rows, "bytes": entry.size_bytes,
        "from_ns": entry.from_ns, "to_ns": entry.to_ns, "missing": entry.missing,
        "holes": [_hole(entry, *one) for one in entry.holes],
    }  # fmt: skip


def _hole(entry: "Entry", stretch: "Stretch", hole: "Hole") -> dict[str, Any]:
    of = {"table": entry.part.table, "of": entry.part.key, "source": stretch.source}
    return {**of, "epoch": stretch.epoch, "missing": hole.missing, **msgspec.structs.asdict(hole)}


def _line(entry: "Entry") -> str:
    from tapewire.console.views import times

    table, day, key = entry.part
    span = f"{times.clock(entry.from_ns)} to {times.clock(entry.to_ns)}"
    size = f"{entry.size_bytes:,} bytes" if entry.size_bytes else "not yet Parquet"
    rows = counted(entry.rows, _noun(table))
    kind = table.partition("/")[2].replace("-", " ")
    rows += f" of {kind}" if kind else ""
    holes = f", {counted(len(entry.holes), 'hole')}, {entry.missing:,} missing"
    return f"{day} {key}: {rows}, {span}, {size}{holes if entry.holes else ''}"


def _missing(
    store: "Store", symbols: list[str] | None, config: str | None, run_dir: Path | None
) -> "list[Missing]":
    """The sessions of which nothing is there."""
    from tapewire.recorder.missing import missing
    from tapewire.recorder.spans import Market

    market = Market(load_started(config, run_dir).trading_day)
    return [one for one in missing(store, market) if not symbols or one.key in symbols]


def _missing_line(found: "Missing") -> str:
    from tapewire.console.views import times

    begin, end = times.iso(found.span.from_ns), times.iso(found.span.to_ns)
    return f"{found.key}: no {_noun(found.table)}s between {begin} and {end}"


def _missing_plain(found: "Missing") -> dict[str, Any]:
    return {"table": found.table, "of": found.key, **found.span._asdict()}


def _noun(table: str) -> str:
    """What a row of a table is: a tick, an event, a bar."""
    from tapewire.recorder.folder import family

    return family(table).removesuffix("s")


def _hole_line(entry: "Entry", stretch: "Stretch", hole: "Hole") -> str:
    from tapewire.console.views import times

    noun = "message" if entry.part.table == "ticks" else "event"
    return (
        f"{entry.part.key}: {counted(hole.missing, noun)} of {stretch.source} missing between"
        f" {times.iso(hole.from_ns)} and {times.iso(hole.to_ns)}"
    )


COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "list": list_recorded,
    "verify": verify_recorded,
    "export": export_recorded,
    "import": import_recorded,
    "replay": replay_recorded,
    "compact": compact_recorded,
}
"""The commands of `data`, by their names."""
