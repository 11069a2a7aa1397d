"""An account's values in full, as TWS lists them: what it is worth, its segments, its ledger.

TWS divides an account into securities (keys that end in -S) and commodities (-C), and has a ledger
for each currency and for all of them (BASE). Here futures are the commodities and all cash belongs
to the securities. So segments add up to the whole, and the ledgers, at their rates, to BASE.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from tapewire.common.amounts import ZERO
from tapewire.common.options import OPTION
from tapewire.common.shorthands import FUTURE
from tapewire.simulator.exchange.account import ONE, Books, Holding, Mark
from tapewire.simulator.exchange.margin import Margin, account_margin, in_base
from tapewire.simulator.exchange.values import Value, account_values

CENT: Final = Decimal("0.01")
RATE_STEP: Final = Decimal("0.0000001")
BASE: Final = "BASE"
SECURITIES, COMMODITIES = "-S", "-C"
FULL: Final = ("Full", "LookAhead")
"""Values with these in front are the same here: nothing is at another margin later."""
MARGINS: Final = ("InitMarginReq", "MaintMarginReq", "AvailableFunds", "ExcessLiquidity")
NOTHING: Final = (
    "AccruedDividend", "Billable", "Guarantee", "IncentiveCoupons", "IndianStockHaircut",
    "NetLiquidationUncertainty", "PASharesValue", "PhysicalCertificateValue",
    "PostExpirationExcess", "PostExpirationMargin", "TotalDebitCardPendingCharges",
)  # fmt: skip
"""What no account of this TWS has, in neither segment."""
NOT_HELD: Final = (
    "AccruedCash", "CorporateBondValue", "FundValue", "FutureOptionValue", "IssuerOptionValue",
    "MoneyMarketFundValue", "MutualFundValue", "NetDividend", "TBillValue", "TBondValue",
    "WarrantValue",
)  # fmt: skip
"""What no ledger of this TWS has."""
PLAIN: Final = {
    "AccountReady": "true", "AccountType": "INDIVIDUAL", "ColumnPrio-C": "2", "ColumnPrio-S": "1",
    "DayTradesRemaining": "-1", "DayTradesRemainingT+1": "-1", "DayTradesRemainingT+2": "-1",
    "DayTradesRemainingT+3": "-1", "DayTradesRemainingT+4": "-1", "HighestSeverity": "0",
    "LookAheadNextChange": "0", "NLVAndMarginInReview": "false",
    "SegmentTitle-C": "US Commodities", "SegmentTitle-S": "US Securities",
    "TradingType-S": "STKMRGN", "WhatIfPMEnabled": "true",
}  # fmt: skip
"""Values without a currency, the same for each account."""


def text(amount: Decimal) -> str:
    """An amount as TWS writes it, with two decimals."""
    return format(amount.quantize(CENT), "f")


def full_values(account: str, books: Books, mark_of: Mark, currency: str) -> list[Value]:
    """All values but the ledger's."""
    whole = account_values(books, mark_of)
    commodities = _commodities(books, mark_of)
    securities = _securities(whole, commodities)
    net, excess = whole["NetLiquidation"], whole["ExcessLiquidity"]
    amounts = {
        **whole,
        **dict.fromkeys(NOTHING, ZERO),
        **{f"{prefix}{name}": whole[name] for prefix in FULL for name in MARGINS},
        "PreviousDayEquityWithLoanValue": books.opening_cash,
        "RegTEquity": securities["NetLiquidation"],
        "RegTMargin": securities["InitMarginReq"],
        "SMA": securities["NetLiquidation"] - securities["InitMarginReq"],
        **_segment(securities, SECURITIES),
        **_segment(commodities, COMMODITIES),
    }
    for name in ("PreviousDayEquityWithLoanValue", "RegTEquity", "RegTMargin", "SMA"):
        amounts[f"{name}{SECURITIES}"] = amounts[name]
    amounts[f"GrossPositionValue{SECURITIES}"] = whole["GrossPositionValue"] - in_base(
        books, mark_of, lambda one: one.exposure(_mark(one, mark_of)), _futures(books)
    )
    plain = {**PLAIN, "AccountCode": account, "AccountOrGroup": account}
    plain["Cushion"] = text(excess / net) if net > 0 else "0.00"
    leverage = amounts[f"GrossPositionValue{SECURITIES}"]
    plain[f"Leverage{SECURITIES}"] = text(leverage / net) if net > 0 else "0.00"
    return [
        *((key, value, "") for key, value in plain.items()),
        *((key, text(amount), currency) for key, amount in amounts.items()),
    ]


