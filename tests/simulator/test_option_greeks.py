"""Greeks as the simulator sends them, read by ibapi's decoder."""

from typing import Any

import pytest
from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

from tapewire.common.options import instrument_of, read_expiry, years_left
from tapewire.simulator.exchange.black_scholes import worth
from tapewire.simulator.protocol.messages import frame

NAME = "AAPL  261218C00190000"
OPTION = instrument_of(NAME)
INSTRUMENTS = [instrument_of("AAPL"), OPTION]
CONTRACT = [0, "", "OPT", "", 0.0, "", "", "SMART", "", "USD", NAME, ""]
MARKET_S = 1_795_000_000  # the market's time: 18 November 2026


class Wrapper(EWrapper):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, ...]] = []

    def tickOptionComputation(self, *values: Any) -> None:  # noqa: N802 - ibapi's name
        self.found.append(values)


def subscribed(tws: Any) -> Any:
    client = tws.client()
    client.send("1", "11", 7, *CONTRACT, "0", "", 0, "0", "")
    return client


def computations(client: Any) -> list[list[str]]:
    return [one[2:] for one in client.read(21)]


@pytest.fixture
def tws(make_tws, make_quote, make_trade):
    rows = [
        make_quote(MARKET_S, "190.90", "191.10"),
        make_quote(MARKET_S, "4.90", "5.10", symbol=NAME),
        make_trade(MARKET_S + 1, "5.00", "1", symbol=NAME),
        make_quote(MARKET_S + 2, "0.40", "0.60", symbol=NAME),
    ]
    return make_tws(rows, INSTRUMENTS)


def test_a_quote_comes_with_the_greeks_of_both_sides_and_of_a_model(tws):
    client = subscribed(tws)
    tws.pass_s(0)
    found = computations(client)
    assert [one[0] for one in found] == ["10", "11", "13"]
    vol, delta, price, _, gamma, vega, theta, spot = map(float, found[-1][2:])
    assert (price, spot) == (5.0, 191.0)
    years = years_left(read_expiry(OPTION.expiry), MARKET_S * 1_000_000_000)
    assert worth("C", 190, 191, years, vol) == pytest.approx(
        (5.0, delta, gamma, vega, theta), abs=1e-6
    )
    bid, ask = float(found[0][2]), float(found[1][2])
    assert bid < vol < ask


def test_they_count_as_market_data_that_was_sent(tws):
    """The group's gateway counts what it read, and a demo compares both."""
    client = subscribed(tws)
    tws.pass_s(2)
    assert len(client.read(1, 2, 21)) == tws.server.counters["messages_sent"] > 6


def test_a_trade_has_greeks_too(tws):
    client = subscribed(tws)
    tws.pass_s(0)
    client.read()
    tws.pass_s(1)
    assert [one[0] for one in computations(client)] == ["10", "11", "12", "13"]


def test_what_no_volatility_explains_is_sent_as_not_computed(tws):
    client = subscribed(tws)
    tws.pass_s(0)
    tws.pass_s(1)
    client.read()
    tws.pass_s(1)
    model = computations(client)[-1]
    assert model[2:] == ["-1", "-2", "-1", "-1", "-2", "-2", "-2", "-1"]


def test_a_subscriber_gets_the_current_greeks_at_once_and_a_share_has_none(tws):
    tws.client().subscribe()
    subscribed(tws)
    tws.pass_s(0)
    late = tws.client(2)
    late.subscribe()
    assert late.read(21) == []
    late.send("1", "11", 8, *CONTRACT, "0", "", 0, "0", "")
    assert [one[0] for one in computations(late)] == ["10", "11", "13"]


@pytest.mark.parametrize("version", [152, 157])
def test_ibapi_reads_them(make_tws, make_quote, version):
    rows = [make_quote(MARKET_S, "191", "191"), make_quote(MARKET_S, "4.9", "5.1", symbol=NAME)]
    tws = make_tws(rows, INSTRUMENTS, server_version_max=version)
    client = subscribed(tws)
    tws.pass_s(0)
    wrapper = Wrapper()
    decoder = Decoder(wrapper, version)
    for one in client.read(21):
        decoder.interpret([field.encode() for field in frame_fields(one)])
    request, kind, _, vol, delta, price, _, gamma, vega, theta, spot = wrapper.found[-1]
    assert (request, kind, spot) == (7, 13, 191.0)
    assert None not in (vol, delta, price, gamma, vega, theta)


def frame_fields(fields: list[str]) -> list[str]:
    return frame(fields)[4:].decode().split("\0")[:-1]
