"""Positions and P&L by the average-cost method, from each execution once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.book import Book, Position, execution_key
from tapewire.common.events import Commission, Fill, Side

D = Decimal


def fill(
    exec_id: str,
    quantity: str | Decimal,
    price: str | Decimal,
    side: Side = "BUY",
    symbol: str = "ES",
) -> Fill:
    return Fill(1, exec_id, 1, symbol, side, D(quantity), D(price))


def commission(exec_id: str, amount: str) -> Commission:
    return Commission(1, exec_id, D(amount), "USD")


def traded(*trades: tuple[str, str], multiplier: str = "1") -> Position:
    position = Position("ES", D(multiplier))
    for change, price in trades:
        position.trade(D(change), D(price))
    return position


CASES = {
    "adding moves the average cost": ([("1", "100"), ("3", "104")], "4", "103", "0"),
    "adding to a short does too": ([("-1", "100"), ("-3", "104")], "-4", "103", "0"),
    "reducing realises and keeps the cost": ([("4", "100"), ("-1", "110")], "3", "100", "10"),
    "reducing a short": ([("-4", "100"), ("1", "110")], "-3", "100", "-10"),
    "closing forgets the cost": ([("2", "100"), ("-2", "95")], "0", "0", "-10"),
    "going through zero": ([("2", "100"), ("-5", "110")], "-3", "110", "20"),
    "going through zero from short": ([("-2", "100"), ("5", "90")], "3", "90", "20"),
    "fractions": ([("0.5", "100"), ("-0.25", "104")], "0.25", "100", "1"),
}


@pytest.mark.parametrize(("trades", "quantity", "cost", "realised"), CASES.values(), ids=CASES)
def test_average_cost(
    trades: list[tuple[str, str]], quantity: str, cost: str, realised: str
) -> None:
    position = traded(*trades)
    held = (position.quantity, position.average_cost, position.realised)
    assert held == (D(quantity), D(cost), D(realised))


def test_the_multiplier_scales_money_and_not_prices() -> None:
    position = traded(("2", "100"), ("-1", "101"), multiplier="50")
    position.mark = D("102")
    assert position.average_cost == 100
    assert position.realised == 50
    assert position.unrealised == 100


def test_without_a_mark_there_is_no_unrealised_profit() -> None:
    assert traded(("2", "100")).unrealised is None


def test_an_operator_can_read_it() -> None:
    assert repr(traded(("2", "100"))) == "<Position ES 2 @ 100.0000>"


def test_the_same_execution_counts_once() -> None:
    book = Book()
    assert book.apply_fill(fill("a.01", "2", "100"))
    assert not book.apply_fill(fill("a.01", "2", "100"))
    assert book.position("ES").quantity == 2


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_fill(fill("b.01", "1", "110", "SELL"))
    assert book.realised == 10
    assert book.apply_fill(fill("a.02", "2", "105"))
    assert book.realised == 5
    assert book.position("ES").quantity == 1
    assert book.position("ES").average_cost == 105


def test_the_order_of_a_correction_and_its_original_does_not_matter() -> None:
    book = Book()
    book.apply_fill(fill("a.02", "2", "105"))
    assert not book.apply_fill(fill("a.01", "3", "100"))
    assert book.position("ES").quantity == 2
    assert book.position("ES").average_cost == 105


def test_a_correction_keeps_the_mark_and_the_commission() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_commission(commission("a.01", "1.5"))
    book.position("ES").mark = D(107)
    book.apply_fill(fill("a.02", "2", "105"))
    assert book.unrealised == 4
    assert book.commission == D("1.5")


def test_a_commission_may_come_before_its_fill() -> None:
    book = Book()
    assert book.apply_commission(commission("a.01", "1.5"))
    assert book.commission == 0
    book.apply_fill(fill("a.01", "2", "100"))
    assert book.commission == D("1.5")
    assert book.realised == 0


def test_a_commission_counts_once_and_its_correction_replaces_it() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    assert book.apply_commission(commission("a.01", "1.5"))
    assert not book.apply_commission(commission("a.01", "1.5"))
    assert book.apply_commission(commission("a.02", "2"))
    assert not book.apply_commission(commission("a.01", "1.5"))
    assert book.commission == 2


def test_symbols_have_their_own_multipliers_and_positions() -> None:
    book = Book({"ES": D(50)})
    for symbol in ("ES", "SPY"):
        book.apply_fill(fill(f"{symbol}.01", "1", "100", symbol=symbol))
        book.apply_fill(fill(f"{symbol}x.01", "1", "101", "SELL", symbol=symbol))
    assert book.position("ES").realised == 50
    assert book.position("SPY").realised == 1
    assert book.realised == 51


@pytest.mark.parametrize(
    ("exec_id", "key"), [("0000e0d5.5f1a.01.01", "0000e0d5.5f1a.01"), ("plain", "plain")]
)
def test_an_execution_and_its_corrections_share_a_key(exec_id: str, key: str) -> None:
    assert execution_key(exec_id) == key


PRICES = st.decimals(min_value=1, max_value=10_000, places=2)
CHANGES = st.integers(-20, 20).filter(bool).map(D)
TRADES = st.lists(st.tuples(CHANGES, PRICES), min_size=1, max_size=40)


@given(trades=TRADES, mark=PRICES, multiplier=st.sampled_from([D(1), D(50), D("0.1")]))
def test_profit_is_cash_flow_plus_what_is_held(
    trades: list[tuple[Decimal, Decimal]], mark: Decimal, multiplier: Decimal
) -> None:
    position = Position("ES", multiplier)
    cash = D(0)
    for change, price in trades:
        position.trade(change, price)
        cash -= change * price * multiplier
    position.mark = mark
    assert position.quantity == sum(change for change, _ in trades)
    assert position.unrealised is not None
    profit = position.realised + position.unrealised
    assert abs(profit - (cash + position.quantity * mark * multiplier)) < D("1e-15")


EXECUTIONS = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from(["BUY", "SELL"]), PRICES), max_size=9
)


@given(executions=EXECUTIONS, data=st.data())
def test_repeats_and_corrections_in_any_order_give_one_position(
    executions: list[tuple[int, Side, Decimal]], data: st.DataObject
) -> None:
    final = [fill(f"{n}.02", D(q), p, side) for n, (q, side, p) in enumerate(executions)]
    first = [fill(f"{n}.01", D(q + 1), p, side) for n, (q, side, p) in enumerate(executions)]
    book = Book()
    for execution in data.draw(st.permutations(final + first + final)):
        book.apply_fill(execution)
    expected = sum((f.quantity if f.side == "BUY" else -f.quantity for f in final), D(0))
    assert book.position("ES").quantity == expected
