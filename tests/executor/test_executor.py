"""The executor's core: one intent per signal, whatever is repeated, lost or forgotten."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.bus.wire import decode_event, encode
from tapewire.common.clock import Now
from tapewire.common.events import (
    ConnectionUp,
    Event,
    ModifySignal,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderLost,
    OrderStateChanged,
    OrderUnknown,
    PositionReported,
    TermChanges,
)
from tapewire.common.roles import RISK
from tests.executor.orders import (
    MS,
    NOW,
    SECOND,
    T0,
    accepted,
    executor,
    fill,
    intended,
    rules,
    signal,
    taken,
    terms,
)  # fmt: skip

HOUR = 3_600 * SECOND
ORDER = (T0, "DU1", "s-e-1/1")


def test_a_signal_becomes_one_intent_that_leads_back_to_it():
    asked = signal(cause_id="tick", cause_ns=3, trigger_price=101.5)
    events, (order,) = executor().on_signal(asked, NOW + 1)
    assert events == [OrderCreated(T0 + 1, "s-e-1", order, Decimal(10), trigger_price=101.5)]
    assert (order.intent_id, order.signal_id, order.signal_ns) == ("s-e-1/1", "s-e-1", T0)
    assert (order.cause_id, order.cause_ns, order.expires_ns) == ("tick", 3, T0 + 5 * SECOND)


def test_a_repeated_signal_is_answered_by_nothing():
    one = executor()
    one.on_signal(signal(), NOW)
    assert one.on_signal(signal(), NOW) == ([], [])


def test_an_expired_signal_is_not_traded():
    one = executor()
    late = signal(expires_ns=T0)
    assert one.on_signal(late, NOW + 1) == ([OrderExpired(T0 + 1, "", "s-e-1", "s")], [])
    assert one.on_signal(late, NOW) == ([], [])


@pytest.mark.parametrize("set_by_ns", [-HOUR, HOUR])
def test_a_clock_that_is_set_does_not_keep_a_signal_alive(set_by_ns: int):
    until_ns = NOW.mono_ns + 5 * SECOND
    late = signal(expires_ns=T0 + 2 * HOUR, expires_mono_ns=until_ns)
    set_clock = Now(NOW.wall_ns + set_by_ns, until_ns)
    assert isinstance(executor().on_signal(late, set_clock)[0][0], OrderCreated)
    (expired,), orders = executor().on_signal(late, set_clock + 1)
    assert isinstance(expired, OrderExpired)
    assert orders == []


def test_an_order_and_a_modify_expire_with_their_signals():
    one, ends = executor(), {"expires_ns": T0 + HOUR, "expires_mono_ns": NOW.mono_ns + SECOND}
    _, (order,) = one.on_signal(signal(**ends), NOW)
    assert (order.expires_ns, order.expires_mono_ns) == tuple(ends.values())
    one.on_broker(intended(order), NOW)
    one.on_broker(accepted(order), NOW)
    wanted = ModifySignal("s-e-2", T0, "DU1", "s", "s-e-1", **ends, changes=TermChanges(Decimal(9)))
    (pending,), _ = one.on_signal(wanted, NOW)
    assert (pending.modify.expires_ns, pending.modify.expires_mono_ns) == tuple(ends.values())


def test_a_signal_that_overtakes_the_connection_waits_for_the_account_and_is_not_denied():
    one = executor(accounts=())
    assert one.on_signal(signal(), NOW) == ([], [])
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), NOW)
    _, (order,) = one.on_signal(signal(), NOW)  # its strategy has sent it again
    assert order.account == "DU1"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"symbol": "TSLA"}, "symbol TSLA is not configured"),
        ({"quantity": 0}, "quantity is 0; it must be above 0"),
        ({"quantity": -5}, "quantity is -5; it must be above 0"),
        ({"terms": replace(terms(), type="LMT")}, "a LMT order has no limit price"),
        (
            {"terms": replace(terms(), limit=Decimal(5))},
            "a MKT order has limit price 5; it must have none",
        ),
        ({"quantity": 101}, "MaxContractsPerInstrument: AAPL could get 101 long"),
        ({"side": "SELL", "quantity": 101}, "MaxContractsPerInstrument: AAPL could get 101 short"),
    ],
)
def test_what_cannot_be_traded_is_denied_once_and_says_why(given: dict, says: str):
    one = executor()
    (denied,), orders = one.on_signal(signal(**given), NOW)
    assert isinstance(denied, OrderDenied)
    assert says in denied.reason
    assert orders == []
    assert one.on_signal(signal(**given), NOW) == ([], [])


@pytest.mark.parametrize("after", [None, OrderAccepted(*ORDER, "1", "1"), OrderUnknown(*ORDER, "")])
def test_max_contracts_counts_what_works_and_what_is_unknown(after: Event | None):
    one = executor()
    taken(one, signal(1, quantity=60))
    if after:
        one.on_broker(after, NOW)
    assert one.on_signal(signal(2, quantity=41), NOW)[1] == []
    assert len(one.on_signal(signal(3, quantity=40), NOW)[1]) == 1


def test_max_contracts_counts_two_signals_of_one_turn():
    one = executor()
    one.on_signal(signal(1, quantity=60), NOW)
    assert one.on_signal(signal(2, quantity=60), NOW)[1] == []


def test_max_contracts_counts_what_was_held_before_the_first_fill():
    one = executor()
    one.on_broker(PositionReported(T0, "DU1", "AAPL", Decimal(90), Decimal(1)), NOW)
    assert one.on_signal(signal(1, quantity=11), NOW)[1] == []
    assert len(one.on_signal(signal(2, quantity=10), NOW)[1]) == 1
    assert len(one.on_signal(signal(3, "SELL", quantity=90), NOW)[1]) == 1


@pytest.mark.parametrize("end", [OrderCancelled(*ORDER), OrderLost(*ORDER, "")])
def test_what_came_to_nothing_makes_room(end: Event):
    one = executor()
    taken(one, signal(1, quantity=100))
    one.on_broker(end, NOW)
    assert len(one.on_signal(signal(2, quantity=100), NOW)[1]) == 1


def test_an_order_is_followed_to_its_end():
    one = executor()
    _, (order,) = one.on_signal(signal(), NOW)
    seen = []
    for event in (
        intended(order),
        accepted(order),
        fill(order, 4, "e1.01"),
        fill(order, 6, "e2.01"),
        OrderFilled(T0, "DU1", order.intent_id),
    ):
        seen += [(e.state, e.filled) for e in one.on_broker(event, NOW)]
    states = ["INTENDED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "FILLED"]
    assert seen == list(zip(states, [0, 0, 4, 10, 10], strict=True))


def test_news_of_an_order_says_what_it_was_filled_at():
    one = executor()
    order = taken(one, signal())
    prices = []
    for event in (
        accepted(order),
        fill(order, 4, "e1.01", price=Decimal("150")),
        fill(order, 6, "e2.01", price=Decimal("150.5")),
        fill(order, 6, "e2.02", price=Decimal("151")),
        OrderFilled(T0, "DU1", order.intent_id),
    ):
        prices += [e.average_price for e in one.on_broker(event, NOW)]
    assert prices == [None, Decimal(150), Decimal("150.3"), Decimal("150.6")]


def test_a_late_fill_after_a_cancel_is_counted():
    one = executor()
    order = taken(one, signal())
    one.on_broker(OrderCancelled(T0, "DU1", order.intent_id), NOW)
    assert one.on_broker(fill(order, 4, "e1.01"), NOW) == [
        OrderStateChanged(
            T0, "DU1", order.intent_id, "s", "CANCELLED", Decimal(4), "", Decimal(100)
        )
    ]
    assert one.ledger.exposure("DU1", "AAPL").position == 4


def test_a_correction_downwards_is_announced():
    one = executor()
    order = taken(one, signal())
    one.on_broker(fill(order, 4, "e1.01"), NOW)
    (changed,) = one.on_broker(fill(order, 3, "e1.02"), NOW)
    assert changed.filled == 3


# ---- asking again -------------------------------------------------------------------------------


def test_an_intent_whose_answer_is_late_is_asked_for_again_with_the_same_id():
    one = executor()
    _, (order,) = one.on_signal(signal(), NOW)
    assert one.tick(NOW + 499 * MS) == []
    assert one.tick(NOW + 500 * MS) == [order]
    assert one.tick(NOW + 501 * MS) == []


def test_an_answered_or_known_intent_is_not_asked_for_again():
    one = executor()
    _, (order,) = one.on_signal(signal(), NOW)
    one.on_answer(OrderAnswer(order.intent_id, accepted=True), NOW)
    taken(one, signal(2))
    assert one.tick(NOW + SECOND) == []


def test_an_intent_that_the_gateway_denied_before_this_start_does_not_stay_created():
    # An earlier executor asked and died before it wrote the intent down.
    one = executor(live=False)
    one.on_broker(OrderDenied(T0, "DU1", "s", "gateway", "halted", "s-e-1/1"), NOW)
    one.caught_up(NOW)
    _, (order,) = one.on_signal(signal(quantity=100), NOW)
    assert one.on_answer(OrderAnswer(order.intent_id, False, "halted"), NOW) == [
        OrderStateChanged(T0, "DU1", order.intent_id, "s", "DENIED", Decimal(0), "halted")
    ]
    assert one.tick(NOW + SECOND) == []
    assert len(one.on_signal(signal(2, quantity=100), NOW)[1]) == 1


# ---- crashes ------------------------------------------------------------------------------------


def life(*, lost: bool = False) -> tuple[list[Event], list[Event]]:
    """The executor's journal and the gateway's, of one order's whole life."""
    one, own, gateways = executor(), [], []
    events, (order,) = one.on_signal(signal(), NOW)
    own += events
    about = (T0, order.account, order.intent_id)
    end = OrderLost(*about, "") if lost else OrderFilled(*about)
    for event in (
        intended(order),
        OrderUnknown(T0, "DU1", order.intent_id, "x"),
        accepted(order),
        fill(order, 4, "e1.01"),
        fill(order, 5, "e1.02"),
        end,
    ):
        gateways.append(event)
        own += one.on_broker(event, NOW)
    return own, gateways


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("kept", range(8))
def test_reading_the_gateways_journal_again_emits_only_what_is_new(kept: int, lost: bool):
    own, gateways = life(lost=lost)
    one = executor(journal=own[:kept], live=False)
    news = [e for event in gateways for e in one.on_broker(event, NOW)]
    news += one.caught_up(NOW)
    again = executor(journal=[*own[:kept], *news], live=False)
    assert [e for event in gateways for e in again.on_broker(event, NOW)] == []
    assert again.caught_up(NOW) == []
    assert [e for event in gateways[:-1] for e in executor().on_broker(event, NOW)] != []
    entry = one.ledger.orders["s-e-1/1"]
    assert (entry.state, entry.filled) == ("LOST" if lost else "FILLED", 5)
    assert len([e for e in [*own[:kept], *news] if isinstance(e, OrderCreated)]) == 1
    assert one.on_signal(signal(), NOW) == ([], [])


