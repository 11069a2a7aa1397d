"""Risk: from a broken limit to the bytes at TWS that answer it, and to a broker that is flat.

Rules that are not broken and marks that break nothing are most of what risk looks at, so there are
many of both: 50 rules, 1,000 marks per second. Again and again the price falls through the limit of
a position, which its strategy buys again each time, and a bid works beside it. Measured is from the
mark that confirms it, as the simulator sends it, to the first cancel and to the closing order, as
the simulator reads them.

Then the gateway, the executor and the strategy are killed, and a person buys more than another
limit allows. Measured is from that execution to the one that closes the position. What waits there:
the lists of positions are not believed within a second of an execution, and the gateway must have
been dead for two.
"""

import argparse
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tapewire.benchmarks.load import breaches
from tapewire.benchmarks.load.breaches import ACCOUNT, MARKS_PER_S, PERIOD_MS, SYMBOL
from tapewire.benchmarks.load.children import BenchmarkError, Children
from tapewire.benchmarks.load.group import GROUP
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, summary_ms
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.common.events import FlattenCompleted, FlattenStarted
from tapewire.console.group.status import wait_for
from tapewire.console.records.books import read_journal

Figures = dict[str, Any]

RULES: Final = 50
FIRST_P99_MS: Final = 20.0
FLAT_P99_MS: Final = 2000.0
TIMEOUT_S: Final = 30.0
KILLED: Final = (roles.GATEWAY, roles.EXECUTOR, next(r for r in GROUP if r.startswith("strategy")))

_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ port = {port}, reconnect_ms = 100 }}
metrics = {{ enabled = false }}

[[instruments]]
symbol = "{symbol}"

[[strategies]]
name = "bench"
strategy = "tapewire.benchmarks.load.strategies:Holder"
account = "{account}"

[[risk.rules]]
rule = "UnrealizedLoss"
parameters = {{ limit = 50, confirm_ms = 0, confirm_marks = 2 }}
enforcement = "flatten"
until = 1

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = {{ limit = 50 }}
enforcement = "flatten"
until = 1
"""
_WIDE: Final = {
    "MaxContracts": "limit",
    "MaxContractsPerInstrument": "limit",
    "UnrealizedLoss": "limit",
    "UnrealizedProfit": "limit",
    "DailyRealizedLoss": "limit",
    "MaxNotional": "gross",
    "MaxOpenOrders": "limit",
    "MaxOrderSize": "limit",
}
"""Rules that are not broken, and the parameter of each that is its limit."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long."""
    parser.add_argument(
        "--seconds", type=seconds, default=40.0, help="of breaches, one each 5 s (40)"
    )
    parser.add_argument("--kills", type=int, default=3, help="breaches without a gateway (3)")


def measure(options: argparse.Namespace) -> Figures:
    """The rounds, then those without a gateway."""
    rounds = max(1, round(options.seconds * 1000 / PERIOD_MS))
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        folder = Path(name)
        with Children(folder) as children:
            desk = breaches.Desk(children, folder, rounds)
            stand = _Stand(children, desk, folder)
            stand.rounds(rounds)
            flat_ns = stand.without_gateway(options.kills)
            lines = desk.lines()
    to_cancel, to_close = _answers(lines, rounds)
    late = [n for n in range(rounds) if None in (to_cancel[n], to_close[n])]
    measured = {
        "mark to first cancel": summary_ms(to_cancel),
        "mark to closing order": summary_ms(to_close),
        "execution to flat, without a gateway": summary_ms(flat_ns),
    }
    return {
        "benchmark": "risk",
        "rules": RULES,
        "marks_per_s": MARKS_PER_S,
        "answers_ms": measured,
        "goals": [
            goal(f"{name}: p99", one["p99"], "ms", most=bound)
            for (name, one), bound in zip(
                measured.items(), (FIRST_P99_MS, None, FLAT_P99_MS), strict=True
            )
        ],
        "faults": [f"breach {n + 1} of {rounds} was not answered in time" for n in late],
    }


