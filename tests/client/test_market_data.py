"""Tickers and chains: the newest values, a stream for whoever reads, and an end to it."""

import asyncio

import pytest

from tapewire.client import ConfigError, LiveChain, Ticker
from tapewire.common.bus import wire
from tapewire.common.events import Event, Greeks, Trade
from tests.client.bench import CALL, FURTHER, T0, Bench, on_a_loop, quote

TRADE = Trade("AAPL", T0, 10.0, 1.0)


def greeks(symbol: str, delta: float) -> Greeks:
    return Greeks(symbol, T0, "tws", "model", 0.2, delta)


@on_a_loop
async def test_a_ticker_has_the_newest_quote_and_trade(bench: Bench):
    ticker = await bench.client.subscribe_ticker("AAPL")
    assert bench.wires.topics == [wire.topic("tick.AAPL"), wire.topic("last.AAPL")]
    bench.market("last", 4, quote(9.0))
    bench.market("tick", 5, quote(10.0), TRADE)
    bench.market("tick", 8, quote(11.0))
    await bench.settle()
    assert (ticker.quote, ticker.trade, ticker.missed) == (quote(11.0), TRADE, 2)
    assert await ticker.first(timeout_s=0) == quote(11.0)


@on_a_loop
async def test_a_reader_gets_what_comes_and_a_slow_one_the_newest_of_each_kind(bench: Bench):
    ticker = await bench.client.subscribe_ticker("AAPL")
    read: list[Event] = []

    async def reading() -> None:
        async for update in ticker:
            read.append(update)

    task = asyncio.create_task(reading())
    await bench.settle()
    bench.market("tick", 1, quote(10.0))
    await bench.settle()
    assert read == [quote(10.0)]
    bench.market("tick", 2, quote(11.0), TRADE, quote(12.0), quote(13.0))
    await bench.settle()
    assert read == [quote(10.0), TRADE, quote(13.0)]
    assert ticker.skipped == 2
    await bench.client.unsubscribe(ticker)
    await asyncio.wait_for(task, 5)


@on_a_loop
async def test_what_is_given_up_is_not_read_any_more_unless_another_shows_it(bench: Bench):
    first = await bench.client.subscribe_ticker("AAPL")
    bench.market("tick", 1, quote(10.0))
    await bench.settle()
    second = await bench.client.subscribe_ticker("AAPL")
    assert (second.quote, len(bench.wires.topics)) == (quote(10.0), 2), "it is subscribed once"
    await bench.client.unsubscribe(first)
    bench.market("tick", 2, quote(11.0))
    await bench.settle()
    assert (first.quote, second.quote) == (quote(10.0), quote(11.0))
    await bench.client.unsubscribe(second)
    assert bench.wires.topics == []
    bench.market("tick", 3, quote(12.0))
    await bench.settle()
    assert bench.client.problems == []


@on_a_loop
async def test_callbacks_of_a_ticker_are_called_or_awaited_and_one_that_raises_ends_nothing(
    bench: Bench,
):
    ticker = await bench.client.subscribe_ticker("AAPL")
    called: list[Event] = []
    awaited: list[Event] = []

    def raising(_update: Event) -> None:
        raise RuntimeError("no")

    async def awaiting(update: Event) -> None:
        awaited.append(update)

    for callback in (raising, called.append):
        ticker.on(callback)
    last = ticker.on(awaiting)
    await bench.settle()
    bench.market("tick", 1, quote(10.0), quote(11.0))
    await bench.settle()
    assert (called, awaited) == ([quote(10.0), quote(11.0)], [quote(11.0)])
    assert len(bench.client.problems) == 2
    assert "raising raised RuntimeError('no') on Quote(" in bench.client.problems[0]
    last.stop()
    bench.market("tick", 2, quote(12.0))
    await bench.settle()
    assert len(awaited) == 1


@on_a_loop
async def test_a_coroutine_of_a_ticker_can_stop_itself(bench: Bench):
    ticker = await bench.client.subscribe_ticker("AAPL")
    got: list[Event] = []

    async def once(update: Event) -> None:
        handle.stop()
        await asyncio.sleep(0)
        got.append(update)

    handle = ticker.on(once)
    await bench.settle()
    bench.market("tick", 1, quote(10.0), TRADE)
    await bench.settle()
    assert got == [quote(10.0)]
    assert len(asyncio.all_tasks()) == 1


@on_a_loop
async def test_a_chain_has_the_configured_options_with_quotes_and_greeks(bench: Bench):
    chain = await bench.client.subscribe_option_chain("AAPL", right="C")
    assert [one.symbol for one in chain] == [CALL, FURTHER]
    assert wire.topic(f"greeks.{CALL}") in bench.wires.topics
    changed: list[str] = []

    async def reading() -> None:
        async for one in chain:
            changed.append(one.symbol)

    task = asyncio.create_task(reading())
    await bench.settle()
    bench.market("greeks", 1, greeks(FURTHER, 0.4), symbol=FURTHER)
    bench.market("tick", 1, quote(5.0, CALL), quote(6.0, CALL), symbol=CALL)
    await bench.settle()
    further = chain.option("20301220", "C", 115)
    assert further.greeks is not None
    assert further.greeks.delta == 0.4
    assert changed == [FURTHER, CALL], "each once for all that is new of it"
    await bench.client.unsubscribe(chain)
    assert bench.wires.topics == []
    await asyncio.wait_for(task, 5)


@on_a_loop
async def test_a_chain_can_be_a_part_of_what_is_configured(bench: Bench):
    subscribe = bench.client.subscribe_option_chain
    for given in ({"strikes": [110]}, {"strikes": ["110.0"], "expiry": "2030-12-20"}):
        chain: LiveChain = await subscribe("AAPL", **given)
        assert [one.symbol for one in chain] == [CALL]
    with pytest.raises(KeyError, match="has no P at 110 of 20301220"):
        chain.option("20301220", "P", 110)


@pytest.mark.parametrize(
    ("symbol", "given", "says"),
    [
        ("MSFT", {}, "has no option on MSFT"),
        ("AAPL", {"strikes": [90]}, "no option on AAPL fits; configured are 20301220 C 110"),
        ("AAPL", {"expiry": "soon"}, "expiry is 'soon'; it must be a date"),
        ("AAPL", {"right": "X"}, "right is 'X'; it must be C or P"),
    ],
)
@on_a_loop
async def test_a_chain_that_cannot_be_is_refused(bench: Bench, symbol: str, given, says: str):
    with pytest.raises(ValueError, match=says):
        await bench.client.subscribe_option_chain(symbol, **given)


@on_a_loop
async def test_a_symbol_that_is_not_configured_is_refused(bench: Bench):
    with pytest.raises(ConfigError, match=r"'AAPLE' is not one of the .*did you mean AAPL"):
        await bench.client.subscribe_ticker("AAPLE")


@on_a_loop
async def test_a_market_that_is_silent_is_said(bench: Bench):
    ticker: Ticker = await bench.client.subscribe_ticker("AAPL")
    with pytest.raises(TimeoutError, match="nothing was traded or quoted in AAPL within 0 s"):
        await ticker.first(timeout_s=0)
