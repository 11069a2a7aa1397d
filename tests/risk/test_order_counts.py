"""MaxOrderSize and MaxOpenOrders: how large an order may be, and how many may work."""

from decimal import Decimal

import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    GroupCreated,
    OrderCancelled,
    OrderDenied,
    OrderUnknown,
    Scope,
    SubmitOrder,
)
from tapewire.risk.monitor import RiskMonitor
from tests.executor.group_desk import bracket
from tests.executor.orders import NOW as EXECUTOR_NOW
from tests.executor.orders import executor
from tests.executor.orders import working as executor_working
from tests.risk.orders import (
    NOW,
    T0,
    book,
    broken,
    denial,
    entry,
    foreign,
    hold,
    intended,
    monitor,
    order,
)

LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 3, "SELL"))
SCOPES = [
    (Scope("DU1"), {"account": "DU2"}),
    (Scope(strategy="s"), {"strategy": "other"}),
    (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
]


def sized(limit: object = 10, scope: Scope = EVERYTHING) -> RiskMonitor:
    return monitor(rules=book(entry("MaxOrderSize", scope=scope, limit=limit)))


def counted(limit: int = 3, scope: Scope = EVERYTHING) -> RiskMonitor:
    return monitor(rules=book(entry("MaxOpenOrders", scope=scope, limit=limit)))


def combo(quantity: int = 10) -> SubmitOrder:
    return order("c/1", quantity=quantity, symbol="AAPL - 3 MSFT", legs=LEGS)


# ---- MaxOrderSize --------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "passes"), [(9, True), (10, True), (11, False)])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_size_itself_is_allowed_and_one_more_is_not(side: str, quantity: int, passes: bool):
    assert (denial(sized(), order("a", side, quantity)) == "") == passes


def test_a_denial_names_the_size_and_the_limit():
    assert denial(sized(), order("a", "BUY", 11)) == (
        "MaxOrderSize: the order is for 11 AAPL, the limit is 10"
    )


def test_an_exit_may_be_of_any_size():
    one = sized()
    hold(one, 50)
    assert denial(one, order("a", "SELL", 50)) == ""
    assert denial(one, order("a", "SELL", 51)) != ""
    assert denial(one, order("a", "SELL", 50, account="DU2")) != "", "it holds nothing there"


def test_each_leg_of_a_combo_is_measured():
    assert denial(sized(30), combo(10)) == ""
    assert "the order is for 33 MSFT" in denial(sized(30), combo(11))


@pytest.mark.parametrize(("scope", "elsewhere"), SCOPES)
def test_only_orders_in_its_scope_are_measured(scope: Scope, elsewhere: dict):
    assert denial(sized(scope=scope), order("a", "BUY", 11)) != ""
    assert denial(sized(scope=scope), order("a", "BUY", 11, **elsewhere)) == ""


def test_a_larger_order_that_somebody_else_placed_is_a_violation_while_it_works():
    one = sized()
    one.check(NOW)
    one.on_broker(foreign(1, 10))
    assert broken(one) == []
    one.on_broker(foreign(2, 11, remaining=4, account="DU2"))
    assert broken(one) == ["DU2: an order that is not ours is for 11 AAPL, the limit is 10"]
    again = sized()  # after a restart it is found again
    again.on_broker(foreign(2, 11, remaining=4, account="DU2"))
    assert len(broken(again)) == 1
    again.on_broker(foreign(2, 11, remaining=0, account="DU2"))
    assert again.rules.on_timer(again.view.at(NOW)) == []


def test_a_foreign_exit_may_be_of_any_size_and_the_legs_of_a_foreign_combo_are_measured():
    one = sized()
    hold(one, 50)
    one.on_broker(foreign(1, 50, side="SELL"))
    assert broken(one) == []
    one.on_broker(foreign(2, 4, account="DU2", legs=LEGS))
    assert broken(one) == ["DU2: an order that is not ours is for 12 MSFT, the limit is 10"]


# ---- MaxOpenOrders -------------------------------------------------------------------------------


def working(one: RiskMonitor, count: int, **more: object) -> None:
    for number in range(count):
        one.on_broker(intended(order(f"w{number}{more}", quantity=1, **more)))


@pytest.mark.parametrize(("count", "passes"), [(1, True), (2, True), (3, False)])
def test_one_order_more_than_the_limit_is_denied(count: int, passes: bool):
    one = counted()
    working(one, count)
    assert (denial(one, order("a")) == "") == passes


def test_a_denial_says_how_many_there_would_be():
    one = counted()
    working(one, 3)
    assert denial(one, order("a")) == (
        "MaxOpenOrders: the account would have 4 open orders with this one, the limit is 3"
    )


def test_foreign_unknown_and_combo_orders_count_and_those_that_are_over_do_not():
    one = counted()
    working(one, 1)
    one.on_broker(OrderUnknown(T0, "DU1", "w0{}", "nobody knows"))
    one.on_broker(intended(combo(1)))
    assert denial(one, combo()) == ""
    one.on_broker(foreign(1))
    assert denial(one, combo()) != ""
    one.on_broker(OrderCancelled(T0, "DU1", "c/1"))
    assert denial(one, order("a")) == ""


def test_an_order_that_is_modified_does_not_count_twice():
    one = counted()
    working(one, 3)
    view = one.view.at(NOW, without=one.accounts.orders["w0{}"])
    assert one.rules.denial(order("w0{}", quantity=2), view) == ""


@pytest.mark.parametrize(("limit", "passes"), [(3, False), (4, True)])
@pytest.mark.parametrize(
    "rule", [("MaxOpenOrders", {}), ("TradeFrequencyLimit", {"per": "minute", "of": "orders"})]
)
def test_the_orders_of_a_group_count_together(rule: tuple[str, dict], limit: int, passes: bool):
    name, more = rule
    one = executor(book=book(entry(name, limit=limit, **more)))
    executor_working(one, quantity=1, number=7)
    events, commands = one.on_signal(bracket(), EXECUTOR_NOW)
    assert isinstance(events[0], GroupCreated if passes else OrderDenied)
    assert bool(commands) == passes


def test_an_exit_is_never_one_order_too_many():
    one = counted()
    hold(one, 5)
    working(one, 3)
    assert denial(one, order("a", "SELL", 5)) == ""
    assert denial(one, order("a", "SELL", 6)) != ""


@pytest.mark.parametrize(("scope", "elsewhere"), SCOPES)
def test_only_orders_in_its_scope_are_counted(scope: Scope, elsewhere: dict):
    one = counted(scope=scope)
    working(one, 9, **elsewhere)
    working(one, 2)
    assert denial(one, order("a")) == ""
    working(one, 3)
    assert denial(one, order("a")) != ""
    assert denial(one, order("a", **elsewhere)) == ""


def test_a_rule_about_a_strategy_counts_no_foreign_orders_and_one_about_a_symbol_does():
    for scope, count in ((Scope(strategy="s"), 0), (Scope(symbol="AAPL"), 4)):
        one = counted(scope=scope)
        for number in range(4):
            one.on_broker(foreign(number))
        assert sum(reading.used for reading in one.rules.readings(one.view.at(NOW))) == count


def test_too_many_open_orders_are_a_violation_of_their_account():
    one = counted()
    one.check(NOW)
    working(one, 3)
    working(one, 3, account="DU2")
    assert broken(one) == []
    one.on_broker(foreign(1, account="DU2"))
    assert broken(one) == ["DU2: the account has 4 open orders, the limit is 3"]
    readings = {one.account: (one.used, one.limit) for one in one.rules.readings(one.view.at(NOW))}
    assert readings == {"DU1": (3, 3), "DU2": (4, 3)}


def test_an_exit_beyond_the_limit_breaks_nothing_and_takes_the_place_of_the_next_order():
    one = counted()
    hold(one, 5)
    working(one, 3)
    one.on_broker(intended(order("exit", "SELL", 5)))
    assert broken(one) == []
    one.on_broker(OrderCancelled(T0, "DU1", "w0{}"))
    assert denial(one, order("a")) != ""
    one.on_broker(intended(order("w9", quantity=1)))
    hold(one, 0)
    assert broken(one) == ["DU1: the account has 4 open orders, the limit is 3"]


def test_after_a_restart_the_orders_of_the_journals_count():
    one = counted()
    working(one, 4)
    assert broken(one) == ["DU1: the account has 4 open orders, the limit is 3"]


# ---- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MaxOrderSize", "MaxOpenOrders"])
@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_none_is_refused(name: str, limit: int):
    with pytest.raises(ConfigError, match=f"{name} limit is {limit}; it must be"):
        book(entry(name, limit=Decimal(limit) if name == "MaxOrderSize" else limit))
