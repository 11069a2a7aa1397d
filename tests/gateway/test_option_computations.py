"""Option computations from TWS's bytes to the market stream, and what is computed without them."""

from typing import Any

import pytest

from tapewire.common import greeks as library
from tapewire.common.bus import wire
from tapewire.common.bus.greeks import GreeksPublisher
from tapewire.common.clock import Now
from tapewire.common.events import Greeks, Quote, Tick
from tapewire.common.options import instrument_of
from tapewire.gateway.greeks import TWS_SILENT_NS, OptionGreeks
from tapewire.gateway.tws.market_data import MarketData
from tapewire.simulator.exchange.black_scholes import worth
from tapewire.simulator.protocol import messages

CALL = "AAPL  261218C00190000"
OPTION = instrument_of(CALL)
T0 = 1_795_000_000_000_000_000  # 18 November 2026
NOW = Now(T0, 5_000_000_000)
FULL = ["0.25", "0.6", "4.5", "0.0", "0.03", "0.2", "-0.05", "191.5"]
HUGE = "1.7976931348623157E308"


@pytest.fixture
def market() -> MarketData:
    made = MarketData()
    made.open(OPTION.symbol)
    return made


def read(market: MarketData, *values: str, kind: str = "13", version: int = 157) -> list[Greeks]:
    """What a computation of the first line comes to."""
    fields = messages.option_computation(version, 1_000_000_000, kind, values)
    market.readers[b"21"](messages.frame(fields)[4:].split(b"\0"), T0)
    return market.take_greeks()


def test_all_that_tws_says(market: MarketData):
    assert read(market, *FULL) == [
        Greeks(CALL, T0, "tws", "model", 0.25, 0.6, 0.03, 0.2, -0.05, 4.5, 191.5)
    ]


@pytest.mark.parametrize(
    ("kind", "basis"),
    [("10", "bid"), ("11", "ask"), ("12", "last"), ("13", "model"), ("80", "bid"), ("83", "model")],
)
def test_each_tick_type_is_of_its_basis(market: MarketData, kind: str, basis: str):
    assert [one.basis for one in read(market, *FULL, kind=kind)] == [basis]


def test_an_old_server_says_the_same_behind_a_version(market: MarketData):
    assert read(market, *FULL, version=155) == read(market, *FULL)


@pytest.mark.parametrize(
    ("place", "text", "name"),
    [
        (0, "-1", "implied_vol"), (1, "-2", "delta"), (2, "-1", "price"), (4, "-2", "gamma"),
        (5, "-2", "vega"), (6, "-2", "theta"), (7, "-1", "underlying_price"),
        (0, HUGE, "implied_vol"), (1, "NaN", "delta"), (4, "", "gamma"), (5, "inf", "vega"),
    ],
)  # fmt: skip
def test_what_tws_has_not_computed_is_none(market: MarketData, place: int, text: str, name: str):
    values = [*FULL[:place], text, *FULL[place + 1 :]]
    (greeks,) = read(market, *values)
    absent = {n for n in greeks.__struct_fields__ if getattr(greeks, n) is None}
    assert absent == {name}


def test_a_put_deep_in_the_money_has_a_delta_of_minus_1(market: MarketData):
    (greeks,) = read(market, "0.3", "-1", *FULL[2:])
    assert greeks.delta == -1


def test_a_computation_without_any_greek_is_none(market: MarketData):
    assert read(market, "-1", "-2", "-1", "-1", "-2", "-2", "-2", "-1") == []


def test_the_newest_of_each_basis_is_left(market: MarketData):
    line = messages.option_computation
    for kind, delta in (("10", "0.5"), ("13", "0.6"), ("13", "0.7")):
        fields = line(157, 1_000_000_000, kind, [FULL[0], delta, *FULL[2:]])
        market.readers[b"21"](messages.frame(fields)[4:].split(b"\0"), T0)
    assert [(one.basis, one.delta) for one in market.take_greeks()] == [
        ("bid", 0.5), ("model", 0.7),
    ]  # fmt: skip
    assert market.take_greeks() == []


@pytest.mark.parametrize("kind", ["53", "1", "x"])
def test_another_tick_type_and_another_line_are_passed_over(market: MarketData, kind: str):
    assert read(market, *FULL, kind=kind) == []
    fields = messages.option_computation(157, 77, "13", FULL)
    market.readers[b"21"](messages.frame(fields)[4:].split(b"\0"), T0)
    assert market.take_greeks() == []


@pytest.mark.parametrize("broken", [FULL[:-1], [*FULL, "1"], ["x", *FULL[1:]]])
def test_what_is_no_computation_raises(market: MarketData, broken: list[str]):
    with pytest.raises(ValueError, match=r"fields|float"):
        read(market, *broken)


# ---- published -----------------------------------------------------------------------------------


def of(basis: Any, delta: float, symbol: str = CALL) -> Greeks:
    return Greeks(symbol, T0, "tws", basis, delta=delta)


