"""How often supervisord has started a process again, as its log tells."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

_START: Final = "supervisord started with pid"
_DIED: Final = re.compile(r"exited: (\S+) \(.*; not expected\)$", re.MULTILINE)


def deaths(log: Path) -> Counter[str]:
    """How often each process has ended unasked since supervisord started last."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return Counter(_DIED.findall(text[max(0, text.rfind(_START)) :]))