def test_an_intent_forgotten_in_a_crash_is_adopted_and_its_signal_not_traded_again():
    _, (order,) = executor().on_signal(signal(), NOW)
    one = executor()
    assert one.on_broker(intended(order), NOW + 9) == [
        OrderCreated(T0 + 9, "s-e-1", order),
        OrderStateChanged(T0 + 9, "DU1", "s-e-1/1", "s", "INTENDED", Decimal(0)),
    ]
    assert one.on_signal(signal(), NOW) == ([], [])
    assert one.ledger.exposure("DU1", "AAPL").buying == 10


def test_an_adopted_order_without_a_signal_can_be_read_from_the_journal_again():
    _, (order,) = executor().on_signal(signal(), NOW)
    (created, _) = executor().on_broker(intended(replace(order, signal_id="")), NOW)
    assert decode_event(encode(created)) == created


def test_risks_own_orders_are_not_adopted_but_their_fills_count():
    _, (order,) = executor().on_signal(signal(), NOW)
    closing = replace(order, strategy=RISK, signal_id="")
    one = executor()
    assert one.on_broker(intended(closing), NOW) == []
    assert one.on_broker(fill(closing, 10, "e1.01"), NOW) == []
    assert one.ledger.exposure("DU1", "AAPL").position == 10


def test_a_created_order_that_never_left_is_sent_after_the_restart():
    events, (order,) = executor().on_signal(signal(), NOW)
    one = executor(journal=events)
    assert one.tick(NOW) == [order]


