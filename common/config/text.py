"""Whether a file is text, and text that is fit for a terminal: asked before any of it is quoted."""

import re
from typing import Final

TEXT_MAX: Final = 300
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def binary_fault(data: bytes) -> str:
    """What makes `data` something else than text, for behind "it is"; empty for text. Bytes of
    another encoding are none."""
    found = _CONTROL.search(data)
    return _fault(data, found.start()) if found else ""


def text_fault(data: bytes) -> str:
    """As `binary_fault`, and what is not UTF-8 is a fault as well."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return binary_fault(data) or _fault(data, error.start)
    return binary_fault(data)


def _fault(data: bytes, place: int) -> str:
    line = data.count(b"\n", 0, place) + 1
    return f"not text in UTF-8 (line {line} has the byte 0x{data[place]:02x})"


def printable(text: str) -> str:
    """`text` with its control characters, but for tabs and line ends, in hex as Python has them."""
    return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def quoted(text: str, limit: int = 60) -> str:
    """`text` in quotes, its control characters escaped, and no more of it than its start."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}..."


def named(error: BaseException) -> str:
    """`KeyError: 'AAPL'`, in one line: the type, and its message where it has one."""
    raw = error.msg if isinstance(error, SyntaxError) else str(error)
    text = printable(" ".join(raw.split()))[:TEXT_MAX]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
