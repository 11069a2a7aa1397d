"""Options of the simulator's own market: priced by what they are on."""

from decimal import Decimal
from itertools import islice

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of, read_expiry, years_left
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.black_scholes import implied_vol, worth
from tapewire.simulator.market.synthetic import START_NS, SyntheticMarket, start_of

AAPL = instrument_of("AAPL")
CALL = instrument_of("AAPL  240621C00150000")
PUT = instrument_of("AAPL  240621P00150000")
FAR_CALL = instrument_of("AAPL  240621C00300000")


def rows(*instruments: Instrument, seed: int = 3, count: int = 4000) -> list[Row]:
    return list(islice(SyntheticMarket(instruments, seed, 100), count))


def mid(row: Row) -> float:
    assert row.bid is not None
    assert row.ask is not None
    return (float(row.bid) + float(row.ask)) / 2


def test_the_textbook_price():
    """Natenberg's and everybody's first example: at the money, without interest, 0.4 x S x vol x
    the root of time."""
    one = worth("C", 100, 100, 1.0, 0.20)
    assert one.price == pytest.approx(7.9656, abs=1e-4)
    assert one.delta == pytest.approx(0.5398, abs=1e-4)
    assert one.gamma == pytest.approx(0.0198, abs=1e-4)
    assert one.vega == pytest.approx(0.3970, abs=1e-4)
    assert one.theta == pytest.approx(-0.01088, abs=1e-5)


def test_a_put_and_a_call_differ_by_what_the_strike_is_away():
    call, put = (worth(right, 95, 100, 0.5, 0.3).price for right in ("C", "P"))  # type: ignore[arg-type]
    assert call - put == pytest.approx(5)


def test_at_the_end_it_is_worth_what_exercising_it_brings():
    assert worth("C", 90, 100, 0.0, 0.3)[:3] == (10, 1, 0)
    assert worth("P", 90, 100, 0.0, 0.3)[:3] == (0, 0, 0)


@pytest.mark.parametrize("vol", [0.08, 0.2, 1.3])
def test_the_volatility_is_found_again_in_the_price(vol: float):
    price = worth("P", 95, 100, 0.5, vol).price
    assert implied_vol("P", 95, 100, 0.5, price) == pytest.approx(vol, abs=1e-4)


@pytest.mark.parametrize("price", [0.0, 4.0, 101.0, float("nan")])
def test_a_price_that_no_volatility_gives_has_none(price: float):
    assert implied_vol("C", 95, 100, 0.5, price) is None


def test_an_option_moves_with_what_it_is_on():
    spot, call, put, pairs = 0.0, 0.0, 0.0, 0
    seen: list[tuple[float, float, float]] = []
    for row in rows(AAPL, CALL, PUT):
        if row.bid is None:
            continue
        if row.symbol == "AAPL":
            spot = mid(row)
        elif row.symbol == CALL.symbol:
            call = mid(row)
        else:
            put = mid(row)
        if spot and call and put:
            seen.append((spot, call, put))
            assert years_left(read_expiry(CALL.expiry), row.ts_ns) > 0
            pairs += abs((call - put) - (spot - 150)) < 0.02 * spot
    assert pairs > 0.9 * len(seen)
    lowest, highest = min(seen), max(seen)
    assert highest[0] > lowest[0] * 1.001
    assert highest[1] > lowest[1]
    assert highest[2] < lowest[2]


def test_quotes_are_on_the_grid_above_zero_and_never_cross():
    for row in rows(AAPL, CALL, FAR_CALL):
        if row.bid is not None and row.ask is not None:
            assert 0 < Decimal(row.bid) < Decimal(row.ask)
            assert not Decimal(row.bid) % Decimal("0.01")
            assert not Decimal(row.ask) % Decimal("0.01")


def test_what_an_option_is_on_walks_unseen_if_nobody_asked_for_it():
    found = rows(CALL)
    assert {row.symbol for row in found} == {CALL.symbol}
    assert len({row.bid for row in found}) > 5


def test_the_same_seed_gives_the_same_options():
    assert rows(AAPL, CALL, seed=9, count=500) == rows(AAPL, CALL, seed=9, count=500)


def test_a_market_without_options_begins_when_it_always_did():
    assert start_of([AAPL], 1_795_000_000_000_000_000) == START_NS
    assert start_of([AAPL, CALL], 1_795_000_000_000_000_000) == 1_795_000_000_000_000_000
