"""The judge of the simulation: what breaks a limit, and what nobody of the group could prevent."""

from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from msgspec.structs import replace

from tapewire.common.bus.wire import DeadLetter
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import Config
from tapewire.common.events import Event, ForeignOrderReported, OrderCancelled, OrderIntended, Side
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.virtual.world import SECOND_NS
from tests.gateway.tws_bench import fill_of, submit
from tests.gateway.tws_messages import AAPL, ACCOUNT
from tests.simulation import invariants, modifies
from tests.simulation.broker_side import BrokerSide, Executed
from tests.simulation.run import CALM_NS, flatten
from tests.simulation.watch import MISLEADS_NS, Watch

LIMIT = Decimal(60)
GATEWAYS = ("gateway", "liquidation")


def intended(intent_id: str, side: Side, quantity: int) -> OrderIntended:
    return OrderIntended(0, intent_id, submit(intent_id, side, quantity))


def by_hand(side: Side, quantity: int) -> ForeignOrderReported:
    size = Decimal(quantity)
    return ForeignOrderReported(0, ACCOUNT, "AAPL", side, size, size, "0", "", "9001", "")


def beyond(events: Sequence[Event]) -> list[str]:
    watch: Any = SimpleNamespace(merged=lambda journals: journals["gateway"])
    world: Any = SimpleNamespace(
        instruments=(AAPL,),
        gateways=GATEWAYS,
        events=lambda role: events if role == "gateway" else (),
    )
    return list(invariants.exposure_within(world, watch, LIMIT))


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_an_order_that_could_bring_the_position_beyond_the_limit_breaks_g7(side: Side):
    events = [intended("s-1/1", side, 40), intended("s-2/1", side, 21)]
    (fault,) = beyond(events)
    assert fault.startswith("G7")
    assert fault.endswith("AAPL could get 61")


def test_what_is_held_and_what_was_entered_by_hand_counts_on_its_side():
    held = fill_of("s-0/1", 30)
    assert beyond([held, by_hand("BUY", 20), intended("s-1/1", "BUY", 10)]) == []
    assert beyond([held, by_hand("BUY", 20), intended("s-1/1", "BUY", 11)]) != []


def test_an_order_is_not_blamed_for_what_was_entered_by_hand_on_the_other_side():
    events = [intended("s-1/1", "SELL", 58), by_hand("SELL", 5), intended("s-2/1", "BUY", 8)]
    assert beyond(events) == []
    assert beyond([*events, intended("s-3/1", "SELL", 1)]) != []


def test_an_execution_that_the_other_gateway_reports_first_counts_in_place_of_its_order():
    sold, named = intended("s-1/1", "SELL", 60), fill_of("s-1/1", 60, side="SELL")
    unnamed = replace(named, intent_id=None)
    assert beyond([sold, unnamed, intended("s-2/1", "SELL", 1), named]) != []
    assert beyond([sold, unnamed, intended("s-2/1", "BUY", 8), named]) == []
    bought = [intended("s-3/1", "BUY", 50), replace(fill_of("s-3/1", 50), intent_id=None)]
    assert beyond([*bought, intended("s-4/1", "BUY", 8), fill_of("s-3/1", 50)]) == []


def test_an_alarm_about_a_position_holds_where_the_gateway_never_had_an_execution():
    alarm = (ACCOUNT, "AAPL", "reconciliation: position DU1 AAPL: we have 9, the broker has 0")
    executed = Executed(ACCOUNT, "AAPL", "SELL", Decimal(9), Decimal(150), Decimal(1))
    watch: Any = SimpleNamespace(
        reconciled=[alarm], misled=set(), broker=SimpleNamespace(executions={"0001.01": executed})
    )
    world: Any = SimpleNamespace(gateways=GATEWAYS, events=lambda _role: [])
    assert list(invariants.alarms_hold(world, watch)) == []
    world.events = lambda _role: [fill_of("s-1/1", 9, exec_id="0001.01", side="SELL")]
    (fault,) = invariants.alarms_hold(world, watch)
    assert "false alarm" in fault
    watch.misled.add(alarm)
    assert list(invariants.alarms_hold(world, watch)) == []