def ledger(books: Books, mark_of: Mark) -> Iterator[Value]:
    """The ledger of each currency that the account has anything in, and the one of all of them, in
    the base currency."""
    parts = {name: _part(books, mark_of, name) for name in currencies_of(books)}
    rates = {name: books.rate(name, mark_of) for name in parts}
    names = next(iter(parts.values()))
    whole = {key: sum((rates[c] * part[key] for c, part in parts.items()), ZERO) for key in names}
    for name, amounts in {**parts, BASE: whole}.items():
        yield "Currency", name, name
        yield "RealCurrency", books.currency if name == BASE else name, name
        yield "ExchangeRate", _rate_text(rates.get(name, ONE)), name
        for key, amount in amounts.items():
            yield key, text(amount), name


def currencies_of(books: Books) -> list[str]:
    """The currencies that an account has cash or holdings in, its own first."""
    traded = {holding.currency for holding in books.held()}
    cash = {currency for currency, amount in books.balances.items() if amount}
    return [books.currency, *sorted((traded | cash) - {books.currency})]


def _part(books: Books, mark_of: Mark, currency: str) -> dict[str, Decimal]:
    """What the ledger has of one currency, in that currency."""
    held = [one for one in books.held() if one.currency == currency]
    cash = books.balances.get(currency, ZERO)
    value = sum((books.value(one, _mark(one, mark_of)) for one in held), ZERO)
    futures = [one for one in held if one.instrument.sec_type == FUTURE]
    return {
        **dict.fromkeys(NOT_HELD, ZERO),
        "CashBalance": cash,
        "TotalCashBalance": cash,
        "FuturesPNL": sum((one.unrealised(_mark(one, mark_of)) for one in futures), ZERO),
        "StockMarketValue": _worth(held, "STK", books, mark_of),
        "OptionMarketValue": _worth(held, OPTION, books, mark_of),
        "FxCashBalance": _worth(held, "CASH", books, mark_of),
        "Cryptocurrency": _worth(held, "CRYPTO", books, mark_of),
        "NetLiquidationByCurrency": cash + value,
        "RealizedPnL": sum((one.realised for one in held), ZERO),
        "UnrealizedPnL": sum((one.unrealised(_mark(one, mark_of)) for one in held), ZERO),
    }


def _rate_text(rate: Decimal) -> str:
    """A rate as TWS writes it: seven decimals at most, two at least."""
    return text(rate) if rate == ONE else format(rate.quantize(RATE_STEP).normalize(), "f")


def _commodities(books: Books, mark_of: Mark) -> dict[str, Decimal]:
    """The values of the commodities: what futures have gained and not settled, and their margin."""
    futures = _futures(books)
    net = in_base(books, mark_of, lambda one: one.unrealised(_mark(one, mark_of)), futures)
    held = [(one.instrument, one.quantity) for one in futures]
    return _values_of(net, ZERO, account_margin(books, mark_of, held))


def _securities(
    whole: Mapping[str, Decimal], commodities: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """The values of the securities: what is not the commodities'."""
    return {name: whole.get(name, ZERO) - part for name, part in commodities.items()}


def _values_of(net: Decimal, cash: Decimal, margin: Margin) -> dict[str, Decimal]:
    return {
        "NetLiquidation": net,
        "EquityWithLoanValue": net,
        "TotalCashValue": cash,
        "AccruedCash": ZERO,
        "InitMarginReq": margin.initial,
        "MaintMarginReq": margin.maintenance,
        "AvailableFunds": net - margin.initial,
        "ExcessLiquidity": net - margin.maintenance,
    }


def _segment(amounts: Mapping[str, Decimal], suffix: str) -> dict[str, Decimal]:
    """A segment's values by TWS's keys."""
    return {
        **{f"{name}{suffix}": amount for name, amount in amounts.items()},
        **{f"{prefix}{name}{suffix}": amounts[name] for prefix in FULL for name in MARGINS},
        **{f"{name}{suffix}": ZERO for name in NOTHING},
    }


def _futures(books: Books) -> list[Holding]:
    return [one for one in books.held() if one.instrument.sec_type == FUTURE]


def _worth(held: Iterable[Holding], sec_type: str, books: Books, mark_of: Mark) -> Decimal:
    of_type = (one for one in held if one.instrument.sec_type == sec_type)
    return sum((books.value(one, _mark(one, mark_of)) for one in of_type), ZERO)


def _mark(holding: Holding, mark_of: Mark) -> Decimal | None:
    return mark_of(holding.instrument.symbol)
