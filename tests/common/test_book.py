"""Positions and P&L by the average-cost method, from each execution once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.book import (
    Book,
    Position,
    Reported,
)
from tapewire.common.accounting.exec_ids import execution_key, supersedes
from tapewire.common.events import Commission, Fill, PositionReported, Side

D = Decimal


def fill(
    exec_id: str,
    quantity: str | Decimal,
    price: str | Decimal,
    side: Side = "BUY",
    symbol: str = "ES",
    account: str = "DU1",
    ts_ns: int = 1,
) -> Fill:
    return Fill(ts_ns, account, exec_id, "1", symbol, side, D(quantity), D(price))


def commission(exec_id: str, amount: str) -> Commission:
    return Commission(1, "DU1", exec_id, D(amount), "USD")


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
    assert book.position("DU1", "ES").quantity == 2


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_fill(fill("b.01", "1", "110", "SELL"))
    assert book.realised == 10
    assert book.apply_fill(fill("a.02", "2", "105"))
    assert book.realised == 5
    assert book.position("DU1", "ES").quantity == 1
    assert book.position("DU1", "ES").average_cost == 105


def test_the_order_of_a_correction_and_its_original_does_not_matter() -> None:
    book = Book()
    book.apply_fill(fill("a.02", "2", "105"))
    assert not book.apply_fill(fill("a.01", "3", "100"))
    assert book.position("DU1", "ES").quantity == 2
    assert book.position("DU1", "ES").average_cost == 105


def test_a_correction_keeps_the_mark_and_the_fees() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_commission(commission("a.01", "1.5"))
    book.position("DU1", "ES").mark = D(107)
    book.apply_fill(fill("a.02", "2", "105"))
    assert book.unrealised == 4
    assert book.fees == D("1.5")


def test_a_commission_may_come_before_its_fill() -> None:
    book = Book()
    assert book.apply_commission(commission("a.01", "1.5"))
    assert book.fees == 0
    book.apply_fill(fill("a.01", "2", "100"))
    assert book.fees == D("1.5")
    assert book.realised == 0


def test_a_commission_counts_once_and_its_correction_replaces_it() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    assert book.apply_commission(commission("a.01", "1.5"))
    assert not book.apply_commission(commission("a.01", "1.5"))
    assert book.apply_commission(commission("a.02", "2"))
    assert not book.apply_commission(commission("a.01", "1.5"))
    assert book.fees == 2


def test_symbols_have_their_own_multipliers_and_positions() -> None:
    book = Book({"ES": D(50)})
    for symbol in ("ES", "SPY"):
        book.apply_fill(fill(f"{symbol}.01", "1", "100", symbol=symbol))
        book.apply_fill(fill(f"{symbol}x.01", "1", "101", "SELL", symbol=symbol))
    assert book.position("DU1", "ES").realised == 50
    assert book.position("DU1", "SPY").realised == 1
    assert book.realised == 51


@pytest.mark.parametrize(
    ("exec_id", "key"), [("0000e0d5.5f1a.01.01", "0000e0d5.5f1a.01"), ("plain", "plain")]
)
def test_an_execution_and_its_corrections_share_a_key(exec_id: str, key: str) -> None:
    assert execution_key(exec_id) == key


@pytest.mark.parametrize(
    ("exec_id", "known", "is_later"),
    [
        ("0001.02", "0001.01", True),
        ("0001.10", "0001.9", True),
        ("0001.9", "0001.10", False),
        ("0001.01", "0001.01", False),
        ("0001.1", "0001.01", False),
        ("plain", "plain", False),
        ("0001.b", "0001.a", True),
    ],
)
def test_a_later_correction_has_the_higher_number(exec_id: str, known: str, *, is_later: bool):
    assert supersedes(exec_id, known) is is_later


def test_the_tenth_correction_of_an_execution_counts_and_the_ninth_is_then_old() -> None:
    book = Book()
    for exec_id, quantity in (("e.9", 9), ("e.10", 4), ("e.9", 9)):
        book.apply(fill(exec_id, str(quantity), "100"))
    assert book.quantity("DU1", "ES") == 4


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
    assert book.position("DU1", "ES").quantity == expected


# ---- accounts -----------------------------------------------------------------------------------


def test_accounts_have_positions_and_profit_of_their_own() -> None:
    book = Book({"ES": D(50)})
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_fill(fill("b.01", "2", "100", "SELL", account="DU2"))
    book.apply_fill(fill("c.01", "1", "110", "SELL"))
    book.apply_commission(Commission(1, "DU2", "b.01", D("4"), "USD"))
    one, two = book.position("DU1", "ES"), book.position("DU2", "ES")
    assert (one.quantity, one.realised, one.fees) == (1, 500, 0)
    assert (two.quantity, two.realised, two.fees) == (-2, 0, 4)
    assert [p.account for p in book.of("DU2")] == ["DU2"]
    assert (len(list(book.of())), book.realised, book.fees) == (2, 500, 4)
    assert (book.quantity("DU1", "ES"), book.quantity("DU3", "ES")) == (1, 0)


def test_a_mark_values_the_symbol_in_every_account() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_fill(fill("b.01", "2", "100", "SELL", account="DU2"))
    book.apply_fill(fill("c.01", "1", "100", symbol="SPY"))
    book.mark("ES", D(103))
    assert [p.unrealised for p in book.of()] == [6, -6, None]
    assert book.unrealised == 0


def test_what_is_known_of_an_execution_is_its_newest_version() -> None:
    book = Book()
    book.apply(fill("a.01", "2", "100"))
    book.apply(commission("a.01", "1.5"))
    book.apply(fill("a.02", "3", "100"))
    newest = book.fill("a.01")
    assert newest is not None
    assert newest.quantity == 3
    assert book.fills() == [newest]
    assert book.exec_ids == {"a.02"}
    charged = book.commission("a.02")
    assert charged is not None
    assert charged.amount == D("1.5")
    assert (book.fill("b.01"), book.commission("b.01")) == (None, None)


def test_a_correction_that_names_another_account_moves_the_execution_there() -> None:
    book = Book()
    book.apply_fill(fill("a.01", "2", "100"))
    book.apply_commission(commission("a.01", "1.5"))
    book.apply_fill(fill("a.02", "2", "100", account="DU2"))
    assert (book.quantity("DU1", "ES"), book.quantity("DU2", "ES")) == (0, 2)
    assert (book.position("DU1", "ES").fees, book.position("DU2", "ES").fees) == (0, D("1.5"))
    assert (book.day("DU1", 1).fills, book.day("DU2", 1).fills) == (0, 1)
    book.apply_fill(fill("b.01", "1", "100"))
    assert book.quantity("DU1", "ES") == 1


# ---- the order of executions --------------------------------------------------------------------


GATEWAY = [fill("a.01", "10", "100", ts_ns=1), fill("c.01", "10", "120", ts_ns=3)]
LIQUIDATION = [
    fill("b.01", "10", "110", "SELL", ts_ns=2),
    fill("d.01", "5", "130", "SELL", ts_ns=4),
]


@given(data=st.data())
def test_two_journals_give_one_profit_however_they_are_read(data: st.DataObject) -> None:
    sources = {"gateway": list(GATEWAY), "liquidation": list(LIQUIDATION)}
    book = Book()
    while any(sources.values()):
        source = data.draw(st.sampled_from([s for s, left in sources.items() if left]))
        assert book.apply(sources[source].pop(0), source)
    assert book.position("DU1", "ES").realised == 100 + 50
    assert book.position("DU1", "ES").quantity == 5


@given(data=st.data())
def test_a_clock_that_is_set_at_any_time_does_not_make_the_order_of_reading_matter(
    data: st.DataObject,
) -> None:
    """Executions that one or both gateways report, each journal with any stamps at all."""
    sources: dict[str, list[Fill]] = {"gateway": [], "liquidation": []}
    for number in range(data.draw(st.integers(1, 6))):
        side = data.draw(st.sampled_from(["BUY", "SELL"]))
        quantity, price = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 7))
        for source in data.draw(st.sampled_from([("gateway",), ("liquidation",), (*sources,)])):
            ts_ns = data.draw(st.integers(0, 3)) * 86_400_000_000_000
            one = fill(f"{number}.01", str(quantity), f"{price}.03", side, ts_ns=ts_ns)
            sources[source].append(one)

    def read(order: list[str]) -> tuple[object, object]:
        book, left = Book(), {source: list(fills) for source, fills in sources.items()}
        for source in order:
            book.apply(left[source].pop(0), source)
        days = {day: (totals.realised, totals.fills) for day, totals in book.days.items()}
        return book.snapshot(), days

    names = [source for source, fills in sources.items() for _ in fills]
    assert read(data.draw(st.permutations(names))) == read(names)


def test_an_execution_that_both_gateways_report_counts_once_and_keeps_both_orders() -> None:
    book = Book()
    for source, one in (
        ("liquidation", LIQUIDATION[0]),
        ("gateway", GATEWAY[0]),
        ("gateway", LIQUIDATION[0]),
        ("gateway", fill("c.01", "10", "120", ts_ns=1)),  # after b.01 there, whatever it says
    ):
        book.apply(one, source)
    assert book.position("DU1", "ES").realised == 100
    assert book.position("DU1", "ES").average_cost == 120


def test_a_clock_that_is_set_back_does_not_change_the_order_of_a_journal() -> None:
    book = Book()
    for number, (quantity, price, side) in enumerate(
        [("10", "100", "BUY"), ("10", "110", "SELL"), ("10", "120", "BUY")]
    ):
        book.apply(fill(f"{number}.01", quantity, price, side, ts_ns=9 - number), "gateway")
    assert book.realised == 100
    assert book.position("DU1", "ES").average_cost == 120


def test_the_newest_word_of_the_broker_is_a_sources_last_and_of_several_the_latest() -> None:
    def word(quantity: int, ts_ns: int) -> PositionReported:
        return PositionReported(ts_ns, "DU1", "ES", D(quantity), D(1))

    reported = Reported()
    assert reported.quantity("DU1", "ES") is None
    reported.apply(word(5, 9), "gateway")
    reported.apply(word(6, 8), "gateway")  # the clock was set back
    assert reported.quantity("DU1", "ES") == 6
    reported.apply(word(1, 2), "liquidation")  # it has been down since yesterday
    assert reported.quantity("DU1", "ES") == 6
    reported.apply(word(7, 10), "liquidation")
    assert reported.quantity("DU1", "ES") == 7
    assert dict(reported.items()) == {("DU1", "ES"): word(7, 10)}
    assert reported.snapshot() == {"DU1/ES": 7}
