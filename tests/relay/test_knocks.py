"""Refused connections in the log: the first of each kind at once, and never a flood."""

from tapewire.relay.knocks import LINES_MAX, PERIOD_NS, Knock, Knocks

STRANGER = Knock("12345678", "10.0.0.9", "the key is not on the list")


def test_a_stranger_who_knocks_for_ever_gets_a_line_per_period():
    knocks = Knocks()
    lines = [knocks.line(STRANGER, n * PERIOD_NS // 100) for n in range(1000)]
    assert [n for n in lines if n is not None] == [0, *[99] * 9]


def test_another_reason_gets_its_line_at_once():
    knocks = Knocks()
    assert knocks.line(STRANGER, 0) == 0
    assert knocks.line(STRANGER, 1) is None
    assert knocks.line(STRANGER._replace(reason="another"), 2) == 1
    assert knocks.line(STRANGER._replace(address="10.0.0.8"), 3) == 0


def test_a_stranger_with_another_key_each_time_gets_few_lines_and_little_memory():
    knocks = Knocks()
    keys = [STRANGER._replace(key=f"{n:08}") for n in range(5000)]
    lines = [knocks.line(one, n) for n, one in enumerate(keys)]
    assert sum(line is not None for line in lines) == LINES_MAX
    assert len(knocks._lines) == LINES_MAX
    assert knocks.line(keys[0], PERIOD_NS + 5000) == 5000 - LINES_MAX
