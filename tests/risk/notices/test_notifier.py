"""The notifier: which events are notices, what a crash costs, and when the day is summed up."""

from datetime import date, time
from decimal import Decimal

import msgspec
import pytest

from tapewire.common.accounting.trading_days import TradingDays, trading_days
from tapewire.common.delivery.letters import Letter, given_up
from tapewire.common.events import (
    BrokerErrorReported,
    CircuitChanged,
    ConnectionLost,
    ConnectionUp,
    Event,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    LockOutEnded,
    OrderFilled,
    OrderLost,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    RulesChanged,
    Scope,
)
from tapewire.common.events.reconciliation import Difference
from tapewire.risk.notices.notice import notice_of
from tapewire.risk.notices.notifier import Saved
from tests.risk.notices.kit import NOW, SECOND, T0, Bench, halt, violation

DU1 = Scope("DU1")
UNTIL = T0 + 3600 * SECOND
GAP = Difference("position", "AAPL in DU1", "10", "12", 2, "halt")  # type: ignore[arg-type]
ADOPTED = Difference("position", "MSFT in DU1", "1", "2", 1, "adopt")  # type: ignore[arg-type]

TOLD = [
    (violation(), "violations", "DailyRealizedLoss is broken (account DU1): -500 of -400 USD"),
    (
        RiskViolation(T0, DU1, "R", "6 of 5", measures=("deny", "cancel")),
        "violations",
        "R is broken (account DU1): 6 of 5; follows: deny, cancel",
    ),
    (RiskWarned(T0, DU1, "R", "80 of 100"), "violations", "R warns (account DU1): 80 of 100"),
    (
        RiskHalted(T0, DU1, "R: too much", until_ns=UNTIL, by="R"),
        "enforcements",
        "halted until 2023-11-14 23:13:20Z (account DU1): R: too much, by R",
    ),
    (halt(), "enforcements", "halted until a person resumes (account DU1)"),
    (RiskResumed(T0, DU1, "seen", by="me"), "enforcements", "resumed (account DU1): seen, by me"),
    (LockOutEnded(T0, DU1, T0), "enforcements", "the lock-out is over (account DU1)"),
    (FlattenStarted(T0, Scope(), "R"), "enforcements", "flatten started (everything): R"),
    (FlattenDelayed(T0, DU1, "no mark"), "enforcements", "flatten delayed (account DU1): no mark"),
    (FlattenCompleted(T0, DU1), "enforcements", "flat, as the broker lists it (account DU1)"),
    (
        FlattenStarted(T0, DU1, "R", Decimal("5.0")),
        "enforcements",
        "reducing to 5 (account DU1): R",
    ),
    (
        FlattenCompleted(T0, DU1, keep=Decimal(5)),
        "enforcements",
        "reduced to 5, as the broker lists it (account DU1)",
    ),
    (
        FlattenDeferred(T0, DU1, "R"),
        "enforcements",
        "flatten waits for another one (account DU1): R",
    ),
    (
        RulesChanged(T0, "[]", "a new month", "me"),
        "enforcements",
        "other rules are in force, by me: a new month",
    ),
    (ConnectionLost(T0, "closed"), "connection", "gateway has lost the broker: closed"),
    (
        ConnectionLost(T0, "closed", expected=True),
        "connection",
        "gateway waits for the broker's daily restart: closed",
    ),
    (ConnectionUp(T0, 176, ("DU1",)), "connection", "gateway is connected to the broker (DU1)"),
    (
        BrokerErrorReported(T0, 1100, "server_lost", "connection", "", "it is lost", "wait"),
        "connection",
        "gateway: it is lost (1100)",
    ),
    (
        CircuitChanged(T0, "1", "broker", "CLOSED", "OPEN", "20 failures"),
        "retries",
        "gateway has stopped broker: 20 failures",
    ),
    (
        OrderLost(T0, "DU1", "dip-1/1", "TWS does not know it"),
        "retries",
        "gateway: order dip-1/1 in DU1 is lost: TWS does not know it",
    ),
    (
        ReconciliationCompleted(T0, "start", "1", "", 1, 1, 1, (ADOPTED, GAP, GAP)),
        "violations",
        "gateway differs from the broker: position AAPL in DU1: we have 10, the broker has 12,"
        " and 1 more",
    ),
]


