"""Queries of a program: any of them, in pages, asked again of a gateway that has started again."""

import asyncio
from decimal import Decimal

import pytest

from tapewire.client import ConfigError, QueryRefused, Scan
from tapewire.client.bell import Closed
from tapewire.common.events import (
    HistoryBar,
    HistoryPage,
    QueryFailed,
    SnapshotPage,
    SnapshotQuery,
    name_of,
)
from tapewire.common.events.account_queries import PortfolioPage, PortfolioRow
from tapewire.common.events.queries import QueryProgress
from tests.client.bench import T0, Bench, on_a_loop, quote

BARS = tuple(HistoryBar(T0 + n, 1.0, 2.0, 0.5, 1.5) for n in range(3))


@on_a_loop
async def test_history_comes_in_pages_in_whatever_order(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL", bars="5 mins", back="2 D"))
    await bench.settle()
    (query,) = bench.queries()
    assert (query.symbol, query.bars, query.back) == ("AAPL", "5 mins", "2 D")
    bench.answer(HistoryPage(T0, query.id, BARS[2:], 2, last=True))
    bench.answer(HistoryPage(T0, query.id, BARS[:2], 1, last=False))
    await bench.settle()
    assert await asking == [*BARS]


@on_a_loop
async def test_a_long_span_says_how_far_it_is_and_may_take_longer_than_its_time(bench: Bench):
    got: list[QueryProgress] = []
    asking = asyncio.create_task(bench.client.history("AAPL", timeout_s=1, progress=got.append))
    await bench.settle()
    (query,) = bench.queries()
    for part in (1, 2):
        await bench.settle(2000)
        bench.answer(QueryProgress(T0, query.id, part, 3))
        await bench.settle()
    bench.answer(HistoryPage(T0, query.id, BARS))
    await bench.settle()
    assert await asking == [*BARS]
    assert [one.parts_done for one in got] == [1, 2]
    assert bench.service.watched == {}


@on_a_loop
async def test_any_query_can_be_asked(bench: Bench):
    asking = asyncio.create_task(bench.client.ask(SnapshotQuery("-", "AAPL")))
    await bench.settle()
    bench.answer(SnapshotPage(T0, bench.queries()[0].id, (quote(1.0),)))
    await bench.settle()
    assert await asking == [quote(1.0)]


@on_a_loop
async def test_accounts_and_scans_have_calls_of_their_own(bench: Bench):
    client = bench.client
    calls = [
        client.summary("DU1"), client.account_values("DU1"), client.portfolio("DU1"),
        client.pnl("DU1", positions=True), client.scan(Scan("TOP_PERC_GAIN")),
        client.chain("AAPL"),
    ]  # fmt: skip
    asking = [asyncio.create_task(call) for call in calls]
    await bench.settle()
    found = [name_of(query) for query in bench.queries()]
    kinds = ("summary", "account", "portfolio", "pnl", "scan", "chain")
    assert found == [f"query.{kind}" for kind in kinds]
    page = PortfolioPage(T0, bench.queries()[2].id, (PortfolioRow("DU1", "AAPL", Decimal(3)),))
    bench.answer(page)
    await bench.settle()
    assert await asking[2] == [*page.rows]
    for task in asking:
        task.cancel()


@on_a_loop
async def test_what_has_no_answer_says_why(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL"))
    await bench.settle()
    bench.answer(QueryFailed(T0, bench.queries()[0].id, "no data of that", 162))
    await bench.settle()
    with pytest.raises(QueryRefused, match=r"no data of that \(162\)"):
        await asking


@on_a_loop
async def test_a_gateway_that_starts_again_is_asked_again(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL"))
    await bench.settle()
    bench.answer(HistoryPage(T0, bench.queries()[0].id, BARS[:1], 1, last=False))
    bench.beat("gateway", epoch="2")
    await bench.settle()
    first, again = bench.queries()
    assert first == again
    bench.answer(HistoryPage(T0, first.id, BARS))
    await bench.settle()
    assert await asking == [*BARS]


@on_a_loop
async def test_who_waits_no_more_leaves_nothing_behind(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL"))
    await bench.settle()
    asking.cancel()
    await bench.settle()
    bench.answer(HistoryPage(T0, bench.queries()[0].id, BARS))
    await bench.settle()
    assert not bench.service.asking["gateway.queries"].waiting


@on_a_loop
async def test_who_waits_for_an_answer_when_the_client_is_closed_learns_that(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL"))
    await bench.settle()
    await bench.client.close()
    with pytest.raises(Closed):
        await asking


@on_a_loop
async def test_silence_is_said_after_the_time_of_the_query(bench: Bench):
    asking = asyncio.create_task(bench.client.history("AAPL", timeout_s=1))
    await bench.settle()
    await bench.settle(3001)
    with pytest.raises(QueryRefused, match="the gateway did not answer"):
        await asking


@on_a_loop
async def test_what_the_gateway_would_not_read_is_not_asked(bench: Bench):
    with pytest.raises(ValueError, match="cannot be asked"):
        await bench.client.history("AAPL", timeout_s=0)
    with pytest.raises(ConfigError, match="'second', which is none of the"):
        await bench.client.ask(SnapshotQuery("-", "AAPL"), gateway="second")
    assert bench.queries() == []
