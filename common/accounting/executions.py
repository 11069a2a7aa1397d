"""The executions of one order, and what they add up to."""

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exec_ids import execution_key, supersedes
from tapewire.common.events import Fill


class Executions(dict[str, Fill]):
    """The executions of one order by their key, each once, with what they add up to."""

    def __init__(self) -> None:
        super().__init__()
        self.quantity = ZERO
        self.amount = ZERO  # sum of quantity x price

    def count(self, fill: Fill) -> bool:
        """Count a fill, or a correction in the place of what it corrects; False if it is known."""
        key = execution_key(fill.exec_id)
        known = self.get(key)
        if known is not None:
            if not supersedes(fill.exec_id, known.exec_id):
                return False
            self.discard(key)
        self[key] = fill
        self.quantity += fill.quantity
        self.amount += fill.quantity * fill.price
        return True

    def discard(self, key: str) -> None:
        """Take an execution out again: a correction has shown it to be another order's."""
        known = self.pop(key)
        self.quantity -= known.quantity
        self.amount -= known.quantity * known.price