@pytest.mark.parametrize(("event", "kind", "text"), TOLD)
def test_an_event_is_told_in_plain_words(event: Event, kind: str, text: str):
    found = notice_of("gateway", event)
    assert found is not None
    assert (found.kind, found.ts_ns) == (kind, T0)
    assert found.text.startswith(text)


def test_what_nobody_needs_to_be_told_is_no_notice():
    assert notice_of("risk", RulesChanged(T0, "[]", by="start")) is None
    assert notice_of("gateway", OrderFilled(T0, "DU1", "a/1")) is None
    rejected = BrokerErrorReported(T0, 201, "order", "order", "a/1", "no", "read it", "DU1")
    assert notice_of("gateway", rejected) is None
    assert notice_of("gateway", CircuitChanged(T0, "1", "b", "OPEN", "HALF_OPEN", "")) is None
    assert notice_of("gateway", ReconciliationCompleted(T0, "start", "1", "", 1, 1, 1)) is None


def test_a_notice_is_one_line_of_bounded_length():
    found = notice_of("gateway", ConnectionLost(T0, "a\nb " + "x" * 500))
    assert found is not None
    assert "\n" not in found.text
    assert len(found.text) == 400


def test_only_the_kinds_that_are_wanted_are_sent():
    bench = Bench(kinds=("enforcements",))
    bench.happens(violation(), halt())
    bench.later(0)
    assert bench.sends().message.title == "Tapewire: 1 enforcement (message 1)"


# ---- crashes -------------------------------------------------------------------------------------


def test_a_crash_before_it_was_sent_loses_nothing():
    bench = Bench()
    bench.happens(violation())
    bench.crash()
    bench.later(0)
    assert bench.sends().message.title == "Tapewire: 1 violation (message 1)"


def test_a_crash_while_it_was_sent_sends_it_again_under_the_same_number():
    bench = Bench()
    bench.happens(violation())
    bench.later(0)
    before = bench.sends()
    bench.crash()
    bench.later(0)
    assert bench.sends().message == before.message


def test_a_crash_after_it_arrived_does_not_send_it_again():
    bench = Bench()
    bench.happens(violation())
    bench.later(0)
    bench.arrives(bench.sends())
    bench.crash()
    assert bench.later(600) == []


def test_each_target_goes_on_where_it_was():
    bench = Bench("desk", "mail")
    bench.happens(violation())
    bench.later(0)
    desk, mail = bench.later(1)
    bench.arrives(desk)
    bench.fails(mail)
    bench.crash()
    bench.happens(halt())
    bench.later(0)
    titles = {one.target: one.message.title for one in bench.later(10)}
    assert titles == {
        "desk": "Tapewire: 1 enforcement (message 2)",
        "mail": "Tapewire: 1 violation, 1 enforcement (message 1)",
    }


def test_a_new_target_gets_what_is_new_and_one_that_is_gone_holds_nothing_up():
    bench = Bench("old")
    bench.happens(violation())
    saved = bench.notifier.saved()
    bench = Bench("new", saved=saved)
    assert bench.later(60) == []
    bench.happens(halt())
    bench.later(0)
    assert bench.arrives(bench.sends())
    assert bench.notifier.delivery.queue.waiting == {}


def test_what_is_saved_is_read_back_whole():
    bench = Bench("desk", "mail")
    bench.happens(violation(), halt())
    bench.later(0)
    for one in bench.later(1)[:1]:
        bench.arrives(one)
    bench.notifier.on_letters("executor", [letter()], 0, 7)
    bench.notifier.on_statuses({"risk": status()}, bench.now)
    saved = bench.notifier.saved()
    assert msgspec.json.decode(msgspec.json.encode(saved), type=Saved) == saved


# ---- the past, and what is not in journals -------------------------------------------------------


def letter(number: int = 1, reason: str = "KeyError()", **more: int) -> Letter:
    attempts = more.get("attempts", 1)
    return Letter(number, more.get("ts_ns", T0), "gateway.events", reason, b"", attempts, False)


def status(**more: object) -> dict[str, object]:
    return {"epoch": "1", "state": "READY", "reason": "", "age_s": 0.1, **more}


def test_of_the_past_before_the_first_start_only_the_last_minute_is_told():
    bench = Bench()
    bench.happens(violation("old", T0 - 61 * SECOND), violation("recent", T0 - 59 * SECOND))
    bench.notifier.on_letters("executor", [letter(ts_ns=T0 - 61 * SECOND)], 0, 1)
    bench.later(0)
    assert bench.sends().message.body.endswith("recent")


