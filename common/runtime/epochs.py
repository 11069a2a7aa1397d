"""Epochs: the names of a role's starts, which sort in their order whatever the clock says."""

from pathlib import Path


def next_epoch(path: Path, now_ns: int) -> str:
    """The name of a role's start: the time in ms, but above the last one's whatever the clock says.

    Hex of a fixed width, so that epochs sort in the order of starts; `path` keeps the newest.
    """
    last = int(path.read_text() or "0", 16) if path.exists() else 0
    epoch = f"{max(now_ns // 1_000_000, last + 1):012x}"
    partial = path.with_suffix(".partial")
    partial.write_text(epoch)
    partial.replace(path)
    return epoch
