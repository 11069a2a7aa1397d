"""DailyRealizedProfit: the profit of a trading day after which an account has traded enough."""

from decimal import Decimal

from tapewire.common.accounting.book import Key
from tapewire.risk.rules.daily_result import DailyResult


class DailyRealizedProfit(DailyResult):
    """An account that has made `limit` in a trading day, fees deducted."""

    sign = 1

    def sentence(self, subject: Key, amount: Decimal) -> str:
        """The profit."""
        return f"the day's profit is {amount:.2f}"
