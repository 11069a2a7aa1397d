"""The virtual network: order of actions, of messages, and what a step of the market does."""

from tapewire.common.runtime.clock import VirtualClock
from tapewire.virtual.network import HOP_NS, Agenda, Calm, Links


def test_actions_go_by_time_and_then_by_the_order_they_were_asked_for():
    agenda, done = Agenda(VirtualClock()), []

    def first() -> None:
        done.append("first")
        agenda.at(10, done.append, "asked for at 10")
        agenda.at(5, done.append, "late, so at once")

    agenda.at(10, first)
    agenda.at(10, done.append, "second")
    agenda.at(20, done.append, "after the end")
    agenda.at(5, done.append, "before")
    agenda.run_until(15)
    assert done == ["before", "first", "second", "asked for at 10", "late, so at once"]
    assert agenda.clock.now_ns() == 15


def test_what_is_asked_for_before_the_start_is_done_first():
    agenda, done = Agenda(VirtualClock(7)), []
    agenda.at(0, done.append, "at once")
    agenda.at(8, done.append, "later")
    agenda.run_until(8)
    assert done == ["at once", "later"]


class Slower(Calm):
    """Each message is on its way for less time than the one before."""

    def __init__(self) -> None:
        self.left_ns = 1000

    def delay_ns(self, link: str) -> int:
        self.left_ns -= 100
        return self.left_ns


def test_no_message_overtakes_another_on_its_link():
    links = Links(VirtualClock(), Slower())
    link = links.between("a", "b", "events")
    assert [links.arrival_ns(link) for _ in range(3)] == [900, 900, 900]
    assert links.between("a", "b", "events") is link
    assert link.name == "a>b:events"


def test_calm_weather_takes_one_hop():
    links = Links(VirtualClock(5), Calm())
    assert links.arrival_ns(links.tcp(3, "<")) == 5 + HOP_NS
