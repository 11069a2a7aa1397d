"""What can go wrong at the Gateway, as scenarios have it."""

import pytest

from tapewire.common.errors import ConfigError
from tapewire.simulator import scenario_file
from tapewire.simulator.faults.commands import answer
from tapewire.simulator.projectx.faults import FAULTS
from tests.simulator.projectx.conftest import ACCOUNT, CONTRACT, begun, quoted

ORDER = {"accountId": ACCOUNT, "contractId": CONTRACT, "type": 2, "side": 0, "size": 1}


def placed(gateway):
    return [one["customTag"] for one in gateway.found("/Order/search", accountId=ACCOUNT)["orders"]]


def arm(gateway, what, **given):
    return gateway.server.faults.arm_as({"what": what, **given})


def test_a_late_answer_comes_though_all_was_done_at_once(gateway):
    arm(gateway, "late", seconds=2, path="/Order/place")
    conn = gateway.ask("/api/Order/place", **ORDER, customTag="a")
    assert gateway.answer(conn) is None
    assert placed(gateway) == ["a"]
    gateway.pass_time(2)
    assert gateway.answer(conn)[1]["success"]


def test_a_lost_answer_leaves_the_order_behind(gateway):
    arm(gateway, "lost", path="/Order/place")
    conn = gateway.ask("/api/Order/place", **ORDER, customTag="a")
    assert gateway.answer(conn) is None
    assert conn in gateway.closed
    assert gateway.server.is_reset(conn)
    assert placed(gateway) == ["a"]


def test_a_swallowed_request_leaves_nothing(gateway):
    arm(gateway, "swallowed", path="/Order/place")
    conn = gateway.ask("/api/Order/place", **ORDER, customTag="a")
    assert gateway.answer(conn) is None
    assert conn in gateway.closed
    assert placed(gateway) == []


@pytest.mark.parametrize(("what", "status"), [("failed", 500), ("limited", 429)])
def test_a_failure_has_its_status(gateway, what, status):
    arm(gateway, what, on_order=2)
    gateway.place(customTag="a")
    assert gateway.post("/Order/place", **ORDER, customTag="b") == (status, {})
    gateway.place(customTag="c")
    assert placed(gateway) == ["a", "c"]


def test_a_token_can_expire_before_its_time(gateway):
    arm(gateway, "expired_token")
    assert gateway.post("/Account/search") == (401, {})
    gateway.login()
    gateway.found("/Account/search")


def test_a_hub_is_dropped_alone(gateway):
    user, market = gateway.hub("user").greet(), gateway.hub("market").greet()
    arm(gateway, "dropped_hub", hub="user", at_s=5)
    gateway.pass_time(4)
    assert user.read() == market.read() == []
    assert user.conn not in gateway.closed
    gateway.pass_time(1)
    gateway.collect(user.conn)
    assert user.conn in gateway.closed
    assert market.conn not in gateway.closed


def test_a_silent_hub_pings_and_says_nothing_else():
    gateway = begun(*(quoted(2500 + n, 2500.5 + n, after_s=n) for n in range(60)))
    hub = gateway.hub("market").greet()
    hub.call("SubscribeContractQuotes", CONTRACT)
    arm(gateway, "silent_hub", hub="market", seconds=20)
    gateway.pass_time(1)
    hub.read()
    gateway.pass_time(16)
    assert {one["type"] for one in hub.read()} == {6}
    hub.say({"type": 6})
    gateway.pass_time(5)
    gateway.pass_time(1)
    assert 1 in {one["type"] for one in hub.read()}


def test_a_gateway_that_is_down_takes_nobody(gateway):
    conn = gateway.ask("/api/Account/search")
    gateway.answer(conn)
    arm(gateway, "down", seconds=5)
    gateway.pass_time()
    gateway.collect(conn)
    assert conn in gateway.closed
    late = gateway.ask("/api/Account/search")
    assert gateway.answer(late) is None
    assert late in gateway.closed
    gateway.pass_time(6)
    gateway.found("/Account/search")


def test_a_scenario_and_the_control_port_arm_faults(gateway, tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text('[[faults]]\nwhat = "lost"\npath = "/Order/place"\nprobability = 0.5\n')
    scenario_file.play(path, gateway.server.faults, FAULTS)
    assert b'"ok":true' in answer(gateway.server.faults, b'{"do":"inject","what":"down"}')
    assert [one["what"] for one in gateway.server.faults.armed()] == ["lost", "down"]
    assert b'"ok":true' in answer(gateway.server.faults, b'{"do":"clear"}')
    assert gateway.server.faults.armed() == []


def test_what_is_no_fault_is_refused(gateway):
    with pytest.raises(ConfigError, match='must be "user" or "market"'):
        arm(gateway, "dropped_hub", hub="both")
    with pytest.raises(ConfigError, match="is not a known fault"):
        arm(gateway, "reset")