def test_greeks_go_out_on_a_topic_of_their_own_once_per_option():
    publisher = GreeksPublisher("gateway", "e")
    other = "AAPL  261218P00190000"
    found = [of("bid", 0.1), of("bid", 0.2), of("model", 0.3), of("model", -0.7, other)]
    first, second = publisher.publish(found)
    assert (first[0], second[0]) == (wire.topic(f"greeks.{CALL}"), wire.topic(f"greeks.{other}"))
    batch, dead = wire.decode_batch(first[1])
    assert not dead
    assert (batch.seq, batch.events) == (1, [of("bid", 0.2), of("model", 0.3)])
    assert publisher.newest(CALL) == of("model", 0.3)


def test_a_joiner_gets_the_newest_of_each_basis_under_the_seq_it_is_of():
    publisher = GreeksPublisher("gateway", "e")
    assert list(publisher.last()) == []
    list(publisher.publish([of("bid", 0.1), of("model", 0.3)]))
    list(publisher.publish([of("model", 0.4)]))
    for asked in ("", CALL):
        ((_, body),) = publisher.last(asked)
        batch = wire.decode_batch(body)[0]
        assert (batch.seq, batch.events) == (2, [of("bid", 0.1), of("model", 0.4)])
    assert list(publisher.last("MSFT")) == []


# ---- computed ------------------------------------------------------------------------------------


def quote(symbol: str, price: float, age_ns: int = 0) -> Quote:
    return Quote(symbol, T0 - age_ns, price - 0.05, 1.0, price + 0.05, 1.0)


def computed(
    greeks: OptionGreeks, *quotes: Tick, moved: str = CALL, now: Now = NOW
) -> list[Greeks]:
    newest = {one.symbol: one for one in quotes}
    return list(greeks.due([moved], newest.get, now))


@pytest.fixture
def options() -> OptionGreeks:
    pytest.importorskip("QuantLib", reason="greeks are computed with tapewire[options]")
    return OptionGreeks([instrument_of("AAPL"), OPTION])


@pytest.mark.parametrize("moved", [CALL, "AAPL"])
def test_without_tws_s_they_are_computed_from_both_quotes(options: OptionGreeks, moved: str):
    (found,) = computed(options, quote(CALL, 5.0), quote("AAPL", 191.0), moved=moved)
    assert (found.source, found.basis, found.price, found.underlying_price) == (
        "computed", "model", 5.0, 191.0,
    )  # fmt: skip
    assert found.implied_vol is not None
    years = (1_797_627_600 - T0 / 1e9) / (365 * 86400)  # 18 December 2026, 21:00 UTC
    again = worth("C", 190, 191, years, found.implied_vol)
    assert again.price == pytest.approx(5.0, abs=1e-4)
    assert found.delta == pytest.approx(again.delta, abs=1e-6)


def test_while_tws_sends_them_none_are_computed(options: OptionGreeks):
    options.sent([of("model", 0.5)], NOW)
    quotes = quote(CALL, 5.0), quote("AAPL", 191.0)
    assert computed(options, *quotes) == []
    later = Now(T0, NOW.mono_ns + TWS_SILENT_NS)
    assert len(computed(options, *quotes, now=later)) == 1


def test_tws_s_of_a_side_or_of_a_volatility_alone_are_not_enough(options: OptionGreeks):
    options.sent([of("bid", 0.5), Greeks(CALL, T0, "tws", "model", 0.25)], NOW)
    assert len(computed(options, quote(CALL, 5.0), quote("AAPL", 191.0))) == 1


@pytest.mark.parametrize(
    "quotes",
    [
        (quote(CALL, 5.0),),
        (quote("AAPL", 191.0),),
        (quote(CALL, 5.0), quote("AAPL", 191.0, age_ns=301_000_000_000)),
        (quote(CALL, 0.5), quote("AAPL", 191.0)),  # less than it would bring now
        (Quote(CALL, T0, None, None, 5.0, 1.0), quote("AAPL", 191.0)),
    ],
)
def test_without_two_prices_that_fit_there_are_none(options: OptionGreeks, quotes):
    assert computed(options, *quotes) == []


def test_without_the_library_it_says_what_to_install_once_tws_has_had_its_time(monkeypatch):
    monkeypatch.setattr(library, "lacking", lambda: "QuantLib is not installed")
    options = OptionGreeks([instrument_of("AAPL"), OPTION])
    quotes = quote(CALL, 5.0), quote("AAPL", 191.0)
    assert computed(options, *quotes) == []
    assert options.complaint == ""
    assert computed(options, *quotes, now=Now(T0, NOW.mono_ns + TWS_SILENT_NS)) == []
    assert options.complaint == (
        f"TWS sends no greeks of {CALL}, and none can be computed: QuantLib is not installed"
    )


def test_without_the_library_nothing_is_wrong_while_tws_sends_them(monkeypatch):
    monkeypatch.setattr(library, "lacking", lambda: "QuantLib is not installed")
    options = OptionGreeks([instrument_of("AAPL"), OPTION])
    for second in range(0, 60, 5):
        now = Now(T0, NOW.mono_ns + second * 1_000_000_000)
        options.sent([of("model", 0.5)], now)
        assert computed(options, quote(CALL, 5.0), quote("AAPL", 191.0), now=now) == []
    assert options.complaint == ""


def test_a_share_has_none(options: OptionGreeks):
    assert computed(options, quote("MSFT", 5.0), moved="MSFT") == []
    assert not OptionGreeks([instrument_of("AAPL")])
