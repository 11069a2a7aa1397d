"""Risk's rules, one a file; pure, so that the executor runs the same ones before an order goes."""

from tapewire.risk.rules.base import Exposure, Rule
from tapewire.risk.rules.max_contracts import MaxContracts

__all__ = ["Exposure", "MaxContracts", "Rule"]