class _Stand:
    """The group, and the person who buys what it has to close."""

    def __init__(self, children: Children, desk: breaches.Desk, folder: Path) -> None:
        self._desk, self._run_dir = desk, folder / "run"
        config = folder / "tapewire.toml"
        about = {"run_dir": self._run_dir, "port": desk.port, "symbol": SYMBOL, "account": ACCOUNT}
        config.write_text(_CONFIG.format(**about) + "".join(_wide_rules(RULES - 2)))
        self._processes = {
            name: children.start(name, arguments, config=config)
            for name, arguments in GROUP.items()
        }
        children.wait_ready(self._run_dir, list(GROUP))

    def rounds(self, count: int) -> None:
        """Wait for the market's end."""
        end_ns = self._began_ns() + breaches.market_ms(count) * 1_000_000
        time.sleep(max(0.0, (end_ns - time.time_ns()) / 1e9) + 0.5)

    def without_gateway(self, count: int) -> list[int]:
        """From an execution that breaks a limit to the one that closes its position."""
        for name in KILLED:
            self._processes[name].send_signal(signal.SIGKILL)
        found: list[int] = []
        for number in range(count):
            if not wait_for(self._is_over, TIMEOUT_S):
                raise BenchmarkError(f"flatten {number} was not over after {TIMEOUT_S:.0f} s")
            time.sleep(2)  # its lock-out has ended, too
            before = len(breaches.executions(self._desk.lines(), "SELL"))
            self._desk.buy(60)
            sold: list[int] = []

            def is_sold(before: int = before, sold: list[int] = sold) -> bool:
                sold[:] = breaches.executions(self._desk.lines(), "SELL")[before:]
                return bool(sold)

            if not wait_for(is_sold, TIMEOUT_S):
                raise BenchmarkError(f"nothing was closed in {TIMEOUT_S:.0f} s without a gateway")
            found.append(sold[0] - breaches.executions(self._desk.lines(), "BUY")[-1])
        return found

    def _is_over(self) -> bool:
        events = read_journal(self._run_dir, roles.RISK)
        begun = sum(isinstance(one, FlattenStarted) for one in events)
        return begun == sum(isinstance(one, FlattenCompleted) for one in events)

    def _began_ns(self) -> int:
        """When the market began: with the first tick."""
        found: list[int] = []

        def has_begun() -> bool:
            found[:] = [o["ts_ns"] for o in self._desk.lines() if o["kind"] == "market_data"]
            return bool(found)

        if not wait_for(has_begun, TIMEOUT_S):
            raise BenchmarkError(f"the market has not begun after {TIMEOUT_S:.0f} s")
        return found[0]


def _wide_rules(count: int) -> list[str]:
    """Entries of rules with a limit that nothing reaches."""
    kinds = list(_WIDE.items())
    return [
        f'\n[[risk.rules]]\nrule = "{rule}"\nparameters = {{ {limit} = {1_000_000_000 + n} }}\n'
        for n in range(count)
        for rule, limit in [kinds[n % len(kinds)]]
    ]


def _answers(
    lines: Sequence[breaches.Line], rounds: int
) -> tuple[list[int | None], list[int | None]]:
    """From each mark that confirms a breach to the first cancel, and to the closing order."""
    begun = breaches.confirmed_ns(lines, rounds)
    found = [
        [_first(breaches.requests(lines, kinds), since_ns) for since_ns in begun]
        for kinds in (breaches.CANCELS, [breaches.PLACE])
    ]
    return found[0], found[1]


def _first(times: Sequence[int], since_ns: int) -> int | None:
    """How long after a moment the first of these was; None where it belongs to the next round."""
    after = min((one - since_ns for one in times if one >= since_ns), default=None)
    return after if after is not None and after < PERIOD_MS * 1_000_000 else None


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    console.print(f"{figures['rules']} rules, {figures['marks_per_s']} marks per second")
    table = Table(title="milliseconds", title_justify="left")
    columns = ("p50", "p99", "max", "count")
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for name, one in figures["answers_ms"].items():
        table.add_row(name, *("-" if one[c] is None else str(one[c]) for c in columns))
    console.print(table)
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")
