"""Messages: short, the worst in full, and nothing left out without a word."""

from tapewire.risk.notices.message import BODY_MAX, LINES_MAX, message
from tests.risk.notices.kit import SECOND, T0, notice


def test_equal_notices_are_one_line_with_how_often():
    found = message([notice("it broke", ts_ns=T0 + n * SECOND) for n in range(3)], {}, 7)
    assert found.title == "Tapewire: 3 violations (message 7)"
    assert found.body == "2023-11-14 22:13:20Z it broke (3 times)"


def test_of_more_than_fit_the_worst_are_shown_in_the_order_of_time_and_the_rest_is_counted():
    many = [notice(f"number {n}", ts_ns=T0 + n * SECOND) for n in range(100)]
    many.append(notice("the worst", "failure", T0 + 100 * SECOND))
    lines = message(many, {}, 1).body.splitlines()
    assert lines[0] == "2023-11-14 22:13:20Z number 0"
    assert lines[LINES_MAX - 1] == "2023-11-14 22:15:00Z the worst"
    assert lines[LINES_MAX].startswith("and 81 violations more; `tapewire")
    assert len(lines) == LINES_MAX + 1


def test_a_body_is_bounded_whatever_stands_in_the_notices():
    many = [notice(f"{n} " + "x" * 390, ts_ns=T0 + n) for n in range(50)]
    body = message(many, {}, 1).body
    assert len(body) < BODY_MAX + 200
    assert "and 46 violations more" in body


def test_a_message_may_have_nothing_to_say_but_what_was_dropped():
    found = message([], {"failures": 3}, 2)
    assert found.title == "Tapewire: notices were dropped (message 2)"
    assert found.body == "not sent, as the queue was full: 3 failed events"
