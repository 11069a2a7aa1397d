"""The file in which a process keeps what it remembers of journals: `RUN_DIR/heads/ROLE.json`."""

from pathlib import Path
from typing import Final

import msgspec

from tapewire.common.runtime import private_file
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.heads import Memory, Remembered
from tapewire.common.runtime.journal import Head

FOLDER: Final = "heads"


class HeadFile:
    """One process's file. Readers see it as it was, or as it is, but never half of it."""

    def __init__(self, run_dir: Path, role: str) -> None:
        self.path = run_dir / FOLDER / f"{role}.json"
        self.boot = boot_id()

    def read(self) -> Memory:
        """What was written last; an empty memory if nothing was, or if it cannot be read, which
        is what a loss of power may make of it: the other processes' files are left."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Memory)
        except (OSError, msgspec.MsgspecError):
            return Memory()

    def write(self, memory: Memory) -> None:
        """Replace the file; raises `OSError` if the disk is full."""
        private_file.write(self.path, msgspec.json.encode(memory).decode())


def remembered(run_dir: Path) -> dict[str, Memory]:
    """What each process of a run directory remembers, by its role."""
    paths = sorted((run_dir / FOLDER).glob("*.json"))
    return {path.stem: HeadFile(run_dir, path.stem).read() for path in paths}


def replace(run_dir: Path, source: str, head: Head | None) -> list[str]:
    """Make every process that remembers `source`'s journal remember `head` instead (None: nothing);
    gives their roles. Only while none of them runs: each writes down what it knows."""
    changed = []
    for role, memory in remembered(run_dir).items():
        suspects = role == source and memory.damage
        if source not in memory.heads and not suspects:
            continue
        heads = {name: one for name, one in memory.heads.items() if name != source}
        if head is not None and head.seq:
            heads[source] = Remembered(head.seq, head.chain)
        damage = "" if role == source else memory.damage
        HeadFile(run_dir, role).write(Memory(memory.boot, heads, damage))
        changed.append(role)
    return changed
