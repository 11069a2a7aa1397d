"""What is sent until it is answered: when it is due, and at what cost."""

from tapewire.common.unanswered import Unanswered
from tests import counted

INTERVAL_NS = 100


def test_it_is_due_at_once_and_again_after_the_interval_until_it_is_answered():
    one = Unanswered(INTERVAL_NS)
    one.add("a")
    assert one.due(0) == one.due(50) == ["a"]  # nobody took it
    one.sent("a", 50)
    assert (one.due(149), one.due(150)) == ([], ["a"])
    one.answered("a")
    assert (one.due(1000), "a" in one) == ([], False)


def test_what_was_sent_longest_ago_is_due_first_and_what_is_new_last():
    one = Unanswered(INTERVAL_NS)
    for name in "abc":
        one.add(name)
    for mono_ns, name in enumerate("cab"):
        one.sent(name, mono_ns)
    one.add("d")
    assert one.due(200) == ["c", "a", "b", "d"]


def test_adding_what_waits_already_does_not_send_it_sooner():
    one = Unanswered(INTERVAL_NS)
    one.add("a")
    one.sent("a", 0)
    one.add("a")
    assert (one.due(99), one.due(100)) == ([], ["a"])


def test_a_look_at_what_is_due_costs_the_same_however_many_wait():
    looking(10)  # the interpreter adapts code that it runs for the first time
    assert looking(10) == looking(1000)


def looking(count: int) -> int:
    one = Unanswered(INTERVAL_NS)
    for number in range(count):
        one.sent(str(number), 0)
    return counted.steps(lambda: one.due(INTERVAL_NS - 1))
