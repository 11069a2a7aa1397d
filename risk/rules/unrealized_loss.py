"""UnrealizedLoss: what a single open position may lose."""

from decimal import Decimal

from tapewire.common.accounting.book import Key
from tapewire.risk.rules.unrealized_result import UnrealizedResult


class UnrealizedLoss(UnrealizedResult):
    """A position that has lost `limit` at the newest price."""

    sign = -1

    def sentence(self, subject: Key, amount: Decimal) -> str:
        """The loss."""
        return f"{subject[1]} has lost {amount:.2f}"
