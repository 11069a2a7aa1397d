"""Queries at TWS: what is asked, what the answers are read as, and that a query ends with its
connection."""

from datetime import UTC, datetime

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import (
    ChainPage,
    ChainQuery,
    ContractQuery,
    HistoryBar,
    HistoryPage,
    HistoryQuery,
    HistoryTick,
    OptionChain,
    TicksQuery,
)
from tapewire.gateway.query_port import Found, Refused
from tapewire.gateway.tws.messages import Undecodable
from tapewire.gateway.tws.queries import LOST, REQUEST_ID, TwsQueries
from tapewire.gateway.tws.translate import Translator
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import AAPL

FIRST = str(REQUEST_ID + 1)
BAR = ["1764000000", "150", "151.5", "149", "150.25", "1200", "150.5", "37"]
NS = 1_000_000_000


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def queries(bench: Bench) -> TwsQueries:
    return bench.broker.queries


def details(request_id: str, con_id: int = 265598, symbol: str = "TSLA") -> list[str]:
    """A contract as TWS describes it (10) at version 157."""
    from msgspec.structs import replace

    from tapewire.simulator.protocol import messages

    one = replace(AAPL, symbol=symbol, con_id=con_id)
    return messages.contract_details(157, int(request_id), one)


def bars(*rows: list[str]) -> list[str]:
    return ["17", FIRST, "begin", "end", str(len(rows)), *(f for row in rows for f in row)]


def test_bars_are_asked_for_with_times_in_seconds(bench: Bench, queries: TwsQueries):
    end = int(datetime(2026, 11, 20, 15, 30, tzinfo=UTC).timestamp()) * NS
    queries.ask(1, HistoryQuery("q", "AAPL", "5 mins", "3 D", end, "MIDPOINT", regular_hours=True))
    (fields,) = bench.flush()
    assert fields[:2] == ["20", FIRST]
    assert fields[15:] == [
        "20261120 15:30:00 UTC", "5 mins", "3 D", "1", "MIDPOINT", "2", "0", "",
    ]  # fmt: skip


def test_bars_are_read_with_what_tws_does_not_know_as_none(bench: Bench, queries: TwsQueries):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    no_trades = [*BAR[:5], "-1", "-1", "-1"]
    daily = ["20261120", *BAR[1:]]
    bench.receive(bars(BAR, no_trades, daily))
    (found,) = queries.take()
    first, second, third = found.rows
    assert first == HistoryBar(1764000000 * NS, 150, 151.5, 149, 150.25, 1200, 150.5, 37)
    assert (second.volume, second.average, second.count) == (None, None, None)
    assert third.ts_ns == int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * NS
    assert (found.number, found.last) == (1, True)


def test_no_bars_at_all_are_an_answer(bench: Bench, queries: TwsQueries):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    bench.receive(bars())
    assert queries.take() == [Found(1, (), last=True)]


@pytest.mark.parametrize("odd", ["nan", "1e300", "inf"])
def test_a_bar_that_no_price_can_be_costs_its_message(bench: Bench, queries: TwsQueries, odd: str):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    bench.receive(bars(BAR, [BAR[0], odd, *BAR[2:]]))
    assert queries.take() == []
    assert any("cannot be read" in text for text, _ in bench.gateway.complaints)
    bench.receive(bars(BAR))
    (found,) = queries.take()
    assert len(found.rows) == 1, "nothing of the broken one is left"


@pytest.mark.parametrize("odd", ["1e300", "-1e19", "1e19"])
def test_a_count_of_trades_that_nobody_could_write_down_costs_its_message(odd: str):
    """From version 163 on a fraction may stand in each field of a bar."""
    payload = "\0".join([*bars([*BAR[:-1], odd]), ""]).encode()
    (found,) = Translator(178).read(payload)
    assert isinstance(found, Undecodable)
    payload = "\0".join([*bars([*BAR[:-1], "37.0"]), ""]).encode()
    (found,) = Translator(178).read(payload)
    assert wire.encode(HistoryPage(1, "q", found.bars))


