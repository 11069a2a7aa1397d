"""AuthLossGuard: how long a gateway may be without its broker."""

import pytest

from tapewire.common.clock import Now
from tapewire.common.config.sections import RuleConfig
from tapewire.common.errors import ConfigError
from tapewire.common.events import ConnectionLost, ConnectionUp, RiskHalted, Scope
from tapewire.common.roles import GATEWAY, LIQUIDATION
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Enforcement, RuleBook, load_rules
from tests.risk.orders import NOW, SECOND, T0, broken, kept, monitor


def rules(**given: object) -> RuleBook:
    parameters = {"after_ms": 10_000}
    return load_rules([RuleConfig(rule="AuthLossGuard", parameters=parameters, **given)])


def guarded(**given: object) -> RiskMonitor:
    return monitor(rules=rules(**given))


def lost(one: RiskMonitor, source: str = GATEWAY, ts_ns: int = T0) -> list[str]:
    one.on_broker(ConnectionLost(ts_ns, "the socket was closed"), source)
    return broken(one)


def after(one: RiskMonitor, seconds: float) -> list[str]:
    return broken(one, NOW + int(seconds * SECOND))


SAID = ": gateway has been without its broker for more than 10000 ms"


@pytest.mark.parametrize(("seconds", "is_broken"), [(9.999, False), (10, False), (10.001, True)])
def test_a_connection_may_be_lost_for_so_long(seconds: float, is_broken: bool):
    one = guarded()
    assert lost(one) == []
    assert after(one, seconds) == ([SAID] if is_broken else [])


def test_a_daily_restart_is_no_loss_until_it_takes_too_long():
    one = guarded()
    one.on_broker(ConnectionLost(T0, "reset", expected=True), GATEWAY)
    assert after(one, 300) == []
    one.on_broker(ConnectionLost(T0, "not back from its daily restart"), GATEWAY)
    assert after(one, 300) == []
    assert after(one, 311) == [SAID]


def test_it_alerts_unless_something_else_is_configured():
    one = guarded()
    assert one.rules.rules[0].enforcement == Enforcement(("alert",))
    lost(one)
    after(one, 11)
    assert one.halts == {}
    halting = guarded(enforcement="halt", scope={"account": "DU1"})
    lost(halting)
    events = halting.check(NOW + 11 * SECOND, timer=True)
    assert [event.scope for event in events if isinstance(event, RiskHalted)] == [Scope("DU1")]


def test_a_connection_that_is_back_in_time_is_no_violation_and_a_later_loss_begins_anew():
    one = guarded()
    lost(one)
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), GATEWAY)
    lost(one, ts_ns=T0 + 1)
    assert after(one, 9) == []
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), GATEWAY)
    assert after(one, 60) == []


def test_each_gateway_has_its_own_connection():
    one = guarded()
    lost(one)
    lost(one, LIQUIDATION)
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), LIQUIDATION)
    assert after(one, 11) == [SAID]
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), GATEWAY)
    assert one.rules.on_timer(one.view.at(NOW + 12 * SECOND)) == []


def test_a_start_gives_the_gateway_the_whole_time_to_connect():
    one = guarded()
    one.on_broker(ConnectionLost(T0 - 8 * 3600 * SECOND, "stopped"), GATEWAY)
    assert kept(one.check(NOW, timer=True)) == []
    assert after(one, 10) == []
    assert after(one, 10.1) == [SAID]


def test_a_clock_that_is_set_changes_nothing():
    one = guarded()
    lost(one)
    set_ahead = Now(T0 + 3600 * SECOND, NOW.mono_ns)
    assert broken(one, set_ahead + 9 * SECOND) == []
    assert broken(one, set_ahead + 11 * SECOND) == [SAID]


def test_how_much_of_the_time_is_used_can_be_read():
    one = guarded()
    assert one.rules.readings(one.view.at(NOW)) == []
    lost(one)
    (reading,) = one.rules.readings(one.view.at(NOW + 4 * SECOND))
    assert (reading.used, reading.limit, reading.unit) == (4000, 10_000, "ms")


def test_a_time_below_none_is_refused():
    with pytest.raises(ConfigError, match="AuthLossGuard after_ms is -1; it must be 0 or more"):
        load_rules([RuleConfig(rule="AuthLossGuard", parameters={"after_ms": -1})])
