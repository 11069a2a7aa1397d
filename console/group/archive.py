"""Journals of an account that is no more: put away where they can still be looked at."""

import time
from pathlib import Path
from typing import Final

from tapewire.console.group import launched

OF_THE_ACCOUNT: Final = ("gateway", "way-out", "executor")


def put_away(run_dir: Path) -> Path | None:
    """Move the journals about the account to a folder in `ended/`, itself like a run directory;
    gives it, None if there were none. Risk's stays where it is: a halt outlives the group."""
    journals = run_dir / "journals"
    old = [path for name in OF_THE_ACCOUNT for path in journals.glob(f"{name}.sqlite*")]
    if not old:
        return None
    ended = run_dir / "ended" / time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    (ended / "journals").mkdir(mode=0o700, parents=True)
    for path in old:
        path.rename(ended / "journals" / path.name)
    for name in ("audit.jsonl", launched.FILE):  # what it was started with is needed to read them
        if (run_dir / name).exists():
            (run_dir / name).rename(ended / name)
    return ended


def sentence(ended: Path) -> str:
    """Where it went, and how to look at it."""
    return (
        f"what was traded before is in {ended}: the simulator's account is not kept; look at it"
        f" with `tapewire blotter --run-dir {ended}`"
    )