def test_trades_quotes_and_midpoints_of_the_past_are_read(bench: Bench, queries: TwsQueries):
    rows = {
        "TRADES": ("98", ["7", "0", "150", "10", "NYSE", ""], HistoryTick(7 * NS, 150, 10)),
        "MIDPOINT": ("96", ["7", "0", "150.5", "0"], HistoryTick(7 * NS, 150.5)),
        "BID_ASK": (
            "97", ["7", "0", "150", "151", "3", "4"],
            HistoryTick(7 * NS, None, None, 150, 151, 3, 4),
        ),
    }  # fmt: skip
    for number, (show, (kind, row, tick)) in enumerate(rows.items(), 1):
        queries.ask(number, TicksQuery("q", "AAPL", start_ns=NS, show=show))
        bench.receive([kind, str(REQUEST_ID + number), "1", *row, "1"])
        assert queries.take() == [Found(number, (tick,), last=True)]


def test_ticks_have_a_start_or_an_end(queries: TwsQueries):
    with pytest.raises(ValueError, match="not both"):
        queries.ask(1, TicksQuery("q", "AAPL", start_ns=NS, end_ns=2 * NS))


def test_a_chain_is_asked_for_by_the_contracts_id(bench: Bench, queries: TwsQueries):
    queries.ask(1, ChainQuery("q", "TSLA"))
    (question,) = bench.flush()
    assert question[:6] == ["9", "8", FIRST, "0", "TSLA", "STK"]
    bench.receive(details(FIRST), ["52", "1", FIRST])
    assert bench.flush() == [["78", FIRST, "TSLA", "", "STK", "265598"]]
    chain = ["75", FIRST, "SMART", "265598", "TSLA", "100"]
    bench.receive([*chain, "2", "20261218", "20261120", "2", "310", "300"], ["76", FIRST])
    row = OptionChain("SMART", "TSLA", "100", ("20261120", "20261218"), (300, 310))
    assert queries.take() == [Found(1, (row,)), Found(1, (), last=True)]


def test_a_chain_in_words_that_nobody_could_read_costs_its_message(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, ChainQuery("q", "TSLA"))
    bench.receive(details(FIRST), ["52", "1", FIRST])
    begin, end = ["75", FIRST], ["265598", "TSLA", "100", "1", "20261218", "1", "310"]
    bench.receive([*begin, "X" * 65, *end], [*begin, "SM\x07ART", *end])
    assert queries.take() == []
    assert len([text for text, _ in bench.gateway.complaints if "cannot be read" in text]) == 2
    bench.receive([*begin, "SMART", *end], ["76", FIRST])
    chain, _ = queries.take()
    page = ChainPage(1, "q", chain.rows)
    assert wire.decode_event(wire.encode(page)) == page


def test_a_chain_of_an_ambiguous_name_is_refused(bench: Bench, queries: TwsQueries):
    queries.ask(1, ChainQuery("q", "TSLA"))
    bench.receive(details(FIRST), details(FIRST, 3), ["52", "1", FIRST])
    (refused,) = queries.take()
    assert "TWS knows 2 contracts of that name" in refused.reason


def test_contracts_that_fit_are_listed(bench: Bench, queries: TwsQueries):
    queries.ask(1, ContractQuery("q", "TSLA", currency="EUR", exchange=""))
    bench.receive(details(FIRST), details(FIRST, 3), ["52", "1", FIRST])
    one, two, end = queries.take()
    assert [part.rows[0].con_id for part in (one, two)] == [265598, 3]
    assert end == Found(1, (), last=True)


def test_an_error_ends_its_query_and_is_journaled_as_answered(bench: Bench, queries: TwsQueries):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    before = len(bench.gateway.complaints)
    bench.error(int(FIRST), 162, "no data")
    assert queries.take() == [Refused(1, 162, "no data", "no data")]
    assert len(bench.gateway.complaints) == before, "whoever asked has it"


def test_a_warning_ends_no_query(bench: Bench, queries: TwsQueries):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    bench.error(int(FIRST), 2106, "HMDS data farm connection is OK")
    bench.receive(bars(BAR))
    (found,) = queries.take()
    assert isinstance(found, Found)


def test_every_query_ends_with_its_connection(bench: Bench, queries: TwsQueries):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    queries.ask(2, ChainQuery("q", "AAPL"))
    bench.lose()
    assert queries.take() == [Refused(1, 0, LOST, "lost"), Refused(2, 0, LOST, "lost")]
    assert "not connected" in queries.problem()


