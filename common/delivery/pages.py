"""Pages: the answer to a query, put together from the parts in which it comes."""

from itertools import count, takewhile
from typing import Any

from tapewire.common.events.queries import Page


class Pages:
    """The pages of one answer, in whatever order they come; they are numbered from 1."""

    def __init__(self) -> None:
        self._found: dict[int, Page] = {}
        self._last = 0  # the number of the last page, once it has come

    def take(self, page: Page) -> None:
        """Take in one page; one that comes twice counts once."""
        self._found[page.page] = page
        if page.last:
            self._last = page.page

    @property
    def in_order(self) -> list[Page]:
        """The pages without a gap from the first on."""
        whole = takewhile(self._found.__contains__, count(1))
        return [self._found[number] for number in whole]

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows of those pages."""
        return tuple(row for page in self.in_order for row in page.rows)

    @property
    def is_whole(self) -> bool:
        """Whether the last page is here, and all before it."""
        return 0 < self._last <= len(self._found)