def test_an_order_that_the_other_gateway_lists_first_counts_with_its_oca_set_and_not_beside_it():
    """Its own gateway has written it down by then, and the list has no OCA groups."""
    pair = [intended("s-2/1", "SELL", 2), intended("s-2/2", "SELL", 2)]
    group = {"group_id": "s-2", "role": "order"}
    for number, one in enumerate(pair):
        terms = replace(one.order.terms, group="s-2/0", oca="cancel")
        order = replace(one.order, terms=terms, **group)
        pair[number] = replace(one, order=order, order_id=str(number), client_id="1")
    listed = [
        replace(
            by_hand("SELL", 2), client_id="1", order_id=one.order_id, reference=one.order.intent_id
        )
        for one in pair
    ]
    held = fill_of("s-1/1", 57, side="SELL")
    assert beyond([held, *listed, *pair]) == []
    somebodys = [replace(one, client_id="7") for one in listed]
    assert beyond([held, *somebodys, *pair]) != [], "another program has put our tags on its orders"


def world_of(events: Sequence[Event]) -> Any:
    """A world in which the gateway has written these events, and no order is live."""
    orders = SimpleNamespace(live=list)
    gateway = MagicMock(spec=GatewayService, gateway=SimpleNamespace(orders=orders))
    return SimpleNamespace(
        gateways=GATEWAYS,
        events=lambda role: events if role == "gateway" else (),
        service=lambda _role: gateway,
    )


@pytest.mark.parametrize(
    ("reason", "is_excused"),
    [("the broker reports 2 of it as filled and lists no executions of 2", True), ("", False)],
)
def test_an_execution_is_missing_for_a_reason_only_where_the_end_of_its_order_says_so(
    reason: str, is_excused: bool
):
    events = [intended("s-1/1", "BUY", 6), OrderCancelled(0, ACCOUNT, "s-1/1", reason)]
    executed = Executed(ACCOUNT, "AAPL", "BUY", Decimal(2), Decimal(150), Decimal(1))
    watch: Any = SimpleNamespace(
        merged=lambda journals: journals["gateway"],
        reconciled=[],
        broker=SimpleNamespace(executions={"0001.01": executed}, references={"0001.01": "s-1/1"}),
    )
    excused = {"0001.01", f"{ACCOUNT} AAPL"} if is_excused else set()
    assert invariants.unreported(world_of(events), watch) == excused


DAY_NS = 86_400_000_000_000
GATEWAYS_OWN, ANOTHERS = 1, 99


@pytest.mark.parametrize(
    ("client_id", "alarmed", "asked_ns", "is_excused"),
    [
        (ANOTHERS, "AAPL", DAY_NS, True),
        (ANOTHERS, "AAPL", DAY_NS - 1, False),  # TWS still lists it
        (ANOTHERS, "MSFT", DAY_NS, False),  # nobody was told
        (GATEWAYS_OWN, "AAPL", DAY_NS, False),  # the end of its order has to say so
    ],
)
def test_what_another_client_executed_yesterday_is_missing_where_a_person_was_told(
    client_id: int, alarmed: str, asked_ns: int, is_excused: bool
):
    """The gateway was away from then until after midnight, and TWS lists the executions of a day.
    No order of ours has an end that could say so; the position is the broker's."""
    watch, clock = Watch(Config()), VirtualClock(asked_ns)
    watch.follow(clock, MemoryJournal())
    executed = {
        "kind": "execution", "of_combo": False, "exec_id": "0001.01", "client_id": client_id,
        "order_id": 3, "perm_id": 9, "order_ref": "s-1/1", "account": ACCOUNT, "symbol": "AAPL",
        "side": "SELL", "shares": "7", "price": "311", "commission": "1", "ts_ns": DAY_NS - 4,
    }  # fmt: skip
    watch.broker.apply(executed)
    watch.reconciled.append((ACCOUNT, alarmed, "reconciliation: position ..."))
    excused = {"0001.01", f"{ACCOUNT} AAPL"} if is_excused else set()
    assert invariants.unreported(world_of([]), watch) == excused


@pytest.mark.parametrize(
    ("what", "message", "after_ns", "is_excused"),
    [
        ("late", "position", 0, True),
        ("late", "position", MISLEADS_NS - 1, True),
        ("late", "position", MISLEADS_NS, False),
        ("late", "openOrder", 0, False),
        ("duplicate", "position", 0, False),  # the list has it nevertheless
    ],
)
def test_an_alarm_is_excused_for_a_while_after_tws_held_back_a_position_of_its_list(
    what: str, message: str, after_ns: int, is_excused: bool
):
    watch, clock = Watch(Config()), VirtualClock()
    watch.follow(clock, MemoryJournal())
    watch.audited([{"kind": "fault", "what": what, "parameters": {"message": message}}])
    clock.advance_to(clock.mono_ns() + after_ns)
    alarm = f"reconciliation: position {ACCOUNT} AAPL: we have 9, the broker has 0"
    watch.died("gateway", DeadLetter("tws", alarm, b""))
    world: Any = SimpleNamespace(gateways=GATEWAYS, events=lambda _role: [])
    assert len(list(invariants.alarms_hold(world, watch))) == (not is_excused)


