"""Whether a demo can be compared with a back-test: on the same data, span, strategies and settings.

What the two traded differs then by how live trading differs from a back-test, and by nothing else.
Any other difference would show as differing orders too, and nobody could tell which is which: so
the comparison is refused, and what differs is named.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from tapewire.backtest.scan import Scan, Window, rules_about, trading
from tapewire.common.config.backtest import BacktestConfig
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.stamps import iso, stamp_ns

NS_PER_S: Final = 1_000_000_000
END_APART_MAX_NS: Final = NS_PER_S
"""A demo's length counts from its first tick, and a back-test's end is a time."""
OF_STRATEGIES: Final = frozenset({"path", "feeds"})
"""Keys of a strategy that may differ: where its file is, and what a back-test does not read."""
SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "executor": ("what_if",),
    "gateway": (
        "order_quantity_max", "orders_max_per_s", "rejections_max", "rejections_window_ms",
        "rejections_pause_ms", "bars",
    ),
    "orders": ("types",),
    "simulator": ("scenario", "opens", "closes"),
    "tws": ("rate_max_per_s",),
    "trading_day": (),
}  # fmt: skip
"""What else decides on orders, by its table; without keys all of it."""


def require(
    run_dir: Path,
    live: Config | None,
    file: TickFile,
    window: Window,
    here: Config,
    scan: Scan,
) -> None:
    """Raise `ConfigError`, which names all that differs, unless the demo in `run_dir`, which ran
    with `live`, can be compared with a back-test that is to run with `here`."""
    if live is None:
        raise ConfigError(
            f"--compare {run_dir}: it does not say what it ran with; expected the run directory of"
            " a demo of this version"
        )
    found = [
        *_data(live, file, window),
        *_span(live, window, scan),
        *_strategies(live, here, scan),
        *_instruments(live, here),
        *_settings(live, here),
        *_fills(here),
    ]
    if found:
        lines = "".join(f"\n  {one}" for one in found)
        raise ConfigError(f"--compare {run_dir}: it cannot be compared with this back-test:{lines}")


def _data(live: Config, file: TickFile, window: Window) -> Iterator[str]:
    ticks = live.simulator.ticks
    if not live.simulator.plays_file or ticks is None:
        yield "its market was not a file; run `tapewire demo --ticks` on the file of the back-test"
        return
    if not ticks.is_file():
        yield f"its ticks were {ticks}, which is not there any more"
    elif not _has_rows_of(file, ticks, window):
        yield f"its ticks were {ticks}, and those here are {file.path}, which has other rows"


def _has_rows_of(file: TickFile, ticks: Path, window: Window) -> bool:
    """Whether a file has the rows that a demo read of `ticks`: it is the same, or a copy, or what
    was recorded. Files of others are read again, as options may have them read otherwise."""
    if file.is_own and isinstance(file.source, Path) and ticks.samefile(file.source):
        return True
    span = (window.from_ns, window.to_ns)
    both = zip_longest(TickFile(ticks).rows(*span), file.rows(*span))
    return all(one == other for one, other in both)


def _span(live: Config, window: Window, scan: Scan) -> Iterator[str]:
    market = live.simulator
    if market.speed != 1:
        pace = f"{market.speed:g} times its pace" if market.speed else "full speed"
        yield f"it was played at {pace}, so its times cannot be paired; use --speed 1"
    start_ns = stamp_ns(market.start) if market.start else None
    if start_ns != window.from_ns:
        yield f"--from: it began {_at(start_ns)}, the back-test {_at(window.from_ns)}"
    elif not _ends_alike(market.seconds, window, scan):
        length = f"after {market.seconds:g} s" if market.seconds else "with the file"
        yield f"--to: it ended {length}, the back-test {_at(window.to_ns, 'with the file')}"


def _ends_alike(seconds: float, window: Window, scan: Scan) -> bool:
    if not seconds:
        return window.to_ns is None
    length_ns = int(seconds * NS_PER_S)
    if window.to_ns is None:
        return scan.last_ns <= scan.first_ns + length_ns
    starts = (scan.first_ns, window.from_ns or scan.first_ns)
    return any(abs(one + length_ns - window.to_ns) <= END_APART_MAX_NS for one in starts)


def _at(ns: int | None, otherwise: str = "with the file") -> str:
    return otherwise if ns is None else f"at {iso(ns)}"


def _strategies(live: Config, here: Config, scan: Scan) -> Iterator[str]:
    """A demo chooses by all of its file, and a back-test by the part that it runs: so what has no
    ticks in that part is left out of both."""
    ours = {one.name: one.model_dump(mode="json") for one in here.strategies}
    running = trading(live, live.strategies, scan.ticks) if live.strategies else []
    theirs = {one.name: one.model_dump(mode="json") for one in running}
    if ours.keys() != theirs.keys():
        yield f"strategies: {', '.join(theirs)} in the run, {', '.join(ours)} here"
    for name in ours.keys() & theirs.keys():
        kept = [key for key in ours[name] if key not in OF_STRATEGIES]
        yield from _differing(f"strategies.{name}", theirs[name], ours[name], kept)


def _instruments(live: Config, here: Config) -> Iterator[str]:
    ours = {one.symbol: one for one in here.all_instruments()}
    theirs = {one.symbol: one for one in live.all_instruments()}
    if unread := sorted(ours.keys() - theirs.keys()):
        yield f"instruments: the run did not read {', '.join(unread)}"
    for symbol in sorted(ours.keys() & theirs.keys()):
        one, other = ours[symbol], theirs[symbol]
        for key in ("multiplier", "currency"):
            if getattr(one, key) != getattr(other, key):
                yield _apart(f"instruments.{symbol}.{key}", getattr(other, key), getattr(one, key))


def _settings(live: Config, here: Config) -> Iterator[str]:
    theirs, ours = (one.model_dump(mode="json") for one in (live, here))
    symbols = [one.symbol for one in here.instruments]
    before, after = (
        [rule.model_dump(mode="json") for rule in rules_about(one, here.strategies, symbols)]
        for one in (live, here)
    )
    if before != after:
        yield f"risk.rules: {_names(before)} in the run, {_names(after)} here"
    for table, keys in SETTINGS.items():
        yield from _differing(table, theirs[table], ours[table], keys or ours[table])


def _fills(here: Config) -> Iterator[str]:
    """A demo's simulator fills orders as a back-test does where nothing is configured."""
    theirs, ours = (one.model_dump(mode="json") for one in (BacktestConfig(), here.backtest))
    yield from _differing("backtest", theirs, ours, ours)


def _names(rules: list[dict[str, Any]]) -> str:
    """Rules in a few words."""
    return ", ".join(f"{one['rule']} {_shown(one['parameters'])}" for one in rules) or "none"


def _differing(
    place: str, theirs: Mapping[str, Any], ours: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[str]:
    """A sentence for each of these keys whose values differ; of tables for each key in them."""
    for key in keys:
        one, other, name = theirs.get(key), ours.get(key), ".".join(filter(None, (place, key)))
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differing(name, one, other, dict.fromkeys([*one, *other]))
        elif one != other:
            yield _apart(name, one, other)


def _apart(name: str, live: Any, here: Any) -> str:
    return f"{name} is {_shown(live)} in the run, and {_shown(here)} here"


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
