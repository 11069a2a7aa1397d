"""`tapewire risk test EVENTS`: from what it is given to what it prints."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.events import OrderDenied, RiskHalted, RiskViolation
from tapewire.console.records import audit, exported, journals
from tapewire.console.records.journals import FOREVER_NS, Entry, Journals
from tapewire.console.rehearsal import Found, Rehearsal, of_journals
from tapewire.console.views import times

TICKS: Final = (".csv", ".csv.gz")
SOURCES: Final = (*roles.GATEWAYS, roles.RISK)


def rehearse(
    path: Path, config: Config, from_ns: int, to_ns: int, say: Callable[[str], None]
) -> Found:
    """The rules of `config` on a run directory, a folder of journals, a file of exported events, or
    a file of ticks. Raises `ConfigError` for anything else."""
    if path.name.endswith(TICKS):
        return _on_ticks(path, config, from_ns, to_ns, say)
    rehearsal = Rehearsal(config, from_ns)
    if path.is_file():
        entries = sorted(exported.read(path), key=lambda entry: entry.ts_ns)
        return rehearsal.run(entry for entry in entries if entry.ts_ns <= to_ns)
    run_dir = path.parent if path.name == "journals" else path
    if not (run_dir / "journals").is_dir():
        raise ConfigError(
            f"EVENTS is {path}, which is neither a run directory, nor a file of"
            " `tapewire events --json`, nor a CSV of ticks"
        )
    with Journals(run_dir, 0, SOURCES) as found:
        return rehearsal.run(found.until(to_ns))


def _on_ticks(
    path: Path, config: Config, from_ns: int, to_ns: int, say: Callable[[str], None]
) -> Found:
    from tapewire.backtest.run import run
    from tapewire.backtest.scan import Window
    from tapewire.console.commands.tick_files import tick_file

    window = Window(from_ns or None, to_ns if to_ns != FOREVER_NS else None)
    return of_journals(run(tick_file(path), window, config, [], say=say).journals)


def as_lines(found: Found) -> Iterator[str]:
    """The decisions and the denials for a person, in the order of their times."""
    for _, one in _in_order(found):
        if isinstance(one, Entry):
            yield f"{times.iso(one.ts_ns)}  denied: {journals.as_text(one)}"
        else:
            yield from audit.as_lines(one, times.iso)


def as_json(found: Found) -> Iterator[dict[str, Any]]:
    """Each of them as one JSON object."""
    for _, one in _in_order(found):
        yield journals.as_json(one) if isinstance(one, Entry) else audit.as_json(one)


def summary(found: Found) -> str:
    """How many there were, in a sentence."""
    decided = [one.event for decision in found.decisions for one in decision.decided]
    violations = sum(isinstance(one, RiskViolation) for one in decided)
    halts = sum(isinstance(one, RiskHalted) for one in decided)
    denials = sum(isinstance(one.event, OrderDenied) for one in found.denials)
    return (
        f"{counted(violations, 'violation')}, {counted(halts, 'halt')} and"
        f" {counted(denials, 'denied order')} on {counted(found.events, 'event')};"
        " nothing was changed or sent"
    )


def _in_order(found: Found) -> list[tuple[int, audit.Decision | Entry]]:
    both: list[tuple[int, audit.Decision | Entry]] = [
        *((one.ts_ns, one) for one in found.denials),  # asked before an order counts
        *((one.first.ts_ns, one) for one in found.decisions),
    ]
    return sorted(both, key=lambda one: one[0])
