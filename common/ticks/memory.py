"""A CSV that is in memory, and stands wherever the path of a file of ticks does."""

from typing import Final


class InMemory:
    """The text of a CSV, by a name that errors tell; nothing is on the disk."""

    suffix: Final = ""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def __str__(self) -> str:
        return self.name

    def read_bytes(self) -> bytes:
        """The text in UTF-8."""
        return self.text.encode()
