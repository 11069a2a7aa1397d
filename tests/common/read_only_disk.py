"""Files on a disk that becomes read-only: run by `test_read_only` in a namespace of its own.

Prints one JSON object. A disk with files that are open for writing cannot be mounted read-only, so
what is open when it happens is not part of this.
"""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime.journal import JournalError, SqliteJournal
from tapewire.common.runtime.read_only import has_read_only_disk, is_read_only
from tapewire.common.runtime.reserve import unwritable, wait_for_room


def main(folder: Path) -> None:
    """Write to it, make it read-only, and writable again."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
    path = folder / "j.sqlite"
    seen: dict[str, object] = {"began": began(path), "before": looked(folder, path)}
    mount(folder, "ro")
    said: list[str] = []
    seen |= {"meanwhile": looked(folder, path), "refused": began(path)}

    def asked() -> bool:
        mount(folder, "rw")
        return False

    seen["waited"] = wait_for_room(folder, asked, lambda: False, said.append)
    seen |= {"said": said, "afterwards": looked(folder, path), "again": began(path)}
    seen["left"] = sorted(one.name for one in folder.iterdir())
    print(json.dumps(seen))


def mount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def looked(folder: Path, path: Path) -> list[object]:
    return [has_read_only_disk(folder), is_read_only(path), unwritable(folder)]


def began(path: Path) -> str:
    """Write a record; returns what the journal has then, or why that failed."""
    try:
        with closing(SqliteJournal(path)) as journal:
            journal.append([RiskHalted(1, EVERYTHING, "x")])
            return f"{journal.head.seq} records"
    except JournalError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
