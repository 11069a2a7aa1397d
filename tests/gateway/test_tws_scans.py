"""Scans at TWS: what is asked, how rankings are read, and what TWS's errors about them mean."""

import pytest

from tapewire.common.events.scans import RANKED_MAX, Scan, ScanRow
from tapewire.gateway.scan_port import Ranking, ScanEnded
from tapewire.gateway.tws.messages import Undecodable
from tapewire.gateway.tws.query_messages import Ranked
from tapewire.gateway.tws.scans import LOST, REQUEST_ID, TwsScans
from tapewire.gateway.tws.translate import Translator
from tests.gateway.tws_bench import Bench

FIRST = str(REQUEST_ID + 1)
ROW = [
    "1001", "AAPL", "STK", "", "0", "", "SMART", "USD", "AAPL", "NMS", "NMS", "", "", "", "",
]  # fmt: skip
AAPL = ScanRow(0, 1001, "AAPL", "AAPL", "STK", "SMART", "USD")


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def scans(bench: Bench) -> TwsScans:
    return bench.broker.queries.scans


def ranking(*rows: list[str], request_id: str = FIRST) -> list[str]:
    fields = [field for rank, row in enumerate(rows) for field in (str(rank), *row)]
    return ["20", "3", request_id, str(len(rows)), *fields]


def test_a_scan_is_asked_for_with_what_leaves_nothing_out_blank(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("MOST_ACTIVE", rows=7, price_min=5, volume_min=1000))
    (fields,) = bench.flush()
    assert fields == [
        "22", FIRST, "7", "STK", "STK.US.MAJOR", "MOST_ACTIVE", "5", "", "1000", *[""] * 10, "0",
        *[""] * 5,
    ]  # fmt: skip


def test_rankings_come_again_and_again_each_whole(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("MOST_ACTIVE"))
    bench.receive(ranking(ROW), ranking(), ranking(ROW, request_id="17"))
    assert scans.take_rankings() == [Ranking(1, (AAPL,)), Ranking(1, ())]


def test_nothing_found_is_a_ranking_and_the_scan_goes_on(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("MOST_ACTIVE"))
    bench.receive(["4", "2", FIRST, "165", "no items retrieved"], ranking(ROW))
    assert scans.take_rankings() == [Ranking(1, ()), Ranking(1, (AAPL,))]


def test_a_warning_about_permissions_ends_no_scan(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("MOST_ACTIVE"))
    bench.receive(["4", "2", FIRST, "492", "You must subscribe for precise results"], ranking(ROW))
    assert scans.take_rankings() == [Ranking(1, (AAPL,))]


def test_a_refused_scan_is_over(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("NO_SUCH"))
    bench.receive(["4", "2", FIRST, "162", "Scan code is unknown"], ranking(ROW))
    assert scans.take_rankings() == [ScanEnded(1, 162, "Scan code is unknown")]


def test_the_word_that_a_scan_was_cancelled_is_about_no_other(bench: Bench, scans: TwsScans):
    scans.open(1, Scan("MOST_ACTIVE"))
    bench.flush()
    scans.close(1)
    assert bench.flush() == [["23", "1", FIRST]]
    bench.receive(ranking(ROW), ["4", "2", FIRST, "162", "API scanner subscription cancelled"])
    assert scans.take_rankings() == []


def test_with_the_connection_or_its_data_lost_scans_are_to_be_opened_again(
    bench: Bench, scans: TwsScans
):
    scans.open(1, Scan("MOST_ACTIVE"))
    bench.receive(["4", "2", "-1", "1100", "lost"], ["4", "2", "-1", "1101", "restored, data lost"])
    assert scans.take_rankings() == [ScanEnded(1, 0, LOST, lost=True)]
    assert ["23", "1", FIRST] in bench.flush()
    bench.receive(["4", "2", FIRST, "365", "No scanner subscription found"], ranking(ROW))
    assert scans.take_rankings() == []
    scans.open(2, Scan("MOST_ACTIVE"))
    bench.lose()
    assert scans.take_rankings() == [ScanEnded(2, 0, LOST, lost=True)]


def test_a_ranking_cut_short_or_too_long_costs_its_message_and_leaves_nothing():
    translator = Translator(157)
    cut, whole = ranking(ROW)[:-1], ranking(ROW)
    lied = [*ranking(ROW)[:3], "2000000000", *ranking(ROW)[4:]]
    many = ranking(*[ROW] * (RANKED_MAX + 1))
    odd = ranking([*ROW[:1], "A\x07B", *ROW[2:]])
    for fields in (cut, lied, many, odd):
        (found,) = translator.read("\0".join([*fields, ""]).encode())
        assert isinstance(found, Undecodable)
    (found,) = translator.read("\0".join([*whole, ""]).encode())
    assert found == Ranked(int(FIRST), (AAPL,))
