"""What a halt depends on, and what it does not; and that a confirmation is for one start alone."""

import os
from typing import Any

import pytest

from tapewire.common.events import ControlReply, Scope
from tapewire.console.group import control
from tapewire.console.group.control import FILE, Launched
from tapewire.console.model.deltas import Tables
from tapewire.web.access import Principal, Refused
from tapewire.web.actions import Part
from tapewire.web.desk import Desk
from tapewire.web.nonces import Wanted
from tests.web.site import Site

ADMIN = Principal("admin", "me")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, site: Site) -> list[Any]:
    """What was asked of risk and what was logged, in that order."""

    def ask(_group: Launched, what: str, reason: str, scope: Scope) -> ControlReply:
        site.said.append((what, {"scope": scope}))
        return ControlReply(True, "HALTED", reason)

    monkeypatch.setattr(control, "ask", ask)
    monkeypatch.setattr(Desk, "launched", lambda _: Launched(site.config.run_dir))
    return site.said


def test_a_halt_is_asked_for_before_it_is_logged(site: Site, told: list[Any]) -> None:
    site.console.halt(ADMIN, "desk", Part())
    (_, asked), (_, logged) = told
    assert "scope" in asked
    assert (logged["by"], logged["said"]) == ("admin", "trading is HALTED: web console, admin")


def test_a_halt_that_fails_is_logged_too(site: Site) -> None:
    with pytest.raises(Refused, match="no group runs"):
        site.console.halt(ADMIN, "desk", Part())
    assert site.said[-1][1]["said"] == "not answered"


def test_an_instrument_and_a_strategy_can_be_halted_before_anything_was_read(
    site: Site, told: list[Any]
) -> None:
    nothing: Tables = {}
    site.console.desk("desk")._tables = lambda: nothing
    for part in (Part(symbol="AAPL"), Part(strategy="dip"), Part(account="DU1")):
        assert site.console.halt(ADMIN, "desk", part).ok
    assert [more["scope"] for _, more in told if "scope" in more] == [
        Scope(symbol="AAPL"), Scope(strategy="dip"), Scope(account="DU1"),
    ]  # fmt: skip


def test_a_confirmation_is_worth_nothing_once_the_group_was_started_again(
    site: Site, told: list[Any]
) -> None:
    launched = site.config.run_dir / FILE
    launched.write_text("a simulator")
    wanted = Wanted("desk", "resume", "desk", {})
    plan = site.console.confirm(ADMIN, wanted)
    launched.write_text("TWS with a live account")
    os.utime(launched, ns=(1, 1))  # another time, however coarse the clock of files is
    with pytest.raises(Refused, match="something else"):
        site.console.act(ADMIN, wanted, plan.nonce, plan.typed)
    assert told == []
