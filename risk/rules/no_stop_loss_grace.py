"""NoStopLossGrace: a position has a protective stop at the broker, within a time of grace.

A stop protects a position if it is on the side that closes it, the broker has it, and its type is
one that waits for the market to move against the position (`OrderKind.protects`). All of the
position must be covered:

*   an order counts with what it can still fill, and while it is being modified with the smaller
    quantity. Of a set of which the broker lets only one fill, the largest counts.
*   an order that the broker has not confirmed, or that is UNKNOWN, protects nothing yet.
*   somebody else's order counts if its type is known.
*   a combo protects none of its legs.

The time counts from when the position was first seen without. It goes on over a restart, and no
clock that is set shortens it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.events import EVERYTHING, ORDER_TYPES, OrderTerms, Scope, Side
from tapewire.risk.rules.base import Reading, Rule, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.quiet import Quiet
from tapewire.risk.rules.since import Since
from tapewire.risk.rules.view import View

MS: Final = 1_000_000
Stops = dict[tuple[str, Side], dict[str, Decimal]]
"""How much the stops of a symbol and a side cover, each by its name, or by that of its set."""


class NoStopLossGraceParameters(msgspec.Struct, frozen=True):
    """`grace_ms`: how long a position may be without a stop, in milliseconds, 0 or more."""

    grace_ms: int


class NoStopLossGrace(Rule):
    """No position may be without a protective stop for longer than `grace_ms`.

    What follows is about that account and symbol alone.
    """

    Parameters = NoStopLossGraceParameters
    looks_at = ()
    rests_with = "flat"

    def __init__(
        self,
        parameters: NoStopLossGraceParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.grace_ms < 0:
            raise ValueError(f"{self.name} grace_ms is {parameters.grace_ms}; it must be 0 or more")
        self.grace_ms = parameters.grace_ms
        self._since = Since()

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every position."""
        bare = dict(self._bare(view))
        self._since.keep(map(_name, bare), view.now)
        for key, (held, covered) in bare.items():
            elapsed_ns = self._since.elapsed_ns(_name(key), view.now)
            if elapsed_ns > self.grace_ms * MS:
                reason = (
                    f"{held:f} {key[1]} are held, and a stop covers {covered:f} of it; that has"
                    f" lasted for more than {self.grace_ms} ms"
                )
                yield self.violation(reason, account=key[0], symbol=key[1])

    def readings(self, view: View) -> Iterable[Reading]:
        """How much of its time each position without a stop has used."""
        for key in dict(self._bare(view)) if self.grace_ms else ():
            elapsed_ns = self._since.elapsed_ns(_name(key), view.now)
            yield self.reading(Decimal(elapsed_ns // MS), Decimal(self.grace_ms), *key, "ms")

    def quiet(self, view: View) -> Quiet | None:
        """See `Rule.quiet`: while stops cover all that is held."""
        return None if dict(self._bare(view)) else Quiet()

    def save(self) -> bytes:
        """Since when positions have been without."""
        return self._since.save()

    def restore(self, state: bytes) -> None:
        """Take it back."""
        self._since.restore(state)

    def _bare(self, view: View) -> Iterator[tuple[Key, tuple[Decimal, Decimal]]]:
        """Each position that is not covered, with what is held of it and what is covered."""
        stops: dict[str, Stops] = {}
        for account, symbol in view.keys():  # noqa: SIM118 - not a mapping
            held = view.held(account, symbol)
            if not held or not self.scope.covers(account, self.scope.strategy, symbol):
                continue
            if account not in stops:
                stops[account] = _stops(account, view)
            side: Side = "SELL" if held > 0 else "BUY"
            covered = sum(stops[account].get((symbol, side), {}).values(), ZERO)
            if covered < abs(held):
                yield (account, symbol), (held, covered)


def _name(key: Key) -> str:
    return " ".join(key)


def _stops(account: str, view: View) -> Stops:
    found: defaultdict[tuple[str, Side], dict[str, Decimal]] = defaultdict(dict)
    for one in view.open_orders(account):
        order, terms = one.order, one.terms
        if one.state == "ACCEPTED" and not order.legs and _protects(terms):
            covered = found[order.symbol, terms.side]
            name = f"oca {terms.group}" if terms.oca else one.intent_id
            covered[name] = max(covered.get(name, ZERO), one.least_remaining)
    for foreign in view.foreign_orders(account):
        if foreign.terms is not None and not foreign.legs and _protects(foreign.terms):
            found[foreign.symbol, foreign.side][f"foreign {foreign.id}"] = foreign.remaining
    return dict(found)


def _protects(terms: OrderTerms) -> bool:
    kind = ORDER_TYPES.get(terms.type)
    return kind is not None and kind.protects
