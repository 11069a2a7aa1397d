"""Scans: one subscription for all who read one, its last ranking kept, each change published."""

from dataclasses import dataclass, field

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.scans import topic_of
from tapewire.common.events import QueryFailed
from tapewire.common.events.scans import Scan, ScannerResultsReceived, ScanPage, ScanQuery, ScanRow
from tapewire.gateway.scan_port import Ranking, ScanEnded
from tapewire.gateway.scans import WANTED_MAX
from tests.gateway.asking import SECOND, Asking

GAINERS = Scan("TOP_PERC_GAIN", rows=5)
LOSERS = Scan("TOP_PERC_LOSE")
ACTIVE = Scan("MOST_ACTIVE")
A = ScanRow(0, 1, "AAPL", "AAPL", "STK", "SMART", "USD")
B = ScanRow(1, 2, "MSFT", "MSFT", "STK", "SMART", "USD")


def name_of(scan: Scan) -> str:
    return topic_of(scan).removeprefix("scan.")


@dataclass
class Reading(Asking):
    """Readers of topics beside those that ask."""

    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Asking.__init__(self)

    def join(self, scan: Scan) -> None:
        self.faults.append(self.scans.read(name_of(scan), has_joined=True))
        self.turn()

    def leave(self, scan: Scan) -> None:
        self.scans.read(name_of(scan), has_joined=False)
        self.turn()

    def broker(self, *reports: Ranking | ScanEnded, after_s: float = 0) -> list[tuple]:
        self.port.scans.reports += reports
        return self.turn(after_s=after_s)

    def heard(self) -> list[tuple[int, ScannerResultsReceived]]:
        batches = [wire.decode_batch(body)[0] for _, body in self.published]
        self.published.clear()
        return [(batch.seq, event) for batch in batches for event in batch.events]


@pytest.fixture
def reading() -> Reading:
    return Reading()


def test_all_readers_of_a_scan_share_one_subscription_until_the_last_has_left(reading: Reading):
    reading.join(GAINERS)
    reading.join(GAINERS)
    assert reading.port.scans.open_now == {1: GAINERS}
    reading.leave(GAINERS)
    assert reading.port.scans.closed == []
    reading.leave(GAINERS)
    assert reading.port.scans.closed == [1]


def test_a_ranking_is_published_when_it_differs_from_the_last(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A, B)))
    first_ns = reading.now.wall_ns
    reading.broker(Ranking(1, (A, B)), after_s=30)
    reading.broker(Ranking(1, (B, A)), after_s=30)
    assert reading.heard() == [
        (1, ScannerResultsReceived(first_ns, GAINERS, (A, B))),
        (2, ScannerResultsReceived(reading.now.wall_ns, GAINERS, (B, A))),
    ]


def test_who_joins_later_gets_the_last_ranking_with_its_time_under_its_own_seq(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)))
    taken_ns = reading.now.wall_ns
    reading.turn(after_s=20)
    reading.heard()
    reading.join(GAINERS)
    assert reading.heard() == [(1, ScannerResultsReceived(taken_ns, GAINERS, (A,)))]


def test_a_query_is_answered_from_the_ranking_that_is_there_with_its_age(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)))
    taken_ns = reading.now.wall_ns
    reading.turn(after_s=20)
    ((_, page),) = reading.ask(ScanQuery("q", GAINERS))
    assert page == ScanPage(reading.now.wall_ns, "q", (A,), taken_ns=taken_ns)
    assert reading.port.scans.opened == [1]


def test_who_asks_waits_for_the_first_ranking_and_the_scan_ends_a_minute_later(reading: Reading):
    assert reading.ask(ScanQuery("q", GAINERS), ScanQuery("r", GAINERS)) == []
    reading.turn()
    assert reading.port.scans.opened == [1]
    answers = reading.broker(Ranking(1, (A,)))
    assert [page.id for _, page in answers] == ["q", "r"]
    reading.turn(after_s=59)
    assert reading.port.scans.closed == []
    reading.turn(after_s=1)
    assert reading.port.scans.closed == [1]


def test_a_ranking_that_the_broker_has_not_renewed_is_no_answer(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)))
    reading.turn(after_s=91)
    assert reading.ask(ScanQuery("q", GAINERS)) == []


def test_a_ranking_without_contracts_is_an_answer(reading: Reading):
    reading.ask(ScanQuery("q", GAINERS))
    reading.turn()
    ((_, page),) = reading.broker(Ranking(1, ()))
    assert page.rows == ()


def test_scans_are_asked_for_again_after_a_reconnect_and_known_rankings_stay(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)))
    reading.port.down = "not connected"
    del reading.port.scans.open_now[1]
    reading.broker(ScanEnded(1, 0, "lost", lost=True))
    ((_, page),) = reading.ask(ScanQuery("q", GAINERS))
    assert page.rows == (A,)
    reading.port.down = ""
    reading.turn()
    assert reading.port.scans.open_now == {2: GAINERS}
    reading.heard()
    reading.broker(Ranking(1, (B,)), Ranking(2, (A,)), Ranking(77, (B,)))
    assert reading.heard() == [], "the same ranking is not news, and nobody asked for the others"


