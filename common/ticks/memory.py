"""What stands wherever the path of a file of ticks does: a CSV in memory, and columns."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tapewire.common.ticks.table import TickTable


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


class InColumns:
    """Rows that are columns already, such as recorded ones, by a name that errors tell."""

    suffix: Final = ""

    def __init__(
        self, name: str, table: "Callable[[], TickTable]", notes: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.table = table
        """Its rows, in time order; asked for when they are needed."""
        self.notes = notes
        """What a reader of the results should know of them."""

    def __str__(self) -> str:
        return self.name
