"""UnrealizedProfit: what a single open position may gain before that is enough."""

from decimal import Decimal

from tapewire.common.accounting.book import Key
from tapewire.risk.rules.unrealized_result import UnrealizedResult


class UnrealizedProfit(UnrealizedResult):
    """A position that has made `limit` at the newest price."""

    sign = 1

    def sentence(self, subject: Key, amount: Decimal) -> str:
        """The profit."""
        return f"{subject[1]} has made {amount:.2f}"
