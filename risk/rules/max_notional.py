"""MaxNotional: what the positions of an account are worth, with all that could still fill.

    gross   the worst that each position could come to, long or short, all added up
    net     the worst that long and short ones could come to together, on either side

Each is quantity times newest price times multiplier, of the instruments in one currency: amounts in
two are not added up, so each needs a rule of its own. A price below zero counts with its size.

It fails closed. Without a price of something that is held or ordered, nobody can tell what that is
worth. Then no order that adds risk passes the gateway, and after `missing_ms` risk says so, and
halts where anything is halted for this rule; nothing is closed because of a price that is missing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, Scope
from tapewire.risk.rules.base import WARN_FROM, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.known_exposures import BySymbol
from tapewire.risk.rules.portfolio_limit import PortfolioLimit, PortfolioParameters
from tapewire.risk.rules.quiet import PriceBound, Quiet, below
from tapewire.risk.rules.spans import Span, certain
from tapewire.risk.rules.totals import Ends
from tapewire.risk.rules.view import View


class MaxNotionalParameters(PortfolioParameters, frozen=True, kw_only=True):
    """`gross`, `net`: money in `currency`, above 0; at least one of them. It is broken once it has
    been for `confirm_ms` and over `confirm_marks` new prices, if prices alone have done it, and
    after `missing_ms` without a price nothing may add risk."""

    gross: Decimal | None = None
    net: Decimal | None = None
    currency: str = "USD"


class MaxNotional(PortfolioLimit[Decimal]):
    """What the positions of an account are worth must stay within `gross` and `net`. They are one
    group, of those in the rule's currency, and the price is what the market says of each."""

    Parameters = MaxNotionalParameters
    reduces = True
    only_grows = frozenset({"gross"})
    always = ("",)

    def __init__(
        self,
        parameters: MaxNotionalParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        given = {"gross": parameters.gross, "net": parameters.net}
        limits = {k: positive_limit(self.name, one) for k, one in given.items() if one}
        if not limits or len(limits) < sum(one is not None for one in given.values()):
            raise ValueError(f"{self.name} needs gross or net, or both, above 0")
        super().__init__(parameters, limits, scope, enforcement)
        self.currency = parameters.currency

    def group_of(self, symbol: str, view: View) -> str | None:
        """Whether a symbol is in the currency; of one that is not configured nobody can tell."""
        if self.scope.symbol not in ("", symbol):
            return None
        instrument = view.instrument(symbol)
        return "" if instrument is None or instrument.currency == self.currency else None

    def worth(
        self, symbols: Iterable[str], group: str, view: View, *, before: bool
    ) -> Mapping[str, Decimal]:
        """The newest prices."""
        return view.prices(symbols)

    def ends(
        self, symbol: str, span: Span, worth: Decimal | None, view: View
    ) -> Mapping[str, Ends] | None:
        """See `PortfolioLimit.ends`."""
        unit = _unit(symbol, worth, view)
        if unit is None:
            return None
        most, high, low = span
        return {"gross": (most * unit, ZERO), "net": (high * unit, low * unit)}

    def quiet(self, view: View) -> Quiet | None:
        """See `Rule.quiet`: while no account gets near enough to a limit to be warned of. What is
        worth less than nothing counts the other way, and is not looked at here."""
        found: list[PriceBound] = []
        for account in view.accounts():
            for group, exposures in self._groups(account, view):
                bounds = self._bounds(account, group, exposures, view)
                if bounds is None:
                    return None
                found += bounds
        return Quiet(tuple(found))

    def _bounds(
        self, account: str, group: str, exposures: BySymbol, view: View
    ) -> list[PriceBound] | None:
        now, prices = self._certain(account, group, exposures, view)
        slopes = {
            symbol: certain(one)[0] * (_unit(symbol, Decimal(1), view) or ZERO)
            for symbol, one in exposures.items()
        }
        if now.missing or any(prices[symbol] <= 0 for symbol, one in slopes.items() if one):
            return None
        bounds = [PriceBound(symbol, ZERO, is_rise=False) for symbol, one in slopes.items() if one]
        for kind, limit in self.limits.items():
            for sign in (1, -1) if kind == "net" else (1,):
                signed = {symbol: sign * slope for symbol, slope in slopes.items()}
                quiet = below(now.amounts[kind], WARN_FROM * limit, signed, view)
                if quiet is None:
                    return None
                bounds += quiet.bounds
        return bounds

    def marks(self, symbol: str, view: View) -> int:
        """See `PortfolioLimit.marks`."""
        return view.marks(symbol)

    def unit(self, kind: str) -> str:
        """See `PortfolioLimit.unit`."""
        return f"{self.currency} {kind}"

    def sentence(self, group: str, kind: str, amount: Decimal) -> str:
        """See `PortfolioLimit.sentence`."""
        return (
            f"the account is or could get worth {amount:.2f} {self.currency} {kind}, the limit is"
            f" {self.limits[kind]:f}"
        )

    def unknown(self, group: str, missing: Iterable[str]) -> str:
        """See `PortfolioLimit.unknown`."""
        symbols = ", ".join(missing)
        return f"what the account is worth is not known: there is no price of {symbols}"

    def blamed(self, exposures: BySymbol, kind: str, view: View) -> tuple[str, Decimal | None]:
        """The position that is worth most, on the side of which it is too much, and how much of it
        may stay beside the others; "" and None where that cannot be told. Where what is held is not
        too much, that in which orders could add most, all of which may stay."""
        worth: dict[str, Decimal] = {}
        for symbol, exposure in exposures.items():
            unit = _newest_unit(symbol, view)
            if exposure.held and unit is None:
                return "", None
            worth[symbol] = exposure.held * (unit or ZERO)
        total = sum(map(abs, worth.values()) if kind == "gross" else worth.values(), ZERO)
        if abs(total) <= self.limits[kind]:
            return self._most_ordered(exposures, view)
        side = {s: one for s, one in worth.items() if one and (kind == "gross" or one * total > 0)}
        symbol = max(sorted(side), key=lambda one: abs(side[one]))
        left = abs(side[symbol]) - (abs(total) - self.limits[kind])
        return symbol, left / (_newest_unit(symbol, view) or ZERO)

    @staticmethod
    def _most_ordered(exposures: BySymbol, view: View) -> tuple[str, Decimal]:
        held = {symbol: abs(one.held) for symbol, one in exposures.items()}
        more = {
            symbol: (one.certain - held[symbol]) * (_newest_unit(symbol, view) or ZERO)
            for symbol, one in exposures.items()
        }
        symbol = max(sorted(more), key=lambda one: more[one])
        return symbol, held[symbol]


def _newest_unit(symbol: str, view: View) -> Decimal | None:
    newest = view.price(symbol)
    return _unit(symbol, newest[0] if newest is not None else None, view)


def _unit(symbol: str, price: Decimal | None, view: View) -> Decimal | None:
    """What one of a symbol is worth; None where that is not known."""
    instrument = view.instrument(symbol)
    if instrument is None or price is None:
        return None
    return abs(price) * instrument.multiplier