def test_bars_that_nobody_waits_for_are_cancelled_and_a_late_answer_dropped(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    bench.flush()
    queries.give_up(1)
    assert bench.flush() == [["25", "1", FIRST]]
    before = len(bench.gateway.complaints)
    bench.receive(bars(BAR))
    bench.error(int(FIRST), 162, "API historical data query cancelled: 985000001")
    bench.error(int(FIRST), 366, "No historical data query found for ticker id")
    assert queries.take() == []
    assert len(bench.gateway.complaints) == before, "TWS confirms the cancel: nobody has to act"


def test_an_order_goes_before_queries_that_came_earlier(bench: Bench, queries: TwsQueries):
    for number in range(3):
        queries.ask(number, HistoryQuery("q", "AAPL", back=f"{number + 1} D"))
    assert bench.submit(submit()).accepted
    assert [fields[0] for fields in bench.flush()] == ["3", "20", "20", "20"]


@pytest.mark.parametrize(
    ("symbol", "described"),
    [
        ("EUR.USD", ["0", "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", ""]),
        ("TSLA", ["0", "TSLA", "STK", "", "0.0", "", "", "SMART", "", "USD", "", ""]),
        (
            "TSLA  261218C00190000",
            [
                "0", "TSLA", "OPT", "20261218", "190.0", "C", "100", "SMART", "", "USD",
                "TSLA  261218C00190000", "TSLA",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_not_configured_is_what_its_name_says(
    bench: Bench, queries: TwsQueries, symbol: str, described: list[str]
):
    queries.ask(1, HistoryQuery("q", symbol))
    (fields,) = bench.flush()
    assert fields[2:14] == described


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        (162, "HMDS query returned no data: AAPL@SMART Trades", "no data"),
        (10187, "Failed to request historical ticks:No data", "no data"),
        (162, "Historical data request pacing violation", "too fast"),
        (162, "Time length exceed max.", ""), (321, "there is no data", ""),
    ],
)  # fmt: skip
def test_what_a_refusal_means_for_a_long_span_is_read_from_its_words(
    bench: Bench, queries: TwsQueries, code: int, text: str, why: str
):
    queries.ask(1, HistoryQuery("q", "AAPL"))
    bench.error(int(FIRST), code, text)
    assert queries.take() == [Refused(1, code, text, why)]


ANSWERS = {
    "bars": bars(BAR),
    "ticks": ["98", FIRST, "1", "7", "0", "150", "10", "NYSE", "", "1"],
    "chain": ["75", FIRST, "SMART", "1", "TSLA", "100", "1", "20261218", "1", "100"],
    "end of chains": ["76", FIRST],
    "contract": details(FIRST),
    "end of contracts": ["52", "1", FIRST],
}
QUESTIONS = {
    HistoryQuery("q", "AAPL"): {"bars"},
    TicksQuery("q", "AAPL", start_ns=NS): {"ticks"},
    ContractQuery("q", "TSLA"): {"contract", "end of contracts"},
    ChainQuery("q", "TSLA"): {"contract", "end of contracts"},
}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda query: type(query).__name__)
def test_an_answer_of_another_kind_than_the_question_is_none_and_ends_nothing(
    bench: Bench, queries: TwsQueries, question: HistoryQuery
):
    queries.ask(1, question)
    odd = [fields for name, fields in ANSWERS.items() if name not in QUESTIONS[question]]
    bench.receive(*odd)
    assert queries.take() == []
    assert len(bench.gateway.complaints) == len(odd)
    queries.closed()
    assert queries.take() == [Refused(1, 0, LOST, "lost")]


def test_the_contract_of_a_chain_that_comes_again_with_its_options_ends_nothing(
    bench: Bench, queries: TwsQueries
):
    queries.ask(1, ChainQuery("q", "TSLA"))
    bench.receive(ANSWERS["contract"], ANSWERS["end of contracts"], ANSWERS["end of contracts"])
    assert queries.take() == []
    bench.receive(ANSWERS["chain"], ANSWERS["end of chains"])
    assert [one.last for one in queries.take()] == [False, True]
