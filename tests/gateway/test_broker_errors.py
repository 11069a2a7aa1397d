"""Error messages as events: the first at once, a storm as numbers, and what follows from each."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import BrokerErrorReported, Event
from tapewire.gateway.broker import ErrorReport
from tapewire.gateway.error_reports import (
    FOLD_MAX_NS,
    FOLD_NS,
    QUIET_NS,
    SUBJECTS_MAX,
    ErrorReports,
)
from tests.gateway.tws_bench import NOW, Bench, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND


@pytest.fixture
def bench() -> Bench:
    return Bench()


def reports() -> tuple[ErrorReports, list[tuple[str, bytes]]]:
    complaints: list[tuple[str, bytes]] = []
    return ErrorReports(complaints), complaints


def error(
    code: int = 354, subject: str = "AAPL", text: str = "not subscribed", **more
) -> ErrorReport:
    given = {"error_class": "resubscribe", "about": "symbol", "advice": "subscribe", **more}
    return ErrorReport(code, text, subject=subject, **given)


def later(ns: int) -> Now:
    return Now(NOW.wall_ns + ns, NOW.mono_ns + ns)


def only(events: list[Event]) -> BrokerErrorReported:
    (event,) = events
    assert isinstance(event, BrokerErrorReported)
    return event


def test_the_first_is_reported_at_once_with_its_class_and_advice():
    errors, complaints = reports()
    event = only(errors.on_error(error(), NOW))
    assert event == BrokerErrorReported(
        NOW.wall_ns, 354, "resubscribe", "symbol", "AAPL", "not subscribed", "subscribe"
    )
    assert complaints == [("TWS error 354 on AAPL: not subscribed", b"")]


def test_a_storm_is_one_report_at_once_and_a_number_a_minute_later():
    errors, complaints = reports()
    errors.on_error(error(), NOW)
    for n in range(1000):
        assert errors.on_error(error(text=f"{n}"), later(n)) == []
    assert errors.tick(later(FOLD_NS - 1)) == []
    event = only(errors.tick(later(FOLD_NS)))
    assert (event.count, event.text, event.ts_ns) == (1000, "999", later(FOLD_NS).wall_ns)
    assert len(complaints) == 2
    assert complaints[1][0].endswith("999 (1000 more within 60 s)")


def test_what_goes_on_is_reported_less_and_less_often_up_to_once_an_hour():
    errors, _ = reports()
    reported = []
    for minute in range(24 * 60):
        now = later(minute * FOLD_NS)
        if errors.on_error(error(), now) or errors.tick(now):
            reported.append(minute)
    assert reported[:7] == [0, 1, 3, 7, 15, 31, 63]
    assert len(reported) < 7 + 24


def test_after_ten_quiet_minutes_it_is_news_again():
    errors, _ = reports()
    errors.on_error(error(), NOW)
    assert errors.tick(later(QUIET_NS)) == []
    assert len(errors.on_error(error(), later(QUIET_NS + 1))) == 1


def test_one_more_after_a_while_is_reported_at_once():
    errors, _ = reports()
    errors.on_error(error(), NOW)
    now = later(5 * FOLD_NS)
    assert errors.tick(now) == errors.on_error(error(), now) == []
    assert only(errors.tick(now)).count == 1


def test_other_codes_and_other_subjects_are_reported_apart():
    errors, _ = reports()
    assert len(errors.on_error(error(), NOW)) == 1
    assert len(errors.on_error(error(10197), NOW)) == 1
    assert len(errors.on_error(error(subject="MSFT"), NOW)) == 1


def test_as_many_subjects_as_there_are_numbers_do_not_fill_the_journal():
    errors, complaints = reports()
    events: list[Event] = []
    for n in range(20_000):
        now = later(n * SECOND // 20)
        events += errors.on_error(error(about="request", subject=str(n)), now)
        events += errors.tick(now)
    assert len(events) <= 2 * (SUBJECTS_MAX + 10)  # in 17 minutes
    assert len(complaints) == len(events)
    events += errors.tick(later(2 * FOLD_MAX_NS))
    counted = [one for one in events if isinstance(one, BrokerErrorReported)]
    assert sum(one.count for one in counted) == 20_000


def test_what_a_login_begins_with_is_not_reported_but_the_end_of_a_broken_farm_is():
    errors, complaints = reports()
    back = error(2104, "", error_class="farm_back", about="connection")
    assert errors.on_error(back, NOW) == []
    errors.on_error(error(2103, "", error_class="farm_lost", about="connection"), NOW)
    assert len(errors.on_error(back, NOW)) == 1
    assert complaints == []


def test_whoever_asked_and_got_the_error_as_the_answer_raises_no_alarm():
    errors, complaints = reports()
    assert len(errors.on_error(error(answered=True), NOW)) == 1
    assert complaints == []


# ---- as the gateway reads them -------------------------------------------------------------------


def test_a_rejected_order_is_reported_with_its_intent_and_account(bench: Bench):
    order = bench.send(submit())
    bench.error(order.order_id, 201, "Order rejected - reason: no permission")
    event = only([*bench.broker_errors()])
    assert (event.error_class, event.about, event.subject) == ("order", "order", "s-1/1")
    assert event.account == ACCOUNT
    assert bench.state() == "REJECTED"


def test_the_confirmation_of_a_cancel_is_no_error(bench: Bench):
    order = bench.send(submit())
    bench.error(order.order_id, 202, "Order Canceled - reason:")
    assert bench.broker_errors() == []
    assert bench.state() == "CANCELLED"


@pytest.mark.parametrize(
    ("code", "about"), [(321, "request"), (354, "symbol"), (1100, "connection")]
)
def test_an_error_is_about_what_its_request_id_is_about(bench: Bench, code: int, about: str):
    bench.broker.want("AAPL")
    (line,) = bench.flush()
    ids = {"request": 77, "symbol": int(line[2]), "connection": -1}
    bench.error(ids[about], code, "text")
    event = only([*bench.broker_errors()])
    subjects = {"request": "77", "symbol": "AAPL", "connection": ""}
    assert (event.about, event.subject, event.code) == (about, subjects[about], code)


def test_the_port_that_was_changed_is_the_reason_of_the_close(bench: Bench):
    bench.error(-1, 1300, "Socket port has been reset")
    bench.lose()
    assert bench.gateway.readiness()[1] == "TWS says: Socket port has been reset (1300)"


@pytest.mark.parametrize("code", [-1, 2**31, 2**70])
def test_a_code_that_is_none_is_a_message_that_cannot_be_read(bench: Bench, code: int):
    bench.error(-1, code)
    assert bench.broker_errors() == []
    ((reason, _payload),) = bench.gateway.complaints
    assert f"error code {code}, expected 0 to 2147483647" in reason


@pytest.mark.parametrize("code", [100, 201, 321, 354, 505, 1100, 2110, 10311])
@pytest.mark.parametrize("about", [-1, 0, 1, 2**40, 2**90])
def test_whatever_tws_says_at_whatever_length_can_be_journaled(bench: Bench, code: int, about: int):
    bench.send(submit())
    bench.error(about, code, "x" * 100_000)
    bench.lose()
    for event in bench.journal:
        assert wire.decode_event(wire.encode(event)) == event
