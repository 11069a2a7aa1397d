"""What contract details say of an instrument beyond the contract itself, as TWS says it."""

from typing import Final, NamedTuple

from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION
from tapewire.common.shorthands import FUTURE
from tapewire.simulator.exchange.contracts import US_VENUES

OPTION_VENUES: Final = ("AMEX", "CBOE", "ISE", "PHLX", "PSE", "BOX")
UNDERLYING_TYPES: Final = {OPTION: "STK", FUTURE: "IND"}


class Branch(NamedTuple):
    """What a company does; for any share of this TWS the same, and made up."""

    industry: str = ""
    category: str = ""
    subcategory: str = ""


COMPANY: Final = Branch("Industrial", "Miscellaneous Manufactur", "Diversified Manufact Op")


def valid_exchanges(instrument: Instrument) -> tuple[str, ...]:
    """Where a contract can be sent to: its own exchange first."""
    others = {"STK": US_VENUES, OPTION: OPTION_VENUES}.get(instrument.sec_type, ())
    return (instrument.exchange, *(others if instrument.exchange == "SMART" else ()))


def rules_text(instrument: Instrument, rule: int | None) -> str:
    """The market rule of each of these exchanges; empty where there is none."""
    return "" if rule is None else ",".join(str(rule) for _ in valid_exchanges(instrument))


def branch_of(instrument: Instrument) -> Branch:
    """What the company does whose share it is; empty for anything else."""
    return COMPANY if instrument.sec_type == "STK" else Branch()


def underlying_of(instrument: Instrument) -> tuple[str, str]:
    """The symbol and the type of what a contract is on; both empty for a share or a pair."""
    kind = UNDERLYING_TYPES.get(instrument.sec_type, "")
    return (instrument.underlying, kind) if instrument.underlying and kind else ("", "")