def test_an_order_that_was_announced_accepted_is_not_sent_again_though_the_gateway_forgot_it():
    own, _ = life()
    accepted = next(n for n, e in enumerate(own) if getattr(e, "state", "") == "ACCEPTED")
    one = executor(journal=own[: accepted + 1])
    assert one.tick(NOW + SECOND) == []
    assert one.ledger.exposure("DU1", "AAPL").buying == 10


# ---- accounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("named", "trades_in"), [("", "DU1"), ("DU1", "DU1")])
def test_a_signal_trades_in_the_account_it_names_or_in_the_only_one(named: str, trades_in: str):
    events, (order,) = executor().on_signal(signal(account=named), NOW)
    assert (order.account, events[0].account) == (trades_in, trades_in)


@pytest.mark.parametrize(
    ("accounts", "named", "says"),
    [
        (("DU1", "DU2"), "", "the login has 2 accounts and strategy s names none; set account in"),
        (("DU1", "DU2"), "DU3", "s's account is not one of this login's"),
    ],
)
def test_a_signal_without_an_account_to_trade_in_is_denied(
    accounts: tuple[str, ...], named: str, says: str
):
    one = executor(accounts=accounts)
    (denied,), orders = one.on_signal(signal(account=named), NOW)
    assert (denied.account, denied.stage, orders) == (named, "executor", [])
    assert denied.reason.startswith(says)
    assert one.signals_denied == 1


