"""A file for this user alone, written whole or not at all."""

from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write `text` with mode 0600; a reader sees the old file or the new one, never a part."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)  # one that was left over could have another mode
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)
