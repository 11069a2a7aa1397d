"""A person's signal on its way: sent until the executor's journal answers, over its death too."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common.clock import VirtualClock
from tapewire.common.events import (
    Event,
    OrderCreated,
    OrderStateChanged,
    OrderTerms,
    Signal,
    SubmitOrder,
)
from tapewire.console import manual
from tapewire.console.group.control import Launched
from tapewire.console.group.line import NoAnswer
from tapewire.console.manual import NotAnswered

T0 = 1_700_000_000 * 10**9
TERMS = OrderTerms("BUY", Decimal(1))
GROUP = Launched(Path("run"))


class Executor:
    """What the executor's journal has at each look, and what was sent; None is no answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks: list[list[Event] | None] = []
        self.sent: list[bytes] = []
        self.takes = True
        clock = VirtualClock(T0)
        monkeypatch.setattr(manual, "CLOCK", clock)
        monkeypatch.setattr(manual, "Line", lambda *_: self)
        monkeypatch.setattr(manual, "_signals", self._signals)
        monkeypatch.setattr(
            manual.time, "sleep", lambda s: clock.advance_to(clock.mono_ns() + int(s * 1e9))
        )
        monkeypatch.setattr(manual.time, "monotonic", lambda: clock.mono_ns() / 1e9)

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def _signals(self, _group: Launched) -> Iterator["Executor"]:
        yield self

    def send(self, _channel: str, frames: list[bytes]) -> bool:
        self.sent += frames if self.takes else []
        return self.takes

    def from_now(self) -> None:
        pass

    def news(self) -> list[Event]:
        found = self.looks.pop(0) if self.looks else []
        if found is None:
            raise NoAnswer("the executor did not answer within 5 s")
        return found


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Executor:
    return Executor(monkeypatch)


def created(signal: Signal) -> OrderCreated:
    order = SubmitOrder(
        f"{signal.id}/1", T0, "DU1", "manual", "AAPL", TERMS, T0, signal_id=signal.id
    )
    return OrderCreated(T0, signal.id, order)


def filled(signal: Signal) -> OrderStateChanged:
    return OrderStateChanged(T0, "DU1", f"{signal.id}/1", "manual", "FILLED", Decimal(1))


def a_signal() -> Signal:
    signal = manual.order("DU1", "AAPL", TERMS)
    assert isinstance(signal, Signal)
    return signal


def test_it_is_sent_again_until_it_is_answered_and_followed_to_its_end(executor: Executor):
    signal = a_signal()
    executor.looks = [[], [], [], [], [created(signal)], [filled(signal)]]
    assert [one.state for one in manual.send(GROUP, signal, 5)] == ["CREATED", "FILLED"]
    assert len(executor.sent) == 2
    assert len(set(executor.sent)) == 1, "one signal"


def test_an_executor_that_dies_meanwhile_is_waited_for(executor: Executor):
    signal = a_signal()
    executor.looks = [None, None, [created(signal), filled(signal)]]
    assert [one.state for one in manual.send(GROUP, signal, 5)] == ["FILLED"]


def test_silence_is_not_called_a_refusal(executor: Executor):
    with pytest.raises(NotAnswered, match=r"it may have been traded\. `tapewire status` shows"):
        list(manual.send(GROUP, a_signal(), 5))


def test_what_never_left_has_expired(executor: Executor):
    executor.takes = False
    (outcome,) = manual.send(GROUP, a_signal(), 5)
    assert (outcome.state, outcome.ok) == ("EXPIRED", False)
    assert "it could not be delivered" in outcome.reason


def test_what_is_still_on_its_way_after_the_wait_is_left_to_itself(executor: Executor):
    signal = a_signal()
    executor.looks = [[created(signal)]]
    assert [one.state for one in manual.send(GROUP, signal, 0)] == ["CREATED"]
