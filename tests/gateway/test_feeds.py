"""Feeds: lines open while somebody needs them, and asked for again when they are silent."""

from collections.abc import Callable

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    FeedDelayed,
    FeedReduced,
    FeedRefused,
    FeedResumed,
    FeedSilent,
    InstrumentDescribed,
    InstrumentHalted,
    OpenHours,
)
from tapewire.gateway.feeds.feeds import Feeds, FeedSettings
from tapewire.gateway.feeds.liveness import DOUBT_NS, UNANSWERED_MAX_NS
from tapewire.gateway.market_feed import FeedNews
from tests.gateway.tws_messages import SECOND, T0

HOUR = 3600
ALWAYS = (OpenHours(0, 2**62),)
OPTION, SHARE = "AAPL  261218C00190000", "AAPL"


class Market:
    """Stands for the broker: what is open, and what was asked for again."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.reopened: list[str] = []
        self.told: list[FeedNews] = []

    def want(self, symbol: str) -> bool:
        if symbol != "TSLA" and symbol not in self.open:
            self.open.append(symbol)
        return symbol != "TSLA"

    def unwant(self, symbol: str) -> None:
        self.open.remove(symbol)

    def reopen(self, symbol: str) -> None:
        self.reopened.append(symbol)

    def take_feed_news(self) -> list[FeedNews]:
        taken, self.told = self.told, []
        return taken


class Desk:
    def __init__(self, **settings: object) -> None:
        given = {"linger_s": 10, "silent_after_s": 30, **settings}
        self.market, self.now = Market(), Now(T0, 5000 * SECOND)
        self.held: set[str] = set()
        self.hours: dict[str, tuple[OpenHours, ...]] = {"AAPL": ALWAYS, "MSFT": ALWAYS}
        self.liquid: dict[str, tuple[OpenHours, ...]] = {}
        self.forgotten: list[str] = []
        self.events: list[Event] = []
        self.connected = True
        self.is_answered = False  # whether what is asked for again shows its values a second later
        self.answers: list[str] = []
        self.feeds = Feeds(
            self.market, FeedSettings(**given), self.described, lambda: self.held,
            beside=lambda symbol: SHARE if symbol == OPTION else "", forget=self.forgotten.append,
        )  # fmt: skip

    def described(self, symbol: str) -> InstrumentDescribed | None:
        if symbol not in self.hours:
            return None
        hours = {"trading_hours": self.hours[symbol], "liquid_hours": self.liquid.get(symbol, ())}
        return InstrumentDescribed(T0, symbol, 1, "STK", "X", "USD", "", 1, 1, **hours)

    def read(self, *symbols: str) -> "Desk":
        for symbol in symbols:
            assert self.feeds.joined(symbol, f"last.{symbol}", self.now)
        return self

    def leave(self, *symbols: str) -> None:
        for symbol in symbols:
            self.feeds.left(symbol, f"last.{symbol}")

    def pass_s(
        self, seconds: float, *ticking: str, ticks: Callable[[int], bool] = lambda _second: True
    ) -> list[Event]:
        """Time passes in steps of a second; `ticking` tick in those that `ticks` names."""
        news: list[Event] = []
        for second in range(int(seconds)):
            self.now += SECOND
            answers, self.answers = self.answers, []
            came = [s for s in ticking if ticks(second)] + answers
            self.feeds.ticked(came, self.now)
            before = len(self.market.reopened)
            news += self.feeds.tick(self.now, connected=self.connected)
            self.answers = self.market.reopened[before:] if self.is_answered else []
        self.events += news
        return news


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ---- who reads what -----------------------------------------------------------------------------


def test_what_is_not_configured_is_never_asked_for(desk: Desk):
    assert not desk.feeds.ask("TSLA", desk.now)
    assert "TSLA" not in desk.feeds
    assert desk.feeds.ask("AAPL", desk.now)
    assert desk.market.open == ["AAPL"]


def test_a_line_closes_a_while_after_its_last_reader_has_left(desk: Desk):
    desk.read("AAPL", "AAPL", "MSFT")
    desk.leave("AAPL")
    desk.pass_s(60)
    assert desk.market.open == ["AAPL", "MSFT"]
    desk.leave("AAPL")
    desk.pass_s(9)
    assert desk.market.open == ["AAPL", "MSFT"]
    desk.pass_s(2)
    assert desk.market.open == ["MSFT"]
    assert desk.forgotten == ["AAPL"]


def test_a_reader_that_is_back_in_time_finds_its_line_open(desk: Desk):
    desk.read("AAPL")
    desk.leave("AAPL")
    desk.pass_s(9)
    desk.read("AAPL")
    desk.pass_s(60)
    assert (desk.market.open, desk.forgotten) == (["AAPL"], [])


def test_readers_of_any_topic_of_a_symbol_keep_its_line(desk: Desk):
    desk.feeds.joined("AAPL", "tick.AAPL", desk.now)
    desk.read("AAPL")
    desk.leave("AAPL")
    desk.pass_s(60)
    assert desk.market.open == ["AAPL"]
    assert desk.feeds.status()["AAPL"]["readers"] == 1


def test_who_leaves_twice_takes_nobody_else_with_him(desk: Desk):
    desk.leave("AAPL")
    desk.read("AAPL")
    desk.pass_s(60)
    assert desk.market.open == ["AAPL"]


def test_what_is_held_is_read_as_long_as_it_is(desk: Desk):
    desk.held = {"MSFT"}
    desk.pass_s(1)
    assert desk.market.open == ["MSFT"]
    desk.read("MSFT")
    desk.leave("MSFT")
    desk.pass_s(60)
    assert desk.market.open == ["MSFT"]
    desk.held = set()
    desk.pass_s(12)
    assert desk.market.open == []


def test_with_an_option_goes_what_it_is_on(desk: Desk):
    desk.read(OPTION)
    assert desk.market.open == [OPTION, SHARE]
    desk.leave(OPTION)
    desk.pass_s(12)
    assert desk.market.open == []


def test_what_is_asked_for_once_stays_for_a_minute(desk: Desk):
    desk.feeds.ask("MSFT", desk.now)
    desk.pass_s(59)
    assert desk.market.open == ["MSFT"]
    desk.pass_s(15)
    assert desk.market.open == []


def test_what_is_not_configured_is_refused(desk: Desk):
    assert not desk.feeds.joined("TSLA", "last.TSLA", desk.now)
    assert desk.market.open == []


# ---- silence ------------------------------------------------------------------------------------


def test_a_line_that_falls_silent_is_reported_once_and_asked_for_again(desk: Desk):
    desk.read("AAPL", "MSFT")
    desk.pass_s(60, "AAPL", "MSFT")
    (silent,) = desk.pass_s(31, "MSFT")
    assert (silent.symbols, silent.reason) == (("AAPL",), "no tick for 30 s")
    assert desk.market.reopened == ["AAPL"]
    assert desk.feeds.status()["AAPL"]["problem"] == "silent"
    assert desk.pass_s(20, "MSFT") == []
    (back,) = desk.pass_s(1, "AAPL", "MSFT")
    assert back == FeedResumed(desk.now.wall_ns, ("AAPL",))
    assert desk.feeds.status()["AAPL"]["problem"] == ""


def test_lines_that_fall_silent_together_are_one_event(desk: Desk):
    desk.read("AAPL", "MSFT")
    desk.pass_s(60, "AAPL", "MSFT")
    (silent,) = desk.pass_s(40)
    assert set(silent.symbols) == {"AAPL", "MSFT"}


def test_a_line_without_any_answer_is_asked_for_every_five_minutes_at_least(desk: Desk):
    desk.read("AAPL")
    news = desk.pass_s(2 * HOUR)
    assert [type(one) for one in news] == [FeedSilent]
    every_s = UNANSWERED_MAX_NS // SECOND
    assert 2 * HOUR // every_s <= len(desk.market.reopened) <= 2 * HOUR // every_s + 4


def test_a_quiet_instrument_is_asked_for_once_an_hour_in_the_end_and_reported_once(desk: Desk):
    desk.read("AAPL")
    desk.is_answered = True
    desk.pass_s(24 * HOUR)
    assert 24 <= len(desk.market.reopened) <= 24 + 8
    assert [type(one) for one in desk.events] == [FeedSilent, FeedResumed]


def test_a_line_that_was_dead_for_long_is_watched_closely_again_once_it_ticks(desk: Desk):
    desk.read("AAPL")
    desk.pass_s(HOUR)
    desk.pass_s(300, "AAPL")
    before = len(desk.market.reopened)
    news = desk.pass_s(31)
    assert [type(one) for one in news] == [FeedSilent]
    assert len(desk.market.reopened) == before + 1


def test_an_instrument_that_ticks_every_ten_minutes_is_asked_for_about_as_often(desk: Desk):
    desk.read("AAPL")
    desk.pass_s(24 * HOUR, "AAPL", ticks=lambda second: second % 600 == 0)
    assert len(desk.market.reopened) < 24 * 6 * 2.5


def test_nothing_is_silent_while_its_market_is_closed(desk: Desk):
    desk.hours["AAPL"] = (OpenHours(T0 + 100 * SECOND, T0 + 10_000 * SECOND),)
    desk.read("AAPL")
    assert desk.pass_s(129) == []
    assert len(desk.pass_s(3)) == 1


def test_the_opening_of_the_regular_hours_makes_a_quiet_line_suspicious_again(desk: Desk):
    opens_s = 4 * HOUR
    desk.liquid["AAPL"] = (OpenHours(T0 + opens_s * SECOND, T0 + 2 * opens_s * SECOND),)
    desk.read("AAPL")
    desk.pass_s(opens_s - 1)
    before = len(desk.market.reopened)
    desk.pass_s(33)
    assert len(desk.market.reopened) == before + 1


@pytest.mark.parametrize("assumed", [False, True])
@pytest.mark.parametrize("hours", [None, (), (OpenHours(0, T0 - 1),)])
def test_without_hours_the_market_is_open_only_if_that_is_configured(assumed: bool, hours: object):
    desk = Desk(assume_open=assumed)
    desk.hours = {} if hours is None else {"AAPL": hours}
    desk.read("AAPL")
    assert bool(desk.pass_s(40)) is assumed


def test_after_a_farm_is_back_a_line_that_does_not_tick_soon_is_asked_for_again(desk: Desk):
    desk.read("AAPL", "MSFT")
    desk.pass_s(60, "AAPL", "MSFT")
    desk.market.told.append(FeedNews("", "doubtful", "the farm is back"))
    desk.pass_s(1, "AAPL", "MSFT")
    (silent,) = desk.pass_s(DOUBT_NS // SECOND + 1, "MSFT")
    assert (silent.symbols, silent.reason) == (("AAPL",), "no tick after the farm is back")
    assert desk.market.reopened == ["AAPL"]


def test_while_the_broker_is_away_nothing_is_silent_and_then_all_begins_again(desk: Desk):
    desk.read("AAPL")
    desk.pass_s(20, "AAPL")
    desk.connected = False
    assert desk.pass_s(HOUR) == []
    desk.connected = True
    assert desk.pass_s(29) == []
    assert len(desk.pass_s(4)) == 1


def test_0_watches_nothing():
    desk = Desk(silent_after_s=0).read("AAPL")
    assert desk.pass_s(HOUR) == []
    assert desk.market.reopened == []


# ---- what the broker says -----------------------------------------------------------------------


def test_a_refusal_is_reported_once_and_tried_again_ever_more_rarely(desk: Desk):
    desk.read("AAPL")
    for _ in range(HOUR // 10):
        before = len(desk.market.reopened)
        desk.pass_s(10)
        if desk.now.mono_ns == 5010 * SECOND or len(desk.market.reopened) > before:
            desk.market.told.append(FeedNews("AAPL", "refused", "TWS refuses it (10197)"))
    assert 10 <= len(desk.market.reopened) <= 20
    assert [type(one) for one in desk.events] == [FeedRefused]
    assert desk.feeds.status()["AAPL"]["problem"] == "TWS refuses it (10197)"
    (back,) = desk.pass_s(1, "AAPL")
    assert back.symbols == ("AAPL",)
    desk.market.told.append(FeedNews("AAPL", "refused", "TWS refuses it (10197)"))
    assert [type(one) for one in desk.pass_s(1)] == [FeedRefused]


def test_that_ticks_are_delayed_is_reported_when_it_changes(desk: Desk):
    desk.read("AAPL")
    for state in ("live", "delayed", "live", "delayed", "delayed"):  # as it stands in the end
        desk.market.told.append(FeedNews("AAPL", state))
    assert desk.pass_s(1) == [FeedDelayed(desk.now.wall_ns, "AAPL", True)]
    assert desk.feeds.status()["AAPL"]["delayed"]
    desk.market.told.append(FeedNews("AAPL", "live"))
    assert desk.pass_s(1) == [FeedDelayed(desk.now.wall_ns, "AAPL", False)]


def test_what_data_lack_is_reported_when_it_changes_and_their_line_is_no_refused_one(desk: Desk):
    desk.read("AAPL")
    desk.market.told += [FeedNews("AAPL", "reduced", "no trades one by one")] * 2
    assert desk.pass_s(1) == [FeedReduced(desk.now.wall_ns, "AAPL", "no trades one by one")]
    assert desk.feeds.status()["AAPL"]["problem"] == "no trades one by one"
    assert desk.pass_s(1, "AAPL") == []
    desk.market.told.append(FeedNews("AAPL", "reduced"))
    assert desk.pass_s(1) == [FeedReduced(desk.now.wall_ns, "AAPL", "")]
    assert desk.feeds.status()["AAPL"]["problem"] == ""


def test_a_halt_is_reported_when_it_begins_and_when_it_ends(desk: Desk):
    desk.read("AAPL")
    desk.market.told += [FeedNews("AAPL", "halted", kind) for kind in ("", "volatility")]
    assert desk.pass_s(1) == [InstrumentHalted(desk.now.wall_ns, "AAPL", "volatility")]
    assert desk.feeds.status()["AAPL"]["halted"] == "volatility"
    desk.market.told += [FeedNews("AAPL", "halted", kind) for kind in ("volatility", "")]
    assert desk.pass_s(1) == [InstrumentHalted(desk.now.wall_ns, "AAPL", "")]


def test_a_farm_that_comes_and_goes_makes_no_storm_of_requests(desk: Desk):
    desk.read("AAPL")
    desk.pass_s(60, "AAPL")
    for _ in range(300):
        desk.market.told.append(FeedNews("", "doubtful", "the farm is back"))
        desk.pass_s(1)
    assert 300 // 30 <= len(desk.market.reopened) <= 300 // 30 + 2


def test_what_is_held_and_not_configured_has_no_line_that_could_be_silent():
    desk = Desk(assume_open=True)
    desk.held = {"TSLA"}
    assert desk.pass_s(120) == []
    assert desk.market.reopened == []
