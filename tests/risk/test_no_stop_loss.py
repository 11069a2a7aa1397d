"""NoStopLossGrace: what protects a position, and how long it may be without."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ORDER_TYPES,
    ComboLeg,
    Event,
    FlattenStarted,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderModifyIntended,
    OrderTerms,
    OrderUnknown,
    Scope,
    Side,
)
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    broken,
    entry,
    fill,
    foreign,
    held,
    intended,
    kept,
    monitor,
    order,
)

MS = 1_000_000
BARE = "10 AAPL are held, and a stop covers 0 of it; that has lasted for more than 30000 ms"


def guarded(
    journal: list[Event] | None = None, scope: Scope = EVERYTHING, enforcement: str = "alert"
) -> RiskMonitor:
    rule = entry("NoStopLossGrace", enforcement, scope, grace_ms=30_000)
    return monitor(rules=book(rule), journal=journal or [])


def after(one: RiskMonitor, seconds: float) -> list[str]:
    return broken(one, NOW + int(seconds * SECOND))


def bare(**more: object) -> RiskMonitor:
    """An account holds 10 AAPL, and risk has seen it."""
    one = guarded(**more)
    one.on_broker(held(10))
    assert broken(one) == []
    return one


def stop(
    quantity: int = 10, side: Side = "SELL", kind: str = "STP", name: str = "stop", **more: object
) -> list[Event]:
    """A protective stop that the broker has."""
    terms = OrderTerms(side, Decimal(quantity), kind, **PRICES.get(kind, {}))
    if "oca" in more:
        terms = replace(terms, oca=more.pop("oca"), group="g")
    one = replace(order(name, **more), terms=terms)
    return [intended(one), OrderAccepted(T0, one.account, name, "5", name)]


PRICES = {
    "STP": {"stop": Decimal(90)},
    "STP LMT": {"stop": Decimal(90), "limit": Decimal(89)},
    "TRAIL": {"trail": Decimal(5)},
    "TRAIL LIMIT": {"trail": Decimal(5), "stop": Decimal(90), "limit_offset": Decimal(1)},
    "LMT": {"limit": Decimal(110)},
    "MIT": {"stop": Decimal(110)},
    "LIT": {"stop": Decimal(110), "limit": Decimal(109)},
}


def protected(one: RiskMonitor, *events: list[Event]) -> bool:
    for event in (event for some in events for event in some):
        one.on_broker(event)
    return after(one, 31) == []


# ---- the time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ms", "is_broken"), [(29_999, False), (30_000, False), (30_001, True)])
def test_a_position_may_be_without_a_stop_for_the_time_of_grace(ms: int, is_broken: bool):
    assert after(bare(), ms / 1000) == ([f"DU1: {BARE}"] if is_broken else [])


def test_it_is_reported_once_and_its_time_is_read():
    one = bare()
    assert len(after(one, 31)) == 1
    assert after(one, 40) == []
    (reading,) = one.rules.readings(one.view.at(NOW + 40 * SECOND))
    assert (reading.used, reading.limit, reading.unit) == (40_000, 30_000, "ms")


def test_a_stop_in_time_ends_it_and_its_cancel_begins_a_new_time():
    one = bare()
    for event in stop():
        one.on_broker(event)
    assert after(one, 29) == []
    one.on_broker(OrderCancelled(T0, "DU1", "stop"))
    assert after(one, 40) == []
    assert after(one, 70) == []
    assert after(one, 71) == [f"DU1: {BARE}"]


def test_each_account_and_symbol_has_its_own_time():
    one = bare()
    one.on_broker(held(-10, account="DU2"))
    one.on_broker(held(5, "MSFT"))
    assert after(one, 20) == []
    assert [said[:12] for said in after(one, 31)] == ["DU1: 10 AAPL"]
    assert [said[:12] for said in after(one, 51)] == ["DU1: 5 MSFT ", "DU2: -10 AAP"]


def test_a_restart_gives_no_second_grace():
    again = guarded(journal_of_bare())
    again.on_broker(held(10))
    assert after(again, 29) == []
    assert after(again, 31) == [f"DU1: {BARE}"]


def journal_of_bare() -> list[Event]:
    """What risk writes down when it has seen such a position."""
    one = guarded()
    one.on_broker(held(10))
    return kept(one.check(NOW, timer=True))


def test_a_restart_of_the_machine_gives_none_either():
    again = guarded(journal_of_bare())
    again.on_broker(held(10))
    booted = Now(T0 + 25 * SECOND, SECOND)
    assert broken(again, booted) == []
    assert broken(again, booted + 5 * SECOND) == []
    assert broken(again, booted + 6 * SECOND) == [f"DU1: {BARE}"]


@pytest.mark.parametrize("jump_s", [-3600, 3600])
@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_is_set_neither_shortens_nor_lengthens_it(jump_s: int, restart: bool):
    one = bare()
    if restart:
        one = guarded(journal_of_bare())
        one.on_broker(held(10))
    jumped = Now(T0 + jump_s * SECOND, NOW.mono_ns)
    assert broken(one, jumped + 30 * SECOND) == []
    assert broken(one, jumped + 31 * SECOND) == [f"DU1: {BARE}"]


# ---- what protects -------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "is_enough"), [(9, False), (10, True), (11, True)])
def test_the_whole_position_must_be_covered(quantity: int, is_enough: bool):
    assert protected(bare(), stop(quantity)) == is_enough


def test_several_stops_add_up_and_those_of_one_set_do_not():
    assert protected(bare(), stop(6), stop(4, name="two"))
    assert not protected(bare(), stop(6, oca="reduce"), stop(4, name="two", oca="reduce"))


@pytest.mark.parametrize("kind", PRICES)
def test_which_types_protect(kind: str):
    assert protected(bare(), stop(kind=kind)) == (kind not in ("LMT", "MIT", "LIT"))
    assert ORDER_TYPES[kind].protects == (kind not in ("LMT", "MIT", "LIT"))


def test_a_stop_on_the_other_side_or_elsewhere_protects_nothing():
    for other in ({"side": "BUY"}, {"symbol": "MSFT"}, {"account": "DU2"}):
        assert not protected(bare(), stop(**other))


def test_a_short_position_is_protected_by_a_purchase():
    one = guarded()
    one.on_broker(held(-10))
    assert broken(one) == []
    assert protected(one, stop(side="BUY"))


def test_what_the_broker_has_not_confirmed_protects_nothing():
    sent, _ = stop()
    assert not protected(bare(), [sent])
    assert not protected(bare(), [sent, OrderUnknown(T0, "DU1", "stop", "silence")])


def test_a_stop_that_has_filled_in_part_covers_the_rest():
    one, placed = bare(), stop()
    filled = fill(placed[0].order, 4, "e1")
    assert protected(one, placed, [filled, held(6)])
    one, placed = bare(), stop()
    assert not protected(one, placed, [filled, held(7)])


def test_while_a_stop_is_modified_the_smaller_quantity_covers():
    one, placed = bare(), stop()
    smaller = ModifyOrder(
        "m", T0, "stop", replace(placed[0].order.terms, quantity=Decimal(9)), T0 + SECOND
    )
    assert not protected(one, placed, [OrderModifyIntended(T0, "DU1", smaller)])


def test_somebody_else_s_stop_protects_if_its_type_is_known():
    terms = OrderTerms("SELL", Decimal(10), "STP", stop=Decimal(90))
    assert protected(bare(), [foreign(1, side="SELL", terms=terms)])
    assert not protected(bare(), [foreign(1, side="SELL", remaining=9, terms=terms)])
    assert not protected(bare(), [foreign(1, side="SELL")])


def test_a_combo_protects_none_of_its_legs():
    legs = (ComboLeg("AAPL", 1, "SELL"), ComboLeg("MSFT", 1, "BUY"))
    assert not protected(bare(), stop(symbol="AAPL", legs=legs))


# ---- what follows --------------------------------------------------------------------------------


def test_the_position_without_a_stop_is_closed_where_that_is_configured():
    one = bare(enforcement="close")
    one.on_broker(held(5, "MSFT"))
    for event in stop(5, symbol="MSFT"):
        one.on_broker(event)
    events = one.check(NOW + 31 * SECOND, timer=True)
    flattens = [event.scope for event in events if isinstance(event, FlattenStarted)]
    assert flattens == [Scope("DU1", symbol="AAPL")]


@pytest.mark.parametrize("scope", [Scope("DU2"), Scope(symbol="MSFT")])
def test_a_position_outside_its_scope_needs_no_stop(scope: Scope):
    one = guarded(scope=scope)
    one.on_broker(held(10))
    broken(one)
    assert after(one, 31) == []


def test_a_time_below_none_is_refused():
    with pytest.raises(ConfigError, match="NoStopLossGrace grace_ms is -1; it must be 0 or more"):
        book(entry("NoStopLossGrace", grace_ms=-1))
