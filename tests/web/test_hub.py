"""The hub: what viewers get, the slow ones too."""

import json

import pytest

from tapewire.common.clock import Now
from tapewire.console.model import deltas
from tapewire.web.hub import WAITING_MAX, Full, Hub, Viewer, beat

T0 = 1_795_174_338_000_000_000


def at(number: int) -> Now:
    return Now(T0 + number, number)


def read(messages: list[bytes]) -> list[tuple[str, dict]]:
    found = []
    for message in messages:
        name, _, data = message.decode().partition("\n")
        assert data.endswith("\n\n")
        assert data.count("\n") == 2  # one line of data: nothing in it can begin another event
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def state(viewer: Viewer, known: dict | None = None) -> dict:
    """What a page has after it has taken all that waits."""
    known = {} if known is None else known
    for name, content in read(viewer.take()):
        for group, delta in content["groups"].items():
            before = {} if name == "whole" else known.get(group, {})
            known[group] = deltas.applied(before, delta)
    return known


def test_the_first_message_is_everything_and_then_comes_what_changes() -> None:
    hub, woken = Hub(5), []
    hub.publish("desk", {"a": {"1": {"x": 1}}}, at(1))
    viewer = hub.join(lambda: woken.append(True))
    known = state(viewer)
    assert known == {"desk": {"a": {"1": {"x": 1}}}}
    hub.publish("desk", {"a": {"1": {"x": 2}}}, at(2))
    assert woken == [True]
    assert state(viewer, known) == {"desk": {"a": {"1": {"x": 2}}}}


def test_what_is_not_new_is_not_sent() -> None:
    hub = Hub(5)
    hub.publish("desk", {"a": {"1": {"x": 1}}}, at(1))
    viewer = hub.join(lambda: None)
    viewer.take()
    hub.publish("desk", {"a": {"1": {"x": 1}}}, at(2))
    assert viewer.take() == []


def test_a_slow_viewer_waits_with_a_bounded_amount_and_ends_at_the_newest_state() -> None:
    hub = Hub(5)
    slow = hub.join(lambda: None)
    known = state(slow)
    for number in range(WAITING_MAX * 3):
        hub.publish("desk", {"a": {"1": {"x": number}}}, at(number))
    assert len(slow._waiting) <= WAITING_MAX
    assert state(slow, known) == {"desk": {"a": {"1": {"x": WAITING_MAX * 3 - 1}}}}


def test_what_one_viewer_misses_costs_no_other_anything() -> None:
    hub = Hub(5)
    slow, quick = hub.join(lambda: None), hub.join(lambda: None)
    slow.take()
    known = state(quick)
    for number in range(WAITING_MAX * 3):
        hub.publish("desk", {"a": {"1": {"x": number}}}, at(number))
        messages = read(quick.take())
        assert [name for name, _ in messages] == ["delta"]
    assert known == {}


def test_only_so_many_may_look() -> None:
    hub = Hub(1)
    viewer = hub.join(lambda: None)
    with pytest.raises(Full):
        hub.join(lambda: None)
    hub.leave(viewer)
    hub.join(lambda: None)


def test_when_the_groups_were_looked_at_last_is_known_though_nothing_changed() -> None:
    hub = Hub(1)
    for mono_ns in (1, 2):
        hub.publish("desk", {"a": {}}, Now(T0, mono_ns))
    assert hub.seen_ns == 2


def test_a_clock_that_is_set_back_hides_no_silence() -> None:
    hub, minute_ns = Hub(1), 60_000_000_000
    hub.publish("desk", {"a": {}}, Now(T0, 1))
    (message,) = read([beat(Now(T0 - minute_ns, 1 + minute_ns), hub.seen_ns)])
    assert message == ("beat", {"ts_ns": T0 - minute_ns, "silent_ns": minute_ns})


def test_groups_are_told_apart() -> None:
    hub = Hub(1)
    viewer = hub.join(lambda: None)
    for name in ("one", "two"):
        hub.publish(name, {"a": {name: 1}}, at(1))
    assert state(viewer) == {"one": {"a": {"one": 1}}, "two": {"a": {"two": 1}}}
    assert hub.groups == ["one", "two"]
