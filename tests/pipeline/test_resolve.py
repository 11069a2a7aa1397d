"""`orders resolve` against real gateways: the token of the command line lets it through."""

import pytest

from tapewire.common.events import NO_SUCH_ORDER, OrderAnswer, ResolveOrder
from tapewire.common.roles import GATEWAYS
from tapewire.console.group import control, line
from tests.pipeline.running import Running


def test_both_gateways_answer_a_person_about_an_order(running: Running):
    running.until_ready()
    for role in GATEWAYS:
        asked = ResolveOrder("no/1", 1, "lost", "looked at TWS", "anna")
        found = control.resolve(running.group.config, role, asked)
        assert found == OrderAnswer("no/1", accepted=False, reason=NO_SUCH_ORDER)


def test_a_group_that_is_not_there_gives_no_answer(running: Running, monkeypatch):
    monkeypatch.setattr(line, "TIMEOUT_S", 0.2)
    asked = ResolveOrder("no/1", 1, "lost", "looked at TWS", "anna")
    with pytest.raises(line.NoAnswer, match="gateway did not answer within 0 s"):
        control.resolve(running.group.config, "gateway", asked)
