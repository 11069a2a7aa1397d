"""UnrealizedLoss: what a single open position may lose."""

from tapewire.risk.rules.unrealized_result import UnrealizedResult


class UnrealizedLoss(UnrealizedResult):
    """A position that has lost `limit` at the newest price."""

    sign = -1