def test_dead_letters_are_told_and_of_many_the_first():
    bench = Bench()
    letters = [letter(), letter(2, given_up("KeyError()", 5)), letter(3, "again", attempts=2)]
    bench.notifier.on_letters("executor", letters, 340, 343)
    bench.later(0)
    send = bench.sends()
    assert send.message.title == "Tapewire: 2 failed events, 2 exhausted retries (message 1)"
    what = "2023-11-14 22:13:20Z executor could not use something from gateway.events"
    assert send.message.body.splitlines() == [
        f"{what}: KeyError()",
        f"{what}: given up after 5 attempts: KeyError()",
        f"{what}: again",
        "2023-11-14 22:13:20Z executor has 340 more dead letters",
    ]
    assert bench.notifier.letters == {"executor": 343}


def test_a_journal_that_cannot_be_read_is_said_once_until_it_can():
    bench = Bench()
    for _ in range(3):
        bench.notifier.on_unreadable("risk", "it is damaged", NOW)
    bench.later(0)
    send = bench.sends()
    assert send.message.body.count("no notices of risk until its journal can be read") == 1
    assert send.message.title == "Tapewire: 1 failed event (message 1)"
    bench.arrives(send)
    bench.happens(halt())
    bench.notifier.on_unreadable("risk", "it is damaged", NOW)
    bench.later(0)
    assert bench.sends(10).message.title == "Tapewire: 1 enforcement, 1 failed event (message 2)"


# ---- the daily summary ---------------------------------------------------------------------------

TUESDAY = date(2023, 11, 14)
TO_THE_END_S = 46 * 60 + 40
"""Until the trading day ends at 17:00 Chicago, 23:00 UTC."""


def test_the_day_is_summed_up_once_a_minute_after_it_has_ended():
    bench = Bench()
    bench.happens(violation(), halt())
    bench.later(TO_THE_END_S - 1)
    assert bench.notifier.day_to_sum_up(bench.now) is None
    bench.later(60)
    assert bench.notifier.day_to_sum_up(bench.now) is None
    bench.later(1)
    assert bench.notifier.day_to_sum_up(bench.now) == TUESDAY
    assert bench.notifier.counted == {"violations": 1, "enforcements": 1}
    bench.notifier.on_summary(["2023-11-14: a good day"], bench.now)
    assert bench.notifier.day_to_sum_up(bench.now) is None
    assert bench.notifier.counted == {}
    bench.crash()
    assert bench.notifier.day_to_sum_up(bench.now) is None


def test_the_day_is_summed_up_once_it_is_over_in_every_account():
    bench = Bench()
    hawaii = trading_days("Pacific/Honolulu", time(0))  # its midnight is at 10:00 UTC
    bench.days = TradingDays(trading_days(), {"DU2": hawaii})
    bench.start(None)
    bench.later(TO_THE_END_S + 60)
    assert bench.notifier.day_to_sum_up(bench.now) is None
    bench.later(11 * 3600 - 1)
    assert bench.notifier.day_to_sum_up(bench.now) is None
    bench.later(1)
    assert bench.notifier.day_to_sum_up(bench.now) == TUESDAY


def test_a_day_that_ended_while_the_notifier_was_down_is_summed_up_at_its_next_start():
    bench = Bench()
    bench.happens(violation())
    bench.later(3 * 24 * 3600)
    bench.crash()
    assert bench.notifier.day_to_sum_up(bench.now) == TUESDAY
    assert bench.notifier.counted == {"violations": 1}


def test_a_summary_is_sent_like_any_other_notice():
    bench = Bench(kinds=("summary",))
    bench.happens(violation())
    bench.notifier.on_summary(["DU1: net 5.00 USD", "DU2: no executions"], bench.now)
    bench.later(0)
    assert bench.sends().message.title == "Tapewire: 2 daily summaries (message 1)"


def test_the_next_start_of_the_group_is_no_news_and_the_next_one_of_the_notifier_sees_restarts():
    bench = Bench()
    bench.notifier.on_statuses({"risk": status()}, bench.now)
    bench.crash()
    bench.notifier.on_statuses({"risk": status(epoch="2")}, bench.now)
    bench.later(0)
    send = bench.sends()
    assert send.message.body.endswith("risk has restarted")
    bench.arrives(send)
    bench.group = "group 2"
    bench.crash()
    bench.notifier.on_statuses({"risk": status(epoch="3")}, bench.now)
    assert bench.later(60) == []
