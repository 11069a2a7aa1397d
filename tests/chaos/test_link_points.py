"""What passes through the process of `project-x-py` is met at the point that was named, once."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

from tests.chaos.link_points import ANSWER, EARLY_FILL, ORDER, WAYS, Passing, login_of, role_of
from tests.chaos.points import Folder, Point, is_order
from tests.chaos.setup import ALONE, BOTH
from tests.chaos.strikes import is_too_late

PLACED = b'{"n": 7, "found": {"orderId": 1}}\n'
LISTED = b'{"n": 8, "found": {"orders": []}}\n'
FILL = b'{"said": "trade", "about": {}}\n'
ENDED = ("gateway-px", signal.SIGKILL)


class Link:
    """One whose lines are in a test's hands; `done` is what happened, in order."""

    def __init__(self, folder: Folder, path: Path) -> None:
        self.done: list[object] = []
        self._held: list[Callable[[], None]] = []
        self._folder = folder
        self._passing = Passing("px", path, self._end, lambda _s, do: self._held.append(do))

    def arm(self, what: str, when: str, role: str = "gateway-px", passes: int = 1) -> None:
        self._folder.arm(Point(role, what, when), signal.SIGKILL, passes)  # type: ignore[arg-type]

    def read(self, number: int = 7, path: str = "/Order/place") -> None:
        self._passing.read(json.dumps({"n": number, "path": path, "body": {}}).encode())

    def say(self, data: bytes) -> None:
        self._passing.write(lambda: self.done.append(data), data)

    def go_on(self) -> None:
        while self._held:
            self._held.pop()()

    def _end(self, role: str, number: int) -> None:
        self.done.append((role, number))


def link_in(path: Path) -> Link:
    return Link(Folder(path), path)


def test_an_order_is_met_before_it_is_sent(tmp_path: Path):
    link = link_in(tmp_path)
    link.arm(ORDER, "before")
    link.read(path="/Order/searchOpen")
    assert link.done == []
    link.read()
    assert link.done == [ENDED]


def test_an_answer_is_met_before_and_after_the_gateway_has_it(tmp_path: Path):
    for when, expected in (("before", [ENDED, PLACED]), ("after", [PLACED, ENDED])):
        link = link_in(tmp_path)
        link.arm(ANSWER, when)
        link.read()
        link.say(PLACED)
        assert link.done == expected


def test_only_answers_to_orders_count_and_only_at_their_pass(tmp_path: Path):
    link = link_in(tmp_path)
    link.arm(ANSWER, "before", passes=2)
    link.say(LISTED)
    for _ in range(2):
        link.read()
        link.say(PLACED)
    assert link.done == [LISTED, PLACED, ENDED, PLACED]


def test_a_fill_comes_before_the_answer_that_waits_for_it(tmp_path: Path):
    link = link_in(tmp_path)
    link.arm(EARLY_FILL, "after", role=role_of("px"))
    link.read()
    link.say(PLACED)
    link.say(FILL)
    link.go_on()
    assert link.done == [FILL, ("link-px", signal.SIGKILL), PLACED]


def test_a_fill_without_an_order_under_way_is_no_point(tmp_path: Path):
    link = link_in(tmp_path)
    link.arm(EARLY_FILL, "before")
    link.say(FILL)
    assert link.done == [FILL]


def test_a_group_at_both_brokers_has_the_points_of_each():
    points = {str(one) for one in BOTH.points}
    assert len(points) == len(BOTH.points) == len(ALONE.points) + 26
    links = {f"{role} {when} {what}" for role in ("gateway-px", "link-px") for what, when in WAYS}
    assert links <= points
    assert {"executor before gateway-px.requests", "liquidation-px after tws"} <= points
    assert {role_of("px"), "liquidation-tws", "strategy-linked"} <= {*BOTH.victims}
    assert (login_of("link-px"), login_of("gateway-px")) == ("px", "")


def test_what_changes_orders_at_projectx_is_an_order():
    assert is_order(b'{"n":1,"path":"/Order/cancel","body":{}}\n')
    assert not is_order(b'{"n":1,"path":"/Order/searchOpen","body":{}}\n')


def test_nobody_is_stopped_between_the_last_look_at_a_halt_and_the_write():
    late = {str(one) for one in BOTH.points if is_too_late(one)}
    gateways = ("gateway-tws", "liquidation-tws", "gateway-px", "liquidation-px")
    assert late == {f"link-px before {ORDER}", *(f"{one} before tws" for one in gateways)}
