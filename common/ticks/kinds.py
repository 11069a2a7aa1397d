"""What a file is that holds something else than text: its kind by its first bytes."""

from typing import Final

KINDS: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook; unpack it, or save it as CSV"),
    (b"\x1f\x8b", "compressed by gzip; give it a name that ends in .gz"),
    (b"BZh", "compressed by bzip2; unpack it"),
    (b"\xfd7zXZ", "compressed by xz; unpack it"),
    (b"(\xb5/\xfd", "compressed by zstd; unpack it"),
    (b"ARROW1", "a Feather file; save it as Parquet"),
    (b"\x89HDF", "an HDF5 file; save it as Parquet"),
    (b"SQLite format 3", "a SQLite database; export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook; save it as CSV"),
    (b"<!", "HTML, maybe the page that a server sent in place of the file"),
    (b"<html", "HTML, maybe the page that a server sent in place of the file"),
    (b"<?xml", "XML; save it as CSV or Parquet"),
    (b"{", "JSON; save it as CSV or Parquet"),
    (b"[", "JSON; save it as CSV or Parquet"),
)
"""The first bytes of a file that cannot be read, and what that is and what to do."""


def kind_of(data: bytes) -> str:
    """What a file is by its first bytes, for behind "it is"; empty where they tell nothing."""
    return next((is_a for begins, is_a in KINDS if data.lower().startswith(begins.lower())), "")
