"""A signal's confidence: whether it is traded, and how much of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.events import ConnectionUp, OrderCreated, OrderDenied, OrderStateChanged
from tapewire.common.instruments import Instrument
from tapewire.executor.composition import confidence_of
from tapewire.executor.confidence import Confidence
from tapewire.executor.executor import Executor
from tests.executor.group_desk import group_signal, leg
from tests.executor.orders import AAPL, NOW, intended, rules, signal

EURO = Instrument(symbol="EUR", sec_type="CASH")
COIN = Instrument(symbol="BTC", sec_type="CRYPTO", lot=Decimal("0.001"))
HALF = Confidence(least=0.5)
SCALED = Confidence(scales=True)


def executor(confidence: Confidence) -> Executor:
    one = Executor(rules(1000), [AAPL, COIN, EURO], confidence=lambda _strategy: confidence)
    one.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    one.caught_up(NOW)
    return one


def denial(one: Executor, confidence: float, **more: object) -> str:
    (event,), orders = one.on_signal(signal(confidence=confidence, **more), NOW)
    assert isinstance(event, OrderDenied)
    assert (orders, event.stage, event.signal_id) == ([], "executor", "s-e-1")
    return event.reason


def created(one: Executor, confidence: float, **more: object) -> OrderCreated:
    (event,), (order,) = one.on_signal(signal(confidence=confidence, **more), NOW)
    assert isinstance(event, OrderCreated)
    assert event.order == order
    return event


def test_a_signal_below_the_least_confidence_is_denied_with_both_numbers():
    reason = denial(executor(HALF), 0.25)
    assert reason == "its confidence is 0.25, and strategies.s.confidence_min is 0.5"


def test_a_signal_of_the_least_confidence_is_traded_whole():
    assert created(executor(HALF), 0.5).order.terms.quantity == 10


def test_scaled_the_quantity_is_rounded_down_to_whole_lots():
    assert created(executor(SCALED), 0.79).order.terms.quantity == 7
    coins = created(executor(SCALED), 0.3333, symbol="BTC", quantity="0.01")
    assert coins.order.terms.quantity == Decimal("0.003")


def test_the_entry_of_a_scaled_ladder_is_what_its_parts_come_to():
    wanted = group_signal(
        "ladder", leg("entry", "BUY", 10, limit=150),
        leg("target", "SELL", 5, 0, limit=160), leg("stop", "SELL", 5, 0, stop=140),
        leg("target", "SELL", 5, 1, limit=170), leg("stop", "SELL", 5, 1, stop=140),
        confidence=0.5,
    )  # fmt: skip
    _, (group,) = executor(SCALED).on_signal(wanted, NOW)
    assert [one.terms.quantity for one in group.orders] == [4, 2, 2, 2, 2]


def test_scaled_to_less_than_a_lot_it_is_denied():
    assert denial(executor(SCALED), 0.05) == (
        "its quantity of 10 comes to 0.50 with a confidence of 0.05, less than one lot of 1"
    )
    assert "comes to 0.0" in denial(executor(SCALED), 0.0)


def test_the_journal_has_what_was_asked_and_what_became_of_it():
    event = created(executor(SCALED), 0.5)
    assert (event.signal_quantity, event.confidence) == (10, 0.5)
    assert event.order.terms.quantity == 5


def test_without_a_setting_the_confidence_changes_nothing():
    event = created(executor(Confidence()), 0.1)
    assert (event.order.terms.quantity, event.signal_quantity, event.confidence) == (10, 10, 0.1)


def test_full_confidence_leaves_a_quantity_as_it_is_lots_or_not():
    euros = created(executor(SCALED), 1.0, quantity="0.5", symbol="EUR").order
    assert euros.terms.quantity == Decimal("0.5")


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"symbol": "XYZ"}, "symbol XYZ is not configured"), ({"quantity": -5}, "quantity is -5")],
)
def test_what_cannot_be_traded_in_any_size_is_denied_for_that(more: dict, reason: str):
    assert denial(executor(SCALED), 0.5, **more).startswith(reason)


def test_a_limit_counts_what_is_ordered_not_what_was_asked_for():
    one = Executor(rules(10), [AAPL], confidence=lambda _strategy: SCALED)
    one.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    assert created(one, 0.5, quantity=20).order.terms.quantity == 10


def test_a_signal_that_is_sent_again_after_a_crash_does_not_come_to_another_order():
    first = executor(SCALED)
    event = created(first, 0.5)
    restarted = executor(SCALED)
    taken = restarted.on_broker(intended(event.order), NOW)
    assert [type(e) for e in taken] == [OrderCreated, OrderStateChanged]
    assert restarted.on_signal(signal(confidence=0.5), Now(NOW.wall_ns + 1, NOW.mono_ns)) == (
        [],
        [],
    )


def test_every_instance_of_a_strategy_has_its_settings_and_a_stranger_none():
    entry = {"name": "dip", "strategy": "a:B", "confidence_min": 0.5, "confidence_scales": True}
    of = confidence_of(Config(strategies=[entry]))
    assert of("dip") == of("dip-2") == Confidence(0.5, scales=True)
    assert of("risk") == of("dip-x") == Confidence()


QUANTITIES = some.decimals(min_value="1E-8", max_value="1E12", places=8)
LOTS = some.sampled_from([Decimal(text) for text in ("1E-8", "0.001", "0.5", "1", "100")])


@given(QUANTITIES, some.floats(0, 1), LOTS)
def test_no_confidence_makes_an_order_larger(quantity: Decimal, confidence: float, lot: Decimal):
    wanted = signal(quantity=quantity, confidence=confidence)
    terms, reason = SCALED.sized(wanted, Instrument(symbol="AAPL", lot=lot))
    scaled = quantity * Decimal(repr(confidence))
    if reason:
        assert scaled < lot
    elif confidence < 1:
        assert terms.quantity % lot == 0
        assert scaled - lot < terms.quantity <= scaled
