"""A benchmark that is a contest: its options, one run per number of symbols, its goals.

`throughput` and `tws` are two of these; what differs between them is who competes, and for what.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.benchmarks.contest import Contender, Entry, contest, faults, where_of
from tapewire.benchmarks.load.children import Children, Talk
from tapewire.benchmarks.load.made_ticks import MARK, symbols
from tapewire.benchmarks.options import counts, seconds
from tapewire.benchmarks.report.contest_show import show
from tapewire.benchmarks.report.figures import goal

Figures = dict[str, Any]

SECONDS: Final = 3.0

_CONFIG: Final = """\
run_dir = "{run_dir}"
{settings}

[[strategies]]
name = "bench"
strategy = "tapewire.benchmarks.load.strategies:{strategy}"

{instruments}
"""


def nothing_else(_children: Children, _symbols: int, _seconds: float) -> Figures:
    """A contest is all there is."""
    return {}


class TickContest(NamedTuple):
    """One benchmark: who takes part on how many symbols, the goals of such a run, and what else is
    measured in it, once the contest is over."""

    name: str
    symbols: Sequence[int]
    entries: Callable[[Children, int], Mapping[str, Entry]]
    goals: Callable[[Figures], Iterable[Figures]]
    beside: Callable[[Children, int, float], Figures] = nothing_else

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """How long, and of how many symbols."""
        text = ",".join(map(str, self.symbols))
        parser.add_argument(
            "--seconds",
            type=seconds,
            default=SECONDS,
            help=f"measured a contender and count ({SECONDS:g})",
        )
        parser.add_argument(
            "--symbols", type=counts, default=self.symbols, help=f"with commas ({text})"
        )

    def measure(self, options: argparse.Namespace) -> Figures:
        """Each number of symbols, with new processes."""
        runs = [self._measure(count, options.seconds) for count in options.symbols]
        return {
            "benchmark": self.name,
            "seconds": options.seconds,
            "runs": runs,
            "goals": [one for run in runs for one in self.goals(run)],
            "faults": [one for run in runs for one in faults(run, where_of(run))],
        }

    def show(self, figures: Figures) -> None:
        """Print all of it."""
        show(figures)

    def _measure(self, symbol_count: int, measured_s: float) -> Figures:
        with (
            tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
            Children(Path(name)) as children,
        ):
            figures = contest(self.entries(children, symbol_count), measured_s)
            beside = self.beside(children, symbol_count, measured_s)
        return {"symbols": symbol_count, **figures, **beside}


def write_config(
    folder: Path, symbol_count: int, settings: str, strategy: str = "Counting"
) -> Path:
    """A `tapewire.toml` in `folder`, with one strategy that counts, on all symbols and `MARK`."""
    folder.mkdir(exist_ok=True)
    instruments = (
        f'[[instruments]]\nsymbol = "{name}"\ncon_id = {number}'
        for number, name in enumerate((*symbols(symbol_count), MARK), 1)
    )
    config = folder / "tapewire.toml"
    config.write_text(
        _CONFIG.format(
            run_dir=folder / "run",
            settings=settings,
            strategy=strategy,
            instruments="\n".join(instruments),
        )
    )
    return config


def alone(children: Children, name: str, *arguments: object) -> Callable[[], Contender]:
    """One process that is source and sink: `python -m tapewire.benchmarks.peers.ARGUMENTS`."""

    def start() -> Contender:
        module, *rest = arguments
        talk = Talk(children, name, [f"tapewire.benchmarks.peers.{module}", *rest])
        talk.hear()
        return Contender(talk, talk, {})

    return start


def rate_goal(run: Figures, what: str, least: float) -> Figures:
    """Tapewire's own ticks per second."""
    rate = run["contenders"]["tapewire"]["ticks_per_s"]
    return goal(f"{where_of(run)}: {what}", rate, "/s", least=least)


def ratio_goals(run: Figures, least: Mapping[str, float | None]) -> list[Figures]:
    """How many times each other's rate Tapewire's is; of those that took part."""
    contenders = run["contenders"]
    return [
        goal(
            f"{where_of(run)}: times {name}", run["ratios"][name], "x",
            least=bound, figure=contenders[name]["ticks_per_s"],
        )
        for name, bound in least.items()
        if "skipped" not in contenders[name]
    ]  # fmt: skip
