"""A moment of the past: up to where the journals are read for it, or why it is not known.

The journals are folded up to that moment by what folds them for the present: `blotter` for orders
and positions, risk's own core for halts and limits. A journal is read in the order of its records,
up to the first one after the moment: where the clock was set back, what was written after that is
later, whatever its stamp.
"""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event, Fill, Trade
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.console.records.books import gateways_in
from tapewire.console.records.decisions import WORDS
from tapewire.console.records.journals import FOREVER_NS, Journals
from tapewire.console.records.verification import require_whole
from tapewire.console.views import times
from tapewire.risk.composition import monitor_of
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.state import state_of

OF_RISK: Final = (*roles.GATEWAYS, roles.RISK)
ENDED: Final = "ended"
"""The folder of a run directory with the journals about simulated accounts that are over."""
NS_PER_US: Final = 1_000


def until_ns(run_dir: Path, at: str | None, sources: Collection[str], now_ns: int) -> int:
    """Up to when to read the journals of these kinds for the moment that --at names; without one,
    for ever. Raises `ConfigError` for a moment that they cannot show, and `JournalError` if one of
    them does not hold all that was in it.

    Times are shown to the microsecond: one that is given so takes in all of it.
    """
    at_ns = times.parse("--at", at, now_ns)
    if at_ns is None:
        return FOREVER_NS
    if at_ns > now_ns:
        raise ConfigError(f"--at is {times.iso(at_ns)}, which is still to come; expected a time"
                          f" up to now, {times.iso(now_ns)}")  # fmt: skip
    bound_ns = at_ns + (NS_PER_US - 1 if at_ns % NS_PER_US == 0 else 0)
    for role in roles.journaled(gateways_in(run_dir)):
        if roles.kind_of(role) in sources:
            require_whole(run_dir, role)
    _require_begun(run_dir, bound_ns, sources)
    return bound_ns


def _require_begun(run_dir: Path, bound_ns: int, sources: Collection[str]) -> None:
    """Refuse a moment of which the journals here have nothing, or only a part."""
    began = _began(run_dir, sources)
    if roles.RISK in sources and roles.RISK not in began:
        raise ConfigError(
            f"no journal of risk in {run_dir / 'journals'}, so its halts are not known; where"
            " earlier trading was archived, risk's journal stayed in the run directory"
        )
    for archive in sorted((run_dir / ENDED).glob("*"), reverse=True):
        for role, first_ns in _began(archive, sources).items():
            if first_ns <= bound_ns < began.get(role, FOREVER_NS):
                raise ConfigError(
                    f"--at is {times.iso(bound_ns)}, and {role}'s journal of that time is in"
                    f" {archive}; look at it with --run-dir {archive}"
                )
    first_ns = min(began.values(), default=FOREVER_NS)
    if bound_ns < first_ns:
        begins = f"which begin at {times.iso(first_ns)}" if began else "which have no record yet"
        raise ConfigError(
            f"--at is {times.iso(bound_ns)}, before the journals in {run_dir / 'journals'},"
            f" {begins}"
        )


def _began(run_dir: Path, sources: Collection[str]) -> dict[str, int]:
    """When the first record of each journal of these kinds was written, by its role."""
    found = {}
    for path in sorted((run_dir / "journals").glob("*.sqlite")):
        if roles.kind_of(path.stem) in sources and path.stat().st_size:
            with closing(SqliteJournal(path, read_only=True)) as journal:
                first: Any = next(events_of(journal, 1, 1), None)
            if first is not None:
                found[path.stem] = first.ts_ns
    return found


class FillPrices:
    """The newest execution of a symbol as its price, for a risk core that only has journals."""

    def __init__(self, monitor: RiskMonitor) -> None:
        self._monitor = monitor
        self._prices: dict[str, float] = {}

    def note(self, fill: Fill) -> None:
        """Take an execution."""
        self._prices[fill.symbol] = float(fill.price)

    def mark(self, now: Now) -> None:
        """Show the core the prices as they are now."""
        ticks = [Trade(symbol, now.wall_ns, price, None) for symbol, price in self._prices.items()]
        self._monitor.on_ticks(ticks, now)


def risk_at(config: Config, bound_ns: int) -> tuple[dict[str, Any], list[Event]]:
    """The state of risk at a time, as its status has it, and what it had decided by then. Limits
    count at the price of each symbol's newest execution: journals have no others."""
    monitor = monitor_of(config)
    prices, decided = FillPrices(monitor), []
    with Journals(config.run_dir, sources=OF_RISK) as journals:
        for entry in journals.until(bound_ns):
            event = entry.event
            if entry.source != roles.RISK:
                monitor.on_broker(event, entry.source, entry.ts_ns)
                if isinstance(event, Fill):
                    prices.note(event)
                continue
            monitor.apply(event)
            if type(event) in WORDS:
                decided.append(event)
    now = Now(bound_ns, bound_ns)
    prices.mark(now)
    monitor.readings = monitor.rules.readings(monitor.view.at(now))
    state = "READY" if monitor.trading == "ACTIVE" else "HALTED"
    found = {"state": state, "reason": monitor.reason, "age_s": 0.0, "is_past": True}
    return found | state_of(monitor, monitor.trading), decided
