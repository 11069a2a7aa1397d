"""The virtual network: order of actions, of messages, and what a step of the market does."""

from tapewire.common.clock import VirtualClock
from tapewire.virtual.network import HOP_NS, Links, Reliable, Scheduler


def test_actions_go_by_time_and_then_by_the_order_they_were_asked_for():
    scheduler, done = Scheduler(VirtualClock()), []

    def first() -> None:
        done.append("first")
        scheduler.at(10, done.append, "asked for at 10")
        scheduler.at(5, done.append, "late, so at once")

    scheduler.at(10, first)
    scheduler.at(10, done.append, "second")
    scheduler.at(20, done.append, "after the end")
    scheduler.at(5, done.append, "before")
    scheduler.run_until(15)
    assert done == ["before", "first", "second", "asked for at 10", "late, so at once"]
    assert scheduler.clock.now_ns() == 15


def test_what_is_asked_for_before_the_start_is_done_first():
    scheduler, done = Scheduler(VirtualClock(7)), []
    scheduler.at(0, done.append, "at once")
    scheduler.at(8, done.append, "later")
    scheduler.run_until(8)
    assert done == ["at once", "later"]


class Slower(Reliable):
    """Each message is on its way for less time than the one before."""

    def __init__(self) -> None:
        self.left_ns = 1000

    def delay_ns(self, link: str) -> int:
        self.left_ns -= 100
        return self.left_ns


def test_no_message_overtakes_another_on_its_link():
    links = Links(VirtualClock(), Slower())
    link = links.between("a", "b", "events", 1)
    assert [links.arrival_ns(link) for _ in range(3)] == [900, 900, 900]
    assert links.between("a", "b", "events", 1) is link
    assert link.name == "a>b:events"


def test_what_a_process_sends_may_overtake_what_its_predecessor_has_sent():
    links = Links(VirtualClock(), Slower())
    first, second = (links.between("a", "b", "events", start) for start in (1, 2))
    assert [links.arrival_ns(link) for link in (first, second, first)] == [900, 800, 900]


def test_a_reliable_network_takes_one_hop():
    links = Links(VirtualClock(5), Reliable())
    assert links.arrival_ns(links.tcp(3, "<")) == 5 + HOP_NS
