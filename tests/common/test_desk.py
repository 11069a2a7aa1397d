"""The desk: signals are sent until they are answered, and silence is not called a refusal."""

from decimal import Decimal

import pytest

from tapewire.common.clock import Now
from tapewire.common.delivery import desk as desks
from tapewire.common.delivery.desk import Desk
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.delivery.outgoing import NO_ANSWER, NOT_DELIVERED
from tapewire.common.delivery.signals import SignalMaker
from tapewire.common.events import (
    AnySignal,
    Heartbeat,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderStateChanged,
    OrderTerms,
    SubmitOrder,
    TermChanges,
)

T0 = 1_700_000_000 * 10**9
MS = 1_000_000
SECOND = 1_000_000_000
NOW = Now(T0, 77 * SECOND)  # the two clocks have nothing in common
TTL_NS = 10 * SECOND
TERMS = OrderTerms("BUY", Decimal(10), "LMT", Decimal(5))


def at(ms: int) -> Now:
    return NOW + ms * MS


class Bench:
    """A desk, and signals of one sender for it."""

    def __init__(self) -> None:
        self.desk = Desk(TTL_NS)
        self._numbers = 0
        self.make = SignalMaker("me", self._next_id, TTL_NS)

    def _next_id(self, _now: Now) -> str:
        self._numbers += 1
        return f"me-e1-{self._numbers}"

    def ordered(self, *, sent: bool = True) -> str:
        return self.add(self.make.order("", "AAPL", TERMS, NOW), sent=sent)

    def add(self, signal: AnySignal, *, sent: bool = True) -> str:
        self.desk.add(signal, NOW)
        if sent:
            self.send(NOW)
        return signal.id

    def send(self, now: Now) -> list[str]:
        due = self.desk.due(now)
        for signal in due:
            self.desk.sent(signal, now)
        return [signal.id for signal in due]

    def created(self, name: str) -> None:
        order = SubmitOrder(f"{name}/1", T0, "DU1", "me", "AAPL", TERMS, T0, signal_id=name)
        self.desk.on_event(OrderCreated(T0, name, order))

    def moved(self, name: str, state: str, filled: int = 0) -> list[Outcome]:
        event = OrderStateChanged(T0, "DU1", f"{name}/1", "me", state, Decimal(filled))
        return self.desk.on_event(event)

    def beat(self, ms: int, state: str = "READY", epoch: str = "x1", reason: str = "") -> None:
        beat = Heartbeat(T0, state, reason, 0, "", mono_ns=at(ms).mono_ns)
        self.desk.on_beat(beat, epoch, caught_up=True)

    def state(self, name: str) -> str:
        return self.desk.outcome(name).state


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_signal_is_sent_again_until_the_journal_answers_it(bench: Bench):
    name = bench.ordered()
    assert bench.send(at(249)) == []
    assert bench.send(at(250)) == [name]
    bench.created(name)
    assert bench.send(at(9000)) == []
    assert bench.state(name) == "CREATED"


def test_what_nobody_answered_may_have_been_traded(bench: Bench):
    name = bench.ordered()
    (outcome,) = bench.desk.give_up(at(10_001))
    assert (outcome.state, outcome.reason, outcome.done) == ("UNKNOWN", NO_ANSWER, False)
    assert "may have been traded" in outcome.reason
    assert not outcome.ok
    assert bench.send(at(10_002)) == [], "it is not sent any more"
    bench.created(name)
    bench.moved(name, "FILLED", 10)
    assert bench.desk.outcome(name)[2:4] == ("FILLED", 10), "an answer that is late is taken"


def test_what_never_left_has_expired(bench: Bench):
    bench.ordered(sent=False)
    (outcome,) = bench.desk.give_up(at(10_001))
    assert (outcome.state, outcome.reason, outcome.done) == ("EXPIRED", NOT_DELIVERED, True)


def test_an_executor_that_is_ready_long_enough_and_has_nothing_of_it_settles_it(bench: Bench):
    name = bench.ordered()
    bench.desk.give_up(at(10_001))
    bench.beat(10_100)
    bench.beat(10_999)
    assert bench.state(name) == "UNKNOWN"
    bench.beat(11_100)
    assert bench.desk.outcome(name)[2:] == (
        "EXPIRED", 0, None, desks.NOT_ACTED_ON, True
    )  # fmt: skip
    assert bench.desk._outgoing.may_trade("AAPL") == [], "nothing is remembered of it"


@pytest.mark.parametrize(
    "beats",
    [
        [(10_100, "READY", "x1", ""), (10_500, "WAITING", "x1", ""), (11_200, "READY", "x1", "")],
        [(10_100, "READY", "x1", ""), (11_200, "READY", "x2", "")],
        [(10_100, "READY", "x1", "b: waiting"), (11_200, "READY", "x1", "b: waiting")],
    ],
)
def test_nothing_is_settled_by_an_executor_that_may_not_know_all_orders_yet(bench: Bench, beats):
    name = bench.ordered()
    bench.desk.give_up(at(10_001))
    for ms, state, epoch, reason in beats:
        bench.beat(ms, state, epoch, reason)
    assert bench.state(name) == "UNKNOWN"


