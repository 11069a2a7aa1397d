"""UnrealizedProfit: what a single open position may gain before that is enough."""

from tapewire.risk.rules.unrealized_result import UnrealizedResult


class UnrealizedProfit(UnrealizedResult):
    """A position that has made `limit` at the newest price."""

    sign = 1
