"""Risk's rules, one per file; pure, so that the executor asks the same ones first."""

from tapewire.risk.rules.base import Reading, Rule, Violation
from tapewire.risk.rules.enforcement import Enforcement
from tapewire.risk.rules.max_contracts import MaxContracts
from tapewire.risk.rules.max_contracts_per_instrument import MaxContractsPerInstrument
from tapewire.risk.rules.rulebook import RuleBook, load_rules, shipped
from tapewire.risk.rules.view import View

__all__ = [
    "Enforcement",
    "MaxContracts",
    "MaxContractsPerInstrument",
    "Reading",
    "Rule",
    "RuleBook",
    "View",
    "Violation",
    "load_rules",
    "shipped",
]
