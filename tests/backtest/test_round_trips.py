"""Round trips: flat to flat, at average prices, with their share of the fees."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tapewire.backtest.report.round_trips import RoundTrips, round_trips_of
from tests.backtest.made import ACCOUNT, book, fee, fill

D = Decimal


def test_a_trip_has_average_entry_and_exit_and_all_its_fees():
    trips = RoundTrips("s", "XYZ", D(50))
    trips.apply(fill("BUY", 1, 100, 1), D(1))
    trips.apply(fill("BUY", 3, 104, 2), D(1))
    trips.apply(fill("SELL", 2, 110, 3), D(1))
    assert trips.closed == []
    trips.apply(fill("SELL", 2, 106, 9), D(1))
    (trip,) = trips.closed
    assert (trip.direction, trip.quantity) == ("LONG", D(4))
    assert (trip.entry_price, trip.exit_price) == (D(103), D(108))
    assert (trip.gross, trip.fees, trip.net) == (D(1000), D(4), D(996))
    assert (trip.entry_ns, trip.exit_ns, trip.holding_ns) == (10**9, 9 * 10**9, 8 * 10**9)


def test_an_execution_through_zero_ends_one_trip_and_begins_the_next():
    trips = RoundTrips("s", "XYZ")
    trips.apply(fill("SELL", 10, 20, 1), D(1))
    trips.apply(fill("BUY", 40, 19, 2), D(4))
    (trip,) = trips.closed
    assert (trip.direction, trip.gross, trip.fees) == ("SHORT", D(10), D(2))
    rest = trips.open_trip(D(21))
    assert rest is not None
    assert (rest.direction, rest.quantity, rest.gross, rest.fees) == ("LONG", D(30), D(60), D(3))
    assert rest.exit_ns is rest.exit_price is rest.holding_ns is None


def test_an_open_trip_without_a_mark_is_valued_at_its_entry():
    trips = RoundTrips("s", "XYZ")
    trips.apply(fill("BUY", 10, 20, 1), D(1))
    rest = trips.open_trip(None)
    assert rest is not None
    assert (rest.gross, rest.net) == (D(0), D(-1))


def test_executions_of_nobody_are_risks():
    one = fill("BUY", 1, 1, 1, strategy=None)
    assert list(round_trips_of(book(one))) == [("risk", "XYZ")]


@given(
    st.lists(
        st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 50), st.integers(90, 110)),
        max_size=30,
    )
)
def test_the_trips_add_up_to_the_book(trades):
    folded, trips = book(XYZ=5), RoundTrips("s", "XYZ", D(5))
    for n, (side, quantity, price) in enumerate(trades, 1):
        one = fill(side, quantity, price, n)
        folded.apply(one)
        folded.apply(fee(one, n))
        trips.apply(one, D(n))
    position = folded.position(ACCOUNT, "XYZ")
    position.mark = D(100)
    rest = trips.open_trip(D(100))
    every = [*trips.closed, *([rest] if rest else [])]
    gross = sum((t.gross for t in every), D(0))
    assert abs(gross - position.realised - (position.unrealised or 0)) < D("1e-15")
    assert abs(sum((t.fees for t in every), D(0)) - position.fees) < D("1e-15")
