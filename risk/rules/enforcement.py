"""Enforcement: what follows from a broken rule, and until when.

    alert    it is announced
    deny     an order that would break it is denied, and what breaks it afterwards is announced
    cancel   orders in its scope that could add risk are cancelled at the broker
    halt     nothing may add risk in its scope any more: a lock-out
    reduce   the position that broke it is closed down to what it allows, and trading goes on
    close    the position that broke it is closed, and trading in it goes on afterwards
    flatten  a lock-out, and all positions in its scope are closed

All but an alert deny orders as well. Several may be set for a rule. A lock-out lasts until a person
resumes, for some seconds, or for the rest of the account's trading day. Exits are allowed under
each of them.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, get_args

from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.events import Measure, Until

STRENGTH: Final[tuple[Measure, ...]] = get_args(Measure)
SECOND_NS: Final = 1_000_000_000


class Enforcement(NamedTuple):
    """The measures of a rule, and how long its lock-outs last."""

    measures: tuple[Measure, ...] = ("halt",)
    until: Until = "person"

    @property
    def strength(self) -> int:
        """How strong its strongest measure is, compared with others."""
        return max(STRENGTH.index(one) for one in self.measures)

    @property
    def denies(self) -> bool:
        """Whether orders that would break the rule are denied."""
        return self.strength > 0

    @property
    def locks(self) -> bool:
        """Whether nothing may add risk any more once the rule is broken."""
        return "halt" in self.measures or "flatten" in self.measures

    @property
    def halts(self) -> bool:
        """Whether nothing may add risk for a while at least: until what is to be closed is closed,
        or the lock-out ends."""
        return self.locks or self.trades_position

    @property
    def trades_position(self) -> bool:
        """Whether the position that broke it is reduced or closed."""
        return "reduce" in self.measures or "close" in self.measures

    def ends_ns(self, now_ns: int, account: str, day_of: TradingDays) -> int:
        """When a lock-out of an account that begins now ends (wall clock), or one of all of them
        where none is named; 0 if a person ends it. What only closes ends at once."""
        if not self.locks:
            return now_ns
        if self.until == "person":
            return 0
        if self.until == "day":
            return day_of.end_ns(account, now_ns)
        return now_ns + self.until * SECOND_NS


HALT: Final = Enforcement()
ALERT: Final = Enforcement(("alert",))


def enforcement_of(measures: Iterable[str], until: Until = "person") -> Enforcement:
    """The enforcement with these measures, weakest first. ValueError for a name that is none, for
    none at all, and for an end of a lock-out that no measure begins."""
    given = list(measures)
    unknown = [one for one in given if one not in STRENGTH]
    if unknown or not given:
        found = unknown[0] if unknown else "empty"
        raise ValueError(f"enforcement is {found!r}; it must be of {', '.join(STRENGTH)}")
    made = Enforcement(tuple(one for one in STRENGTH if one in given), until)
    if until != "person" and not made.locks:
        raise ValueError(f"until is {until!r}, but only a halt or a flatten lasts: add one of them")
    return made