def test_nothing_is_settled_while_events_are_missing(bench: Bench):
    name = bench.ordered()
    bench.desk.give_up(at(10_001))
    for ms in (10_100, 11_200):
        beat = Heartbeat(T0, "READY", "", 5, "", mono_ns=at(ms).mono_ns)
        bench.desk.on_beat(beat, "x1", caught_up=False)
    assert bench.state(name) == "UNKNOWN"


def test_a_cancel_holds_its_order_back_and_ends_with_it(bench: Bench):
    name = bench.ordered(sent=False)
    cancel = bench.add(bench.make.cancel(name, NOW))
    assert bench.send(at(300)) == [cancel], "its order is not sent any more"
    early = "it was cancelled before it arrived"
    bench.desk.on_event(OrderDenied(T0, "", "me", "executor", early, signal_id=name))
    bench.desk.on_event(OrderCancelPending(T0, "", cancel, "me", f"{name}/1"))
    assert (bench.state(name), bench.desk.outcome(cancel).done) == ("DENIED", True)
    assert bench.send(at(900)) == []


def test_a_cancel_that_is_refused_leaves_the_order_as_it_is(bench: Bench):
    name = bench.ordered()
    bench.created(name)
    bench.moved(name, "ACCEPTED")
    cancel = bench.add(bench.make.cancel(name, NOW))
    bench.desk.on_event(OrderCancelPending(T0, "DU1", cancel, "me", f"{name}/1"))
    assert bench.state(cancel) == "CANCELLING"
    no = OrderDenied(T0, "DU1", "me", "gateway", "too late", f"{name}/1", cancel)
    bench.desk.on_event(no)
    bench.moved(name, "FILLED", 10)
    assert (bench.state(cancel), bench.state(name)) == ("DENIED", "FILLED")


def test_a_modify_waits_for_its_order_to_be_accepted(bench: Bench):
    name = bench.ordered()
    changes = TermChanges(Decimal(5))
    modify = bench.add(bench.make.modify(name, changes, NOW), sent=False)
    assert bench.send(at(1)) == []
    bench.created(name)
    assert bench.send(at(2)) == []
    bench.moved(name, "ACCEPTED")
    assert bench.send(at(3)) == [modify]


def test_a_fill_after_the_cancel_is_taken(bench: Bench):
    name = bench.ordered()
    bench.created(name)
    bench.moved(name, "CANCELLED")
    (late,) = bench.moved(name, "CANCELLED", 3)
    assert late.filled == 3


def test_of_signals_that_are_over_only_the_newest_are_kept(bench: Bench, monkeypatch):
    monkeypatch.setattr(desks, "ENDED_MAX", 2)
    names = [bench.ordered() for _ in range(4)]
    for name in names:
        bench.created(name)
        bench.moved(name, "FILLED", 10)
    assert bench.moved(names[0], "FILLED", 9) == [], "it is forgotten"
    assert [bench.state(name) for name in names[2:]] == ["FILLED", "FILLED"]
    with pytest.raises(KeyError):
        bench.desk.outcome(names[1])


def test_what_expired_on_its_way_is_said_as_the_executor_says_it(bench: Bench):
    name = bench.ordered()
    bench.desk.on_event(OrderExpired(T0, "", name, "me"))
    assert bench.desk.outcome(name).done
    assert not bench.desk.unanswered


def test_an_order_is_not_called_off_by_a_copy_of_its_signal_that_comes_late(bench: Bench):
    name = bench.ordered()
    bench.created(name)
    bench.moved(name, "FILLED", 10)
    # The executor has forgotten by then what it did: a checkpoint left the order out.
    assert bench.desk.on_event(OrderExpired(T0, "DU1", name, "me")) == []
    assert bench.desk.outcome(name)[2:4] == ("FILLED", 10)


def test_an_order_that_appears_after_its_end_was_reported_lives(bench: Bench):
    name = bench.ordered()
    bench.desk.on_event(OrderExpired(T0, "", name, "me"))
    bench.created(name)
    assert bench.desk.outcome(name)[2:] == ("CREATED", 0, None, "", False)
    bench.moved(name, "ACCEPTED")
    assert not bench.desk.outcome(name).done


@pytest.mark.parametrize("order_id", ["", "x" * 1000, 7, object()])
def test_what_the_executor_could_not_read_is_not_taken(bench: Bench, order_id):
    with pytest.raises(ValueError, match="the CancelSignal cannot be sent: "):
        bench.add(bench.make.cancel(order_id, NOW))
    assert not bench.desk.unanswered
