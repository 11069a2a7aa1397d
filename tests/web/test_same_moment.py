"""Requests at the same moment: each takes its turn where it must."""

from typing import Any

import pytest

from tapewire.common.events import ControlReply
from tapewire.console.group import control
from tapewire.console.group.control import Launched
from tapewire.web.access import Principal, Refused
from tapewire.web.console import LOGINS_BURST
from tapewire.web.desk import Desk
from tapewire.web.nonces import Wanted
from tests.web.meanwhile import Meanwhile
from tests.web.site import Site

TRADER = Principal("trader", "me")
RESUME = Wanted("desk", "resume", "desk", {})
REPLY = ControlReply(True, "ACTIVE", "")


def at_once(site: Site, other: Any, first: Any, *, at: int) -> None:
    """Do `first`, and `other` when `first` looks at the time for the `at`th time."""
    site.clock.at = meanwhile = Meanwhile(site.clock.at, other, at=at)  # type: ignore[assignment]
    first()
    meanwhile.thread.join()


def test_a_confirmation_that_is_used_while_another_is_given_works_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Desk, "launched", lambda _: Launched(site.config.run_dir))
    monkeypatch.setattr(control, "ask", lambda *given: asked.append(given) or REPLY)
    console = site.console
    plan = console.confirm(TRADER, RESUME)

    def act() -> None:
        console.act(TRADER, RESUME, plan.nonce, plan.typed)

    at_once(site, act, lambda: console.confirm(TRADER, RESUME), at=2)
    assert len(asked) == 1
    with pytest.raises(Refused, match="used"):
        act()
    assert len(asked) == 1


def test_attempts_to_log_in_share_what_may_be_tried(site: Site) -> None:
    refused: list[int] = []

    def attempt() -> None:
        try:
            site.console.log_in(token="guessed", address="one")
        except Refused as why:
            refused.append(why.status)

    for _ in range(LOGINS_BURST - 1):
        attempt()
    at_once(site, attempt, attempt, at=2)
    assert refused.count(429) == 1