@pytest.mark.parametrize(("under_way", "runs"), [((False,), 1), ((True, False), 2)])
def test_a_flatten_that_still_waits_for_a_closing_order_has_as_long_again(
    under_way: tuple[bool, ...], runs: int
):
    """TWS never had that order, and it is called lost just before the first calm is over."""
    risk = MagicMock(spec=RiskService, monitor=MagicMock(), clock=VirtualClock())
    ran = list[int]()
    risk.monitor.control.return_value = None, ()

    def run(ns: int) -> None:
        risk.monitor.flatten = under_way[len(ran)] or None
        ran.append(ns)

    world: Any = SimpleNamespace(run=run, service=lambda _role: risk)
    flatten(world)
    assert ran == [CALM_NS] * runs


def test_a_modify_that_makes_an_order_smaller_adds_no_risk_though_tws_has_made_that_order():
    """A modify that TWS split: under the order's id the other half has its next one."""
    made = {
        "kind": "order", "event": "made", "client_id": 1, "order_id": 62, "perm_id": 66,
        "order_ref": "s-1/1", "account": ACCOUNT, "symbol": "AAPL", "side": "BUY", "legs": [],
        "quantity": "7", "oca_group": "", "oca_type": 0,
    }  # fmt: skip
    broker = BrokerSide()
    broker.apply(made)
    assert not broker.adds_risk({**made, "event": "modified", "quantity": "4"})
    assert broker.adds_risk({**made, "event": "modified", "quantity": "8"})
    assert broker.placed_by_ref.total() == 0


@pytest.mark.parametrize(("works_s", "is_seen"), [(4, False), (9, True)])
def test_what_works_at_the_broker_for_seconds_and_counts_nowhere_breaks_g7(
    monkeypatch: pytest.MonkeyPatch, works_s: int, is_seen: bool
):
    clock, over = VirtualClock(), SimpleNamespace(live=False, intent_id="s-1/1")

    def working(_world: Any, _role: str) -> list[Any]:
        return [(None, over, over)] if clock.mono_ns() < works_s * SECOND_NS else []

    monkeypatch.setattr(modifies, "_working", working)
    monkeypatch.setattr(modifies, "_are_there", lambda *_: True)
    world: Any = SimpleNamespace(
        clock=clock, gateways=GATEWAYS, run=lambda ns: clock.advance_to(clock.mono_ns() + ns)
    )
    found = list(modifies.Uncounted().run(world, CALM_NS))
    assert len(found) == is_seen
    assert all(one.startswith("G7: uncounted") for one in found)
    assert clock.mono_ns() == CALM_NS


@pytest.mark.parametrize(
    ("exit_for", "entered", "asked", "adds"),
    [(5, 0, 5, False), (5, 0, 6, True), (7, 0, 4, True), (5, 2, 2, False), (5, 2, 3, True)],
)
def test_exits_that_wait_for_their_entry_close_nothing_of_what_is_held(
    exit_for: int, entered: int, asked: int, adds: bool
):
    """Five are held beside a bracket for five that rests. Once its entry has filled in part, all of
    its exit counts."""
    line = {
        "kind": "order", "event": "placed", "client_id": 1, "order_id": 1, "perm_id": 1,
        "order_ref": "s-1/1", "account": ACCOUNT, "symbol": "AAPL", "side": "BUY", "legs": [],
        "quantity": "5", "oca_group": "", "oca_type": 0, "parent_id": 0,
    }  # fmt: skip
    child = {**line, "order_id": 2, "perm_id": 2, "side": "SELL", "quantity": str(exit_for)}
    broker = BrokerSide()
    broker.positions[ACCOUNT, "AAPL"] = 5 + entered
    broker.apply(line)
    broker.apply({**child, "parent_id": 1})
    broker.apply({"kind": "status", "perm_id": 1, "status": "Submitted", "remaining": 5 - entered})
    new = {**line, "order_id": 3, "perm_id": 3, "side": "SELL", "quantity": str(asked)}
    assert broker.adds_risk(new) == adds
