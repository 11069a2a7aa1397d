"""Marks: how often the newest values of what is held are published, and of the rest."""

from tapewire.gateway.marks import LAST_EVERY_NS, MARK_EVERY_NS, Due, Marks


def told(marks: Marks, now_ns: int, held: str = "") -> list[Due]:
    return [*marks.due(now_ns, lambda symbol: symbol == held)]


def test_what_is_held_is_told_250_times_a_second_and_the_rest_twice_a_second():
    marks, found = Marks(), []
    for now_ns in range(0, LAST_EVERY_NS + 1, MARK_EVERY_NS // 4):
        marks.ticked("A")
        marks.ticked("B")
        found += told(marks, now_ns, held="A")
    assert found.count(Due("mark", "A")) == LAST_EVERY_NS // MARK_EVERY_NS + 1
    assert found.count(Due("last", "A")) == found.count(Due("last", "B")) == 2
    assert Due("mark", "B") not in found


def test_what_has_not_ticked_since_is_not_told_again():
    marks = Marks()
    marks.ticked("A")
    assert told(marks, 0, held="A") == [Due("mark", "A"), Due("last", "A")]
    assert told(marks, LAST_EVERY_NS, held="A") == []


def test_a_tick_too_soon_is_told_when_its_time_has_come():
    marks = Marks()
    marks.ticked("A")
    told(marks, 0, held="A")
    marks.ticked("A")
    assert told(marks, MARK_EVERY_NS - 1, held="A") == []
    assert told(marks, MARK_EVERY_NS, held="A") == [Due("mark", "A")]
