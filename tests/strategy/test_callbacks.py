"""News that a strategy fails on is not lost, and a strategy that was stopped is tried again."""

from typing import Any

import pytest

from tapewire.common.events import Event
from tapewire.strategy.callbacks import ATTEMPTS, HELD_MAX
from tapewire.strategy.runner import Runner
from tests.strategy.kit import NOW, Echo, at, fill, gateway, quote, runner


class Stumbling(Echo):
    """Raises on fills as long as `stumbles` is above 0; with `buys` only after it has bought."""

    stumbles = 0
    buys = False

    def on_fill(self, fill: Any) -> None:
        if self.stumbles > 0:
            self.stumbles -= 1
            if self.buys:
                self.buy(fill.symbol, 1)
            raise ConnectionError("not there")
        super().on_fill(fill)


def stumbling(stumbles: int, *, buys: bool = False, **settings: Any) -> Runner:
    one = runner(strategy="tests.strategy.test_callbacks:Stumbling", **settings)
    one.strategy.stumbles, one.strategy.buys = stumbles, buys
    return one


def later(one: Runner, seconds: float) -> None:
    one.tick(at(seconds * 1000))


def received(one: Runner) -> list[str]:
    return [event.exec_id for event in one.strategy.received]


def test_a_fill_that_it_failed_on_comes_again_until_it_is_taken():
    one = stumbling(2)
    gateway(one, fill("e1.01", 5))
    assert (received(one), one.failures) == ([], 1)
    for seconds in (1, 2):
        later(one, seconds)
    assert (received(one), one.failures) == (["e1.01"], 2)
    later(one, 100)
    assert (received(one), one.callbacks.take_lost()) == (["e1.01"], [])
    assert one.strategy.position("AAPL") == 5, "it is what it is from the first moment"


def test_what_it_never_takes_is_given_up_with_the_error_and_how_often():
    one = stumbling(99)
    gateway(one, fill("e1.01", 5))
    for seconds in range(1, 9):
        later(one, seconds)
    assert one.failures == ATTEMPTS
    (lost,) = one.callbacks.take_lost()
    assert (lost.news.callback, lost.news.event.exec_id) == ("on_fill", "e1.01")
    assert lost.reason == "ConnectionError('not there'), 3 times"


def test_what_it_failed_on_after_a_signal_does_not_come_again_for_it_could_order_twice():
    one = stumbling(1, buys=True)
    one.live = True
    gateway(one, fill("e1.01", 5))
    later(one, 1)
    assert (one.signals, one.failures, received(one)) == (1, 1, [])
    (lost,) = one.callbacks.take_lost()
    assert lost.reason == "ConnectionError('not there'), after it had signalled: not tried again"


def stop(one: Runner) -> None:
    """Two failures, as many as are allowed."""
    one.strategy.stumbles = 2
    for exec_id in ("s1.01", "s2.01"):
        gateway(one, fill(exec_id, 1))
    assert one.stopped


def test_while_it_is_stopped_news_waits_and_is_the_first_that_it_gets_afterwards():
    one = stumbling(0, failures_max=2)
    stop(one)
    one.on_ticks("o", [quote()], NOW)
    gateway(one, fill("e1.01", 5))
    gateway(one, fill("e2.01", 5))
    later(one, 29)
    assert (one.stopped, received(one), one.strategy.ticks) == (True, [], [])
    later(one, 61)
    assert not one.stopped
    assert received(one)[:2] == ["e1.01", "e2.01"]
    assert sorted(received(one)[2:]) == ["s1.01", "s2.01"], "and what is to be tried again"
    one.on_ticks("o", [quote()], NOW)
    assert len(one.strategy.ticks) == 1
    assert one.was_stopped
    assert one.fault.startswith("strategy echo was stopped for a while after 2 failures, the last:")


def test_its_circuit_says_each_step_with_its_reason():
    one = stumbling(0, failures_max=2)
    stop(one)
    gateway(one, fill("e1.01", 5))
    later(one, 61)
    changes = one.take_changes()
    assert {name for name, _ in changes} == {"strategy.echo"}
    assert [change.after for _, change in changes] == ["OPEN", "HALF_OPEN", "CLOSED"]
    assert "2 failures within 60 s, the last: ConnectionError" in changes[0][1].reason
    assert one.take_changes() == []


def test_one_that_fails_on_trial_is_stopped_at_once_and_longer():
    one = stumbling(0, failures_max=2)
    stop(one)
    one.strategy.stumbles = 99
    later(one, 61)
    assert one.stopped
    assert one.failures == 3
    later(one, 61 + 59)
    assert one.stopped
    later(one, 61 + 121)
    assert one.failures == 4


def test_failures_further_apart_than_the_window_do_not_stop_it():
    one = stumbling(0, failures_max=2, failures_window_ms=1000)
    for seconds in (0, 2, 4):
        one.strategy.stumbles = 1
        one.on_ticks("o", [quote()], at(seconds * 1000))
        one.callbacks.news("on_fill", fill(f"f{seconds}.01", 1))
        assert not one.stopped


def test_an_on_start_that_raised_stays_the_end_of_it():
    one = runner(strategy="tests.strategy.test_runner:Unset")
    later(one, 10_000)
    assert one.stopped
    assert one.was_stopped
    gateway(one, fill("e1.01", 5))
    (lost,) = one.callbacks.take_lost()
    assert "the strategy is stopped: strategy echo was stopped: its on_start raised" in lost.reason


def test_of_too_much_news_the_newest_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tapewire.strategy.callbacks.HELD_MAX", 1)
    assert HELD_MAX > 1
    one = stumbling(0, failures_max=2)
    stop(one)
    gateway(one, fill("e1.01", 5))
    gateway(one, fill("e2.01", 5))
    (lost,) = one.callbacks.take_lost()
    assert lost.news.event.exec_id == "e2.01"


def test_what_it_has_not_taken_at_its_end_is_given_up():
    one = stumbling(1)
    gateway(one, fill("e1.01", 5))
    one.stop()
    (lost,) = one.callbacks.take_lost()
    assert lost.reason == "it ended before the next attempt"


@pytest.mark.parametrize(
    ("stumbles", "callback", "reason", "taken"),
    [
        (0, "on_fill", "", ["e1.01"]),
        (1, "on_fill", "ConnectionError('not there')", []),
        (
            0,
            "on_quote",
            "a strategy has no news for on_quote; it has on_order, on_group, on_fill",
            [],
        ),
    ],
)
def test_news_that_is_handed_back_is_taken_or_says_why_not(
    stumbles: int, callback: str, reason: str, taken: list[str]
):
    one = stumbling(stumbles)
    event: Event = fill("e1.01", 5)
    assert one.callbacks.hand_back(callback, event) == reason
    assert (received(one), one.failures) == (taken, stumbles)
