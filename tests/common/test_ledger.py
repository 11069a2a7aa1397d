"""The ledger: what executions came to, by account, strategy, symbol, currency and trading day."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.currencies import MissingRateError, Rates, summed
from tapewire.common.accounting.ledger import Ledger, Of, Owner, by_day, cash_by_day
from tapewire.common.accounting.lots import Method
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays, trading_days
from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    OrderIntended,
    OrderTerms,
    Side,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument

D = Decimal
DAY_NS = 86_400_000_000_000
T0 = 1_795_174_338_000_000_000  # 2026-11-20T11:32:18Z
FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
INSTRUMENTS = [
    Instrument(symbol="AAPL"),
    Instrument(symbol="ESZ6", sec_type="FUT", multiplier=D(50)),
    Instrument(symbol="SAP", currency="EUR"),
]


def fill(
    exec_id: str,
    change: int,
    price: str,
    *,
    strategy: str | None = "dip",
    symbol: str = "AAPL",
    account: str = "DU1",
    day: int = 0,
) -> Fill:
    side: Side = "BUY" if change >= 0 else "SELL"
    ts_ns = T0 + day * DAY_NS
    return Fill(
        ts_ns, account, exec_id, "1", symbol, side, abs(D(change)), D(price), strategy=strategy
    )


def cost(exec_id: str, amount: str, currency: str = "USD", account: str = "DU1") -> Commission:
    return Commission(T0, account, exec_id, D(amount), currency)


def ledger(*events: Event, method: Method = "average", until: date | None = None) -> Ledger:
    accounts: Accounts[Order] = Accounts(INSTRUMENTS, Order, TradingDays(trading_days("UTC")))
    for event in events:
        accounts.apply(event)
    return Ledger(accounts, INSTRUMENTS, method, until)


def realised(of: Ledger) -> dict[tuple[str, str], Decimal]:
    """What each strategy realised, by its account."""
    found: dict[tuple[str, str], Decimal] = {}
    for entry in of.entries:
        key = (entry.owner.account, entry.owner.strategy)
        found[key] = found.get(key, D(0)) + entry.realised
    return found


def test_a_strategy_earns_what_its_own_position_realises() -> None:
    """One buys what the other sells: the account has nothing, and each strategy its position."""
    of = ledger(
        fill("a.01", 10, "100", strategy="up"),
        fill("b.01", -10, "101", strategy="down"),
        fill("c.01", -10, "103", strategy="up"),
        fill("d.01", 10, "104", strategy="down"),
    )
    assert realised(of) == {("DU1", "up"): D(30), ("DU1", "down"): D(-30)}
    assert [entry.account_realised for entry in of.entries] == [0, 10, 0, -10]
    assert {owner.strategy: one.quantity for owner, one in of.holdings.items()} == {
        "up": 0,
        "down": 0,
    }


def test_what_the_account_realised_is_the_books() -> None:
    events = [
        fill("a.01", 10, "100", strategy="up"),
        fill("b.01", -15, "101", strategy="down"),
        fill("c.01", 7, "99", strategy=None),
        fill("d.01", -2, "120", strategy="up", account="DU2"),
    ]
    of = ledger(*events)
    accounts: Accounts[Order] = Accounts(INSTRUMENTS, Order)
    for event in events:
        accounts.apply(event)
    assert sum(entry.account_realised for entry in of.entries) == accounts.book.realised


def test_the_method_is_that_of_the_strategy_and_of_the_account() -> None:
    trades = [fill("a.01", 1, "100"), fill("b.01", 1, "110"), fill("c.01", -1, "120")]
    for method, earned in (("average", 15), ("fifo", 20)):
        last = ledger(*trades, method=method).entries[-1]
        assert (last.realised, last.account_realised) == (earned, earned)


def test_a_day_s_sums_are_apart_and_know_what_was_held_before() -> None:
    of = ledger(
        fill("a.01", 10, "100"), cost("a.01", "1"),
        fill("b.01", -4, "103", day=1), cost("b.01", "0.5"),
    )  # fmt: skip
    found = by_day(of.entries)
    friday = found[Of(FRIDAY, "DU1", "dip", "AAPL", "USD")]
    saturday = found[Of(SATURDAY, "DU1", "dip", "AAPL", "USD")]
    assert (friday.bought, friday.sold, friday.realised, friday.net) == (10, 0, 0, -1)
    assert (saturday.bought, saturday.sold, saturday.realised) == (0, 4, 12)
    assert saturday.net == D("11.5")


def test_a_correction_counts_in_the_place_and_on_the_day_of_what_it_corrects() -> None:
    of = ledger(
        fill("a.01", 10, "100"),
        fill("b.01", -10, "103"),
        fill("a.02", 10, "99", day=1),
    )
    assert [(entry.fill.exec_id, entry.day) for entry in of.entries] == [
        ("a.02", FRIDAY),
        ("b.01", FRIDAY),
    ]
    assert realised(of) == {("DU1", "dip"): D(40)}


def test_a_busted_execution_counts_for_nothing_and_stays_listed() -> None:
    of = ledger(fill("a.01", 10, "100"), fill("b.01", -10, "103"), fill("a.02", 0, "100", day=1))
    (sums,) = by_day(of.entries).values()
    assert (sums.executions, sums.bought, sums.sold, sums.realised) == (1, 0, 10, 0)
    assert of.holdings["DU1", "dip", "AAPL"].quantity == -10
    assert len(of.entries) == 2


def test_days_after_the_last_one_count_nothing() -> None:
    events = [fill("a.01", 10, "100"), fill("b.01", -4, "103", day=1)]
    assert ledger(*events, until=FRIDAY).holdings[Owner("DU1", "dip", "AAPL")].quantity == 10
    assert ledger(*events, until=SATURDAY).holdings[Owner("DU1", "dip", "AAPL")].quantity == 6


def test_an_execution_that_another_gateway_reported_first_has_the_strategy_of_its_order() -> None:
    order = SubmitOrder("i/1", T0, "DU1", "dip", "AAPL", OrderTerms("BUY", D(10)), T0)
    known = replace(fill("a.01", 10, "100"), intent_id="i/1")
    of = ledger(OrderIntended(T0, "1", order), replace(known, strategy=None), known)
    assert [entry.owner.strategy for entry in of.entries] == ["dip"]


def test_a_correction_that_another_gateway_reported_has_the_strategy_of_its_order() -> None:
    order = SubmitOrder("i/1", T0, "DU1", "dip", "AAPL", OrderTerms("BUY", D(10)), T0)
    known = replace(fill("a.01", 10, "100"), intent_id="i/1", permanent_id="900")
    corrected = replace(known, exec_id="a.02", price=D(101), strategy=None, intent_id=None)
    of = ledger(OrderIntended(T0, "1", order), known, corrected)
    assert [(entry.owner.strategy, entry.fill.price) for entry in of.entries] == [("dip", 101)]


# ---- cash ----------------------------------------------------------------------------------------


def test_cash_pays_for_shares_and_takes_the_gains_of_futures() -> None:
    of = ledger(
        fill("a.01", 10, "100"), cost("a.01", "1"),
        fill("e.01", 2, "5400", symbol="ESZ6"), cost("e.01", "4.30"),
        fill("f.01", -2, "5401", symbol="ESZ6", day=1), cost("f.01", "4.30"),
    )  # fmt: skip
    found = {of.day: cash for of, cash in cash_by_day(of.entries).items()}
    assert found[FRIDAY].change == D("-1005.30")
    assert (found[SATURDAY].trades, found[SATURDAY].commission) == (100, D("4.30"))
    assert found[SATURDAY].balance == D("-909.60")


def test_currencies_are_apart_in_pnl_and_in_cash() -> None:
    of = ledger(
        fill("a.01", 10, "100"), fill("s.01", 1, "200", symbol="SAP"), cost("s.01", "3", "USD"),
        fill("s.02.01", -1, "210", symbol="SAP"),
    )  # fmt: skip
    assert {(o.symbol, o.currency): s.net for o, s in by_day(of.entries).items()} == {
        ("AAPL", "USD"): 0,
        ("SAP", "EUR"): 10,
        ("SAP", "USD"): -3,
    }
    balances = {o.currency: one.balance for o, one in cash_by_day(of.entries).items()}
    assert balances == {"USD": -1003, "EUR": 10}


def test_what_is_not_configured_has_no_currency() -> None:
    (of,) = by_day(ledger(fill("a.01", 1, "5", symbol="TSLA")).entries)
    assert of.currency == "?"


# ---- currencies ----------------------------------------------------------------------------------


def test_amounts_are_added_up_with_a_rate_alone() -> None:
    amounts = summed([("USD", D(10)), ("EUR", D(2)), ("USD", D(1))])
    assert amounts == {"USD": 11, "EUR": 2}
    assert Rates("USD", {"EUR": D("1.5")}).total(amounts) == 14
    with pytest.raises(MissingRateError, match=r"no rate from EUR to USD.*--rate EUR=RATE"):
        Rates("USD", {}).total(amounts)
    with pytest.raises(MissingRateError, match=r"not in \[\[instruments\]\]"):
        Rates("USD", {}).total({"?": D(1)})
