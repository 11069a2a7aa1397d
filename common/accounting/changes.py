"""Changes: which positions an event has changed, or what may still fill of them."""

from tapewire.common.accounting.history import Key


class Changes:
    """Says to each of its readers which accounts and symbols have changed since it last looked, in
    the order in which they did. A reader that never looks holds each of them once."""

    def __init__(self) -> None:
        self._readers: list[dict[Key, None]] = []

    def add(self, key: Key) -> None:
        """An exposure may differ from now on."""
        for changed in self._readers:
            changed[key] = None

    def reader(self) -> dict[Key, None]:
        """A new reader, who takes out of it what it has seen."""
        changed: dict[Key, None] = {}
        self._readers.append(changed)
        return changed
