"""The open orders that a list has named so far, by their references."""

from tapewire.gateway import broker


class OpenOrders:
    """Those of one list; what is reported while it is under way counts too."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}  # references by permanent id

    def note(self, report: broker.OrderReport, *, is_asked: bool = True) -> None:
        """Take note of an order; with `is_asked` false nobody waits for the list."""
        name = report.permanent_id or report.reference
        if report.is_open and is_asked:
            self._named[name] = report.reference
        elif report.listed:
            self._named.pop(name, None)

    def clear(self) -> None:
        """The list is worth nothing."""
        self._named.clear()

    def taken(self) -> tuple[str, ...]:
        """The list is at its end: the references in it, "" for an order without."""
        found = tuple(sorted(self._named.values()))
        self._named.clear()
        return found
