"""An account with several currencies: cash in each, a ledger of each, and sums in its own."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Books
from tapewire.simulator.exchange.full_values import full_values, ledger
from tapewire.simulator.exchange.margin import net_liquidation
from tapewire.simulator.exchange.values import account_values

D = Decimal
SAP = Instrument(symbol="SAP", currency="EUR", exchange="IBIS")
DAX = Instrument(symbol="FDAXZ6", sec_type="FUT", currency="EUR", multiplier=D(25))
AAPL = Instrument(symbol="AAPL")
EURUSD = Instrument(symbol="EUR.USD", sec_type="CASH", exchange="IDEALPRO")
USDJPY = Instrument(symbol="USD.JPY", sec_type="CASH", exchange="IDEALPRO", currency="JPY")
SONY = Instrument(symbol="6758", currency="JPY", exchange="TSEJ")
MARKS = {"SAP": D(110), "AAPL": D(200), "EUR.USD": D("1.1"), "USD.JPY": D(160), "6758": D(3200)}


def mark_of(symbol: str) -> Decimal | None:
    return MARKS.get(symbol)


def books_of(*instruments: Instrument, cash: int = 10_000) -> Books:
    return Books(instruments, D(cash))


def parts_of(books: Books) -> dict[str, dict[str, str]]:
    """The ledger by currency, then by key."""
    found: dict[str, dict[str, str]] = {}
    for key, value, currency in ledger(books, mark_of):
        found.setdefault(currency, {})[key] = value
    return found


def test_what_is_paid_in_euros_leaves_the_dollars_alone():
    books = books_of(SAP, EURUSD)
    books.fill("SAP", D(10), D(100), D(3))
    assert (books.cash, books.balances) == (10_000, {"USD": 10_000, "EUR": -1003})
    parts = parts_of(books)
    assert list(parts) == ["USD", "EUR", "BASE"]
    assert parts["EUR"]["CashBalance"] == "-1003.00"
    assert parts["EUR"]["StockMarketValue"] == "1100.00"
    assert parts["EUR"]["NetLiquidationByCurrency"] == "97.00"
    assert (parts["EUR"]["ExchangeRate"], parts["USD"]["ExchangeRate"]) == ("1.1", "1.00")
    assert parts["BASE"]["NetLiquidationByCurrency"] == "10106.70"
    assert parts["BASE"]["TotalCashBalance"] == "8896.70"
    values = account_values(books, mark_of)
    assert (values["NetLiquidation"], values["TotalCashValue"]) == (D("10106.7"), D("8896.7"))
    assert (values["GrossPositionValue"], values["UnrealizedPnL"]) == (1210, 110)
    assert values["InitMarginReq"] == 605


def test_a_pair_moves_the_cash_of_both_its_currencies_and_is_not_counted_twice():
    books = books_of(EURUSD, SAP)
    books.fill("EUR.USD", D(1000), D("1.09"), D(2))
    assert books.balances == {"USD": D(8908), "EUR": D(1000)}
    assert net_liquidation(books, mark_of) == 10_008, "1000 EUR at 1.1 and what is left in dollars"
    assert books.holdings["EUR.USD"].unrealised(D("1.1")) == 10
    books.fill("SAP", D(9), D(100), D(0))
    assert books.balances["EUR"] == 100
    books.fill("EUR.USD", D(-1000), D("1.1"), D(0))
    assert books.balances == {"USD": D(10_008), "EUR": D(-900)}


def test_a_future_settles_its_gain_in_its_own_currency():
    books = books_of(DAX, EURUSD)
    books.fill("FDAXZ6", D(1), D(20_000), D(1))
    books.fill("FDAXZ6", D(-1), D(20_010), D(1))
    assert books.balances == {"USD": 10_000, "EUR": 248}
    values = {key: value for key, value, _ in full_values("DU1", books, mark_of, "USD")}
    assert values["RealizedPnL"] == "275.00"


@pytest.mark.parametrize(
    ("listed", "currency", "rate"),
    [
        ((EURUSD,), "EUR", "1.1"),
        ((USDJPY,), "JPY", "0.00625"),
        ((), "EUR", "1.08"),
        ((), "XXX", "1.0"),
        ((), "USD", "1"),
    ],
)
def test_a_rate_is_what_the_pair_shows_either_way_round_or_a_fixed_one(listed, currency, rate):
    assert books_of(*listed).rate(currency, mark_of) == D(rate)


def test_a_pair_without_a_price_has_the_fixed_rate():
    assert books_of(EURUSD).rate("EUR", lambda _symbol: None) == D("1.08")


def test_booking_again_begins_with_the_cash_that_there_was():
    books = books_of(SAP, EURUSD)
    books.fill("SAP", D(10), D(100), D(3))
    books.rebook([("SAP", D(5), D(100), D(3)), ("EUR.USD", D(100), D("1.1"), D(2))])
    assert books.balances == {"USD": D(9888), "EUR": D(-403)}
    assert books.as_dict()["balances"] == {"USD": "9888", "EUR": "-403"}


def test_the_ledger_at_its_rates_is_the_net_worth_whatever_was_traded():
    books = books_of(SAP, EURUSD, USDJPY, SONY, AAPL)
    for symbol, signed, price in (
        ("SAP", 7, "103.37"), ("AAPL", -3, "199.01"), ("EUR.USD", 321, "1.09995"),
        ("USD.JPY", -77, "159.005"), ("6758", 11, "3111"), ("SAP", -2, "101"),
    ):  # fmt: skip
        books.fill(symbol, D(signed), D(price), D("1.01"))
    parts = parts_of(books)
    whole = sum(
        D(part["ExchangeRate"]) * D(part["NetLiquidationByCurrency"])
        for currency, part in parts.items()
        if currency != "BASE"
    )
    assert whole == pytest.approx(net_liquidation(books, mark_of), abs=D("0.02"))
    assert D(parts["BASE"]["NetLiquidationByCurrency"]) == pytest.approx(whole, abs=D("0.02"))


@pytest.mark.parametrize(
    ("tag", "currencies"),
    [
        ("$LEDGER:ALL", {"USD", "EUR", "BASE"}),
        ("$LEDGER:EUR", {"EUR"}),
        ("$LEDGER", {"BASE"}),
        ("NetLiquidation,$LEDGER:JPY", {"USD"}),
    ],
)
def test_a_summary_has_the_ledger_of_the_currency_that_it_asks_for(
    make_tws, make_quote, tag, currencies
):
    rows = [
        make_quote(0, "100", "101", symbol="SAP"),
        make_quote(0, "1.1", "1.1", symbol="EUR.USD"),
    ]
    tws = make_tws(rows, instruments=(SAP, EURUSD))
    client = tws.client()
    contract = [0, "SAP", "STK", "", 0.0, "", "", "IBIS", "", "EUR", "", ""]
    client.send("1", "11", 1, *contract, "0", "", 0, "0", "")
    tws.pass_s(0)
    client.place(1, quantity=10, contract=contract)
    assert client.read(11)
    client.send("62", "1", 7, "All", tag)
    found = client.read(63)
    assert {one[6] for one in found} == currencies
    if "EUR" in currencies:
        assert [one[5] for one in found if (one[4], one[6]) == ("CashBalance", "EUR")] == [
            "-1011.00"
        ]
