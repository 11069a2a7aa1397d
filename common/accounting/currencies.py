"""Currencies: one sum for each, and what they come to in one where somebody gave the rates."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO
from tapewire.common.errors import ConfigError

UNKNOWN: Final = "?"
"""The currency of a symbol that is not configured."""

Amounts = dict[str, Decimal]
"""By currency."""


class MissingRateError(ConfigError):
    """Amounts of two currencies were to be added up, and nobody said what one is worth."""


class Rates:
    """What one unit of each currency is worth in `currency`."""

    def __init__(self, currency: str, rates: Mapping[str, Decimal]) -> None:
        self.currency = currency
        self._rates = {**rates, currency: Decimal(1)}

    def __repr__(self) -> str:
        return f"<Rates into {self.currency}: {', '.join(sorted(self._rates))}>"

    def of(self, currency: str) -> Decimal:
        """The rate of a currency; raises `MissingRateError` if it was not given."""
        if currency in self._rates:
            return self._rates[currency]
        if currency == UNKNOWN:
            raise MissingRateError(
                "the currency of a symbol that is not in [[instruments]] is not known; add it there"
            )
        raise MissingRateError(
            f"there is no rate from {currency} to {self.currency}; give one with --rate"
            f" {currency}=RATE, or in [ledger.rates]"
        )

    def total(self, amounts: Mapping[str, Decimal]) -> Decimal:
        """What amounts come to together."""
        return sum((amount * self.of(name) for name, amount in amounts.items()), ZERO)


def summed(amounts: Iterable[tuple[str, Decimal]]) -> Amounts:
    """One sum for each currency, in the order of their first amounts."""
    sums: Amounts = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, ZERO) + amount
    return sums
