"""Totals: what the positions of an account come to together, kept between orders.

A limit on a whole account has to add up all of its positions, before each order and after each
event. What one position adds depends on its exposure and on what a contract of it is worth, and
most of those are what they were a moment ago. So a total remembers what each position has added and
from what; it works out again what differs, and adds up the rest as it is. Nothing is subtracted
from an old sum, which would keep the rounding of everything that was ever in it.

An order is asked about as a difference: the same sum with a few exposures in place of others.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeVar

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.events import SubmitOrder
from tapewire.risk.rules.known_exposures import BySymbol
from tapewire.risk.rules.spans import Span
from tapewire.risk.rules.view import View

Worth = TypeVar("Worth")
Ends = tuple[Decimal, Decimal]
"""What a position adds to the highest and to the lowest that a total could come to."""
NEITHER: Final[Ends] = (ZERO, ZERO)
Added = Mapping[str, Ends] | None
"""That by kind, or nothing of any; None where nobody can tell."""
NOTHING: Final[Added] = {}
Columns = tuple[str, dict[str, Decimal], dict[str, Decimal]]
"""A kind, with what each symbol adds to the highest and to the lowest of it."""
NO_DIFFERENCE: Final[BySymbol] = {}


class Found(NamedTuple):
    """What positions come to at most on either side, by kind; `missing` are the symbols of which
    nobody can tell."""

    amounts: Mapping[str, Decimal]
    missing: tuple[str, ...] = ()


class Total(Generic[Worth]):
    """The total of some positions, of each of these `kinds`. Of each, `span` gives how far it could
    go, and `ends` what that adds, with what is known of its worth; None where that does not tell.
    """

    def __init__(
        self,
        kinds: Iterable[str],
        span: Callable[[Exposure], Span],
        ends: Callable[[str, Span, Worth | None], Mapping[str, Ends] | None],
    ) -> None:
        self._span = span
        self._ends = ends
        self._from: dict[str, tuple[Exposure, Worth | None, Span]] = {}
        self._columns: list[Columns] = [(kind, {}, {}) for kind in kinds]
        self._missing: set[str] = set()

    def of(
        self,
        exposures: BySymbol,
        worth: Mapping[str, Worth],
        instead: BySymbol = NO_DIFFERENCE,
    ) -> Found:
        """What these come to at this worth, with the exposures `instead` in place of those of the
        same symbols. What was among them once is among them for good."""
        known, worth_of = self._from, worth.get
        for symbol, exposure in exposures.items():
            its, before = worth_of(symbol), known.get(symbol)
            if before is None or before[0] is not exposure:
                before = known[symbol] = exposure, its, self._span(exposure)
            elif before[1] is not its:
                before = known[symbol] = exposure, its, before[2]
            else:
                continue
            self._put(symbol, self._added(symbol, before[2], its))
        if not instead:
            return _found(self._columns, self._missing)
        spans = {symbol: self._span(one) for symbol, one in instead.items()}
        return self._with({s: self._added(s, span, worth_of(s)) for s, span in spans.items()})

    def _added(self, symbol: str, span: Span, worth: Worth | None) -> Added:
        return self._ends(symbol, span, worth) if span[0] else NOTHING

    def _put(self, symbol: str, added: Added) -> None:
        for kind, highest, lowest in self._columns:
            highest[symbol], lowest[symbol] = added[kind] if added else NEITHER
        if added is None:
            self._missing.add(symbol)
        else:
            self._missing.discard(symbol)

    def _with(self, instead: Mapping[str, Added]) -> Found:
        """The same sums with other summands."""
        columns: list[Columns] = []
        for kind, highest, lowest in self._columns:
            high, low = highest.copy(), lowest.copy()
            for symbol, added in instead.items():
                high[symbol], low[symbol] = added[kind] if added else NEITHER
            columns.append((kind, high, low))
        unknown = {symbol for symbol, added in instead.items() if added is None}
        return _found(columns, self._missing.difference(instead) | unknown)


def _found(columns: Iterable[Columns], missing: Iterable[str]) -> Found:
    amounts = {
        kind: max(sum(highest.values(), ZERO), -sum(lowest.values(), ZERO))
        for kind, highest, lowest in columns
    }
    return Found(amounts, tuple(sorted(missing)))


class Totals(Generic[Worth]):
    """The totals of a rule in one view: of each account, one for each group of symbols. `group_of`
    gives the group of a symbol, for good; None where it is in none."""

    def __init__(
        self,
        view: View,
        kinds: Iterable[str],
        group_of: Callable[[str], str | None],
        ends: Callable[[str, Span, Worth | None], Mapping[str, Ends] | None],
    ) -> None:
        self.view = view
        self._kinds = tuple(kinds)
        self._group_of = group_of
        self._ends = ends
        self._grouped: dict[str, int] = {}  # how many symbols of an account
        self._symbols: dict[str, dict[str, list[str]]] = {}  # by account and group
        self._totals: dict[tuple[str, str, Callable[[Exposure], Span]], Total[Worth]] = {}

    def groups(self, account: str) -> Mapping[str, list[str]]:
        """The groups that an account has, each with its symbols."""
        return self._groups_of(account, self.view.exposures(account))

    def _groups_of(self, account: str, known: BySymbol) -> Mapping[str, list[str]]:
        groups, count = self._symbols.setdefault(account, {}), self._grouped.get(account, 0)
        if len(known) > count:
            for symbol in islice(known, count, None):
                if (group := self._group_of(symbol)) is not None:
                    groups.setdefault(group, []).append(symbol)
            self._grouped[account] = len(known)
        return groups

    def exposures(self, account: str, group: str) -> BySymbol:
        """Those of a group, with all orders in them."""
        known = self.view.exposures(account)
        symbols = self._groups_of(account, known).get(group, ())
        return known if len(symbols) == len(known) else {one: known[one] for one in symbols}

    def total(self, account: str, group: str, span: Callable[[Exposure], Span]) -> Total[Worth]:
        """The total of a group, that goes as far as `span` says."""
        found = self._totals.get((account, group, span))
        if found is None:
            found = self._totals[account, group, span] = self.fresh(span)
        return found

    def fresh(self, span: Callable[[Exposure], Span]) -> Total[Worth]:
        """A total that remembers nothing."""
        return Total(self._kinds, span, self._ends)


def before_and_after(
    orders: Iterable[SubmitOrder], view: View
) -> tuple[dict[str, Exposure], dict[str, Exposure]]:
    """What counts of the symbols that some orders of one account trade before they do, and what
    does with them. An order that is about to be replaced counts in neither."""
    legs = list(orders)
    before = {leg.symbol: view.exposure(leg.account, leg.symbol) for leg in legs}
    after = before.copy()
    for leg in legs:
        after[leg.symbol] = after[leg.symbol].with_order(leg.terms)
    return before, after
