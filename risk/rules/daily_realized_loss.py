"""DailyRealizedLoss: what an account may lose in a trading day."""

from decimal import Decimal

from tapewire.common.accounting.book import Key
from tapewire.risk.rules.daily_result import DailyResult


class DailyRealizedLoss(DailyResult):
    """An account that has lost `limit` in a trading day, fees included."""

    sign = -1

    def sentence(self, subject: Key, amount: Decimal) -> str:
        """The loss."""
        return f"the day's loss is {amount:.2f}"
