"""Verification of all that was recorded: every byte is read, and every hole is named."""

from typing import NamedTuple

from tapewire.recorder import parquet
from tapewire.recorder.folder import DAMAGED, Folder
from tapewire.recorder.store import Entry, Store
from tapewire.recorder.streams import Hole, Stretch


class Verified(NamedTuple):
    """What was read, and what is wrong with it: faults are damage, holes were never recorded."""

    files: int
    rows: int
    faults: tuple[str, ...]
    holes: tuple[tuple[Entry, Stretch, Hole], ...]


def verify(folder: Folder) -> Verified:
    """Read back everything."""
    store = Store(folder)
    entries = store.entries([])  # a file that cannot be read is found below
    kept = [
        f"{folder.segment(name, DAMAGED)} is what was left of a damaged segment; what of it could"
        " be read is Parquet. Remove it when you have no use for it"
        for name in folder.named(DAMAGED)
    ]
    paths = [piece.path for piece in store.pieces if piece.path is not None]
    found = [fault for path in paths for fault in parquet.faults(path, folder.checksum(path))]
    return Verified(
        len(paths),
        sum(entry.rows for entry in entries),
        (*found, *store.faults, *kept),
        tuple((entry, stretch, hole) for entry in entries for stretch, hole in entry.holes),
    )
