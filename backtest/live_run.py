"""What a live run left in its run directory: its executions, and when its market began."""

from pathlib import Path

import msgspec

from tapewire.common.config.settings import ConfigError
from tapewire.common.events import Fill
from tapewire.common.runtime.journal import SqliteJournal, events_of

AUDIT = "audit.jsonl"


class LiveRun(msgspec.Struct, frozen=True):
    """A run of `tapewire demo`: executions, and the wall time of its first market data."""

    fills: list[Fill]
    market_ns: int


def read(run_dir: Path) -> LiveRun:
    """Read the journals and the simulator's audit; raises `ConfigError` where one is missing."""
    gateway = run_dir / "journals" / "gateway.sqlite"
    if not gateway.is_file():
        raise ConfigError(
            f"--compare {run_dir}: no {gateway.name}; expected a demo's run directory"
        )
    fills = [f for name in ("gateway", "way-out") for f in _fills(run_dir, name)]
    return LiveRun(fills, _market_ns(run_dir / AUDIT))


def _fills(run_dir: Path, source: str) -> list[Fill]:
    path = run_dir / "journals" / f"{source}.sqlite"
    if not path.is_file():
        return []
    journal = SqliteJournal(path, read_only=True)
    try:
        return [e for e in events_of(journal) if isinstance(e, Fill)]
    finally:
        journal.close()


def _market_ns(audit: Path) -> int:
    """When the simulator sent its first tick."""
    if audit.is_file():
        with audit.open("rb") as lines:
            for line in lines:
                if b'"kind":"market_data"' in line[:64]:
                    return int(msgspec.json.decode(line)["ts_ns"])
    raise ConfigError(f"--compare: {audit} tells of no market data; expected a demo's audit")