def test_a_refusal_fails_whoever_asks_and_is_shown_once_to_a_person(reading: Reading):
    reading.join(GAINERS)
    reading.ask(ScanQuery("q", GAINERS))
    refused = ScanEnded(1, 162, "scan code is unknown")
    ((_, failed),) = reading.broker(refused)
    assert failed == QueryFailed(reading.now.wall_ns, "q", "scan code is unknown", 162)
    assert reading.scans.take_complaints() == [
        "scan.TOP_PERC_GAIN@STK.US.MAJOR:STK?rows=5 has no results: scan code is unknown (162)"
    ]
    reading.turn(after_s=59)
    assert reading.port.scans.opened == [1], "not asked again at once"
    reading.turn(after_s=1)
    assert reading.port.scans.opened == [1, 2]
    reading.broker(ScanEnded(2, 162, "scan code is unknown"))
    assert reading.scans.take_complaints() == []


def test_more_scans_than_the_broker_allows_are_refused_by_that_name(reading: Reading):
    reading.join(GAINERS)
    reading.join(LOSERS)
    reading.ask(ScanQuery("q", ACTIVE))
    ((_, failed),) = reading.turn()
    assert failed.reason == "2 scans are open, which is all that the broker allows"
    assert reading.port.scans.closed == []


def test_a_scan_that_was_asked_for_once_makes_room_for_one_that_is_wanted_now(reading: Reading):
    reading.ask(ScanQuery("q", GAINERS))
    reading.ask(ScanQuery("r", LOSERS))
    reading.turn()
    reading.broker(Ranking(1, (A,)))
    reading.join(ACTIVE)
    assert reading.port.scans.open_now == {2: LOSERS, 3: ACTIVE}, "the one that has its answer went"
    reading.turn(after_s=1)
    assert reading.port.scans.opened == [1, 2, 3], "and does not come back by itself"


def test_what_the_broker_has_no_words_for_fails_at_once(reading: Reading):
    reading.ask(ScanQuery("q", Scan("NOWORDS")))
    ((_, failed),) = reading.turn()
    assert failed.reason == "no words for it"


def test_topics_that_are_no_scan_or_too_many_are_refused(reading: Reading):
    assert "not a scan" in reading.scans.read("nonsense", has_joined=True)
    assert reading.scans.read("nonsense", has_joined=False) == ""
    for number in range(WANTED_MAX + 1):
        reading.join(Scan(f"CODE_{number}"))
    assert reading.faults[-2] == ""
    assert "one too many" in reading.faults[-1]


def test_readers_that_left_before_they_joined_do_no_harm(reading: Reading):
    reading.leave(GAINERS)
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)), after_s=600)
    assert reading.port.scans.closed == []
    assert reading.now.mono_ns > 600 * SECOND


def test_a_scan_is_kept_open_for_as_long_as_somebody_waits_for_it(reading: Reading):
    reading.port.down = "not connected"
    reading.ask(ScanQuery("q", GAINERS, timeout_ms=300_000))
    for _ in range(4):
        reading.turn(after_s=50)
    reading.port.down = ""
    reading.turn(after_s=1)
    ((_, page),) = reading.broker(Ranking(1, (A,)))
    assert page.rows == (A,)


def test_the_numbers_of_a_topic_go_on_when_it_is_read_again(reading: Reading):
    reading.join(GAINERS)
    reading.broker(Ranking(1, (A,)))
    reading.leave(GAINERS)
    reading.join(GAINERS)
    reading.broker(Ranking(2, (B,)))
    assert [seq for seq, _ in reading.heard()] == [1, 2]


def test_any_number_of_questions_makes_no_more_scans_than_are_looked_at_quickly(reading: Reading):
    answers = []
    for number in range(3 * WANTED_MAX):
        answers += reading.ask(ScanQuery(f"q{number}", Scan(f"C{number}"), timeout_ms=100))
    (failed,) = {one.reason for _, one in answers if "too many" in one.reason}
    assert failed.startswith("this scan is one too many")
    reading.turn(after_s=61)
    assert reading.ask(ScanQuery("late", GAINERS)) == [], "there is room again"


def test_a_reader_for_whom_there_was_no_room_takes_nobodys_place_when_it_leaves(reading: Reading):
    for number in range(WANTED_MAX):
        reading.join(Scan(f"C{number}"))
    reading.join(GAINERS)
    assert "one too many" in reading.faults[-1]
    for number in range(WANTED_MAX):
        reading.leave(Scan(f"C{number}"))
    reading.join(GAINERS)
    reading.leave(GAINERS)
    assert [*reading.port.scans.open_now.values()] == [GAINERS]
