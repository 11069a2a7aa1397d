"""The file in which the notifier keeps what outlives it: `RUN_DIR/notices.json`."""

from pathlib import Path
from typing import Final

import msgspec

from tapewire.common.runtime import private_file
from tapewire.risk.notices.notifier import Saved

NAME: Final = "notices.json"


class StateFile:
    """The file. It is replaced as a whole: a crash leaves the old one or the new one."""

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / NAME

    def read(self) -> tuple[Saved | None, str]:
        """What was written last, None if nothing was; and why it cannot be read, if it cannot."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Saved), ""
        except FileNotFoundError:
            return None, ""
        except (OSError, msgspec.MsgspecError) as error:
            return None, f"{self.path}: {error}; notices start over"

    def write(self, saved: Saved, before: bytes = b"") -> bytes:
        """Replace the file, unless it is what was written `before`; returns what is in it now.
        Raises `OSError` if the disk is full."""
        content = msgspec.json.encode(saved)
        if content != before:
            private_file.write(self.path, content.decode())
        return content
