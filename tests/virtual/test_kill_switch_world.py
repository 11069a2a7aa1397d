"""The kill switch in a whole group, whichever of its processes is dead."""

import pytest

from tapewire.common import roles
from tapewire.common.events import OrderDenied, RiskHalted
from tests.virtual.test_flatten_world import Desk

NEVER = 10**18


@pytest.fixture
def desk() -> Desk:
    """10 AAPL are held."""
    one = Desk()
    one.submit("s/1", "BUY", 10)
    one.run(2)
    assert one.held() == {"AAPL": 10}
    return one


def pull(desk: Desk, text: str | None) -> None:
    for node in desk.world.nodes.values():
        node.halt_text = text
    desk.run(1)


def denials(desk: Desk) -> list[str]:
    return [e.reason for e in desk.world.events(roles.GATEWAY) if isinstance(e, OrderDenied)]


def test_it_halts_everything_until_a_person_resumes_and_exits_pass(desk: Desk):
    pull(desk, "enough")
    (halted,) = [e for e in desk.world.events(roles.RISK) if isinstance(e, RiskHalted)]
    assert "HALT is there and says 'enough'" in halted.reason
    desk.submit("s/2", "BUY", 1)
    desk.submit("s/3", "SELL", 4)
    desk.run(2)
    assert desk.held() == {"AAPL": 6}
    pull(desk, None)
    desk.submit("s/4", "BUY", 1)
    desk.run(2)
    assert desk.held() == {"AAPL": 6}, "the halt stands"
    assert "HALT is there" in denials(desk)[0]
    assert "trading is HALTED" in denials(desk)[1]


def test_the_gateway_needs_nobody_for_it(desk: Desk):
    """Risk is alive in the lease that it gave a moment ago, and then dead."""
    desk.world.kill(roles.RISK, restart_after_ns=NEVER)
    for node in desk.world.nodes.values():
        node.halt_text = "enough"
    desk.run(0.2)
    desk.submit("s/2", "BUY", 1)
    desk.run(1)
    assert desk.held() == {"AAPL": 10}
    assert "HALT is there and says 'enough'" in denials(desk)[0]
    desk.submit("s/3", "SELL", 4)
    desk.run(1)
    assert desk.held() == {"AAPL": 6}