def test_a_signal_that_overtakes_the_first_connection_is_answered_when_it_comes_again():
    one = executor(accounts=())
    assert one.on_signal(signal(), NOW) == ([], [])
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), NOW)
    assert len(one.on_signal(signal(), NOW)[1]) == 1
    never = executor(accounts=())
    (expired,), _ = never.on_signal(signal(expires_ns=T0 - 1), NOW)
    assert isinstance(expired, OrderExpired)


def test_an_account_that_is_named_is_taken_before_the_gateway_has_connected():
    one = executor(accounts=())
    assert len(one.on_signal(signal(account="DU7"), NOW)[1]) == 1


def test_a_connection_that_names_no_accounts_forgets_none():
    one = executor(accounts=("DU1", "DU2"))
    one.on_broker(ConnectionUp(T0, 157, ()), NOW)
    assert one.places.accounts == ("DU1", "DU2")


@pytest.mark.parametrize("rule", ["MaxContracts", "MaxContractsPerInstrument"])
def test_each_account_has_a_limit_of_its_own(rule: str):
    one = executor(accounts=("DU1", "DU2"), book=rules(10, rule))
    assert len(one.on_signal(signal(1, account="DU1", quantity=10), NOW)[1]) == 1
    assert len(one.on_signal(signal(2, account="DU2", quantity=10), NOW)[1]) == 1
    (denied,), _ = one.on_signal(signal(3, account="DU2", quantity=1), NOW)
    assert denied.reason.startswith(f"{rule}: ")


def test_max_contracts_adds_up_the_instruments_of_an_account():
    one = executor(book=rules(10, "MaxContracts"))
    assert len(one.on_signal(signal(1, quantity=6), NOW)[1]) == 1
    assert one.on_signal(signal(2, quantity=5, symbol="MSFT"), NOW)[1] == []
    assert len(one.on_signal(signal(3, quantity=4, symbol="MSFT"), NOW)[1]) == 1


def test_setting_the_wall_clock_back_does_not_keep_an_intent_from_being_asked_again():
    one = executor()
    _, (order,) = one.on_signal(signal(), NOW)
    assert one.tick(Now(T0 - 3600 * SECOND, NOW.mono_ns + 500 * MS)) == [order]
