"""While the broker rejects one order after the other, none that adds risk goes to it."""

from tapewire.common.events import OrderDenied, SubmitOrder
from tapewire.gateway.orders.circuit import BrokerCircuit
from tests.gateway.test_groups import bracket
from tests.gateway.tws_bench import Bench, Order, submit
from tests.gateway.tws_messages import INSTRUMENTS

NO_PERMISSION = "no trading permission"


def bench(rejections_max: int = 3) -> Bench:
    circuit = BrokerCircuit(rejections_max, window_ms=10_000, pause_ms=4_000)
    return Bench(circuit=circuit, instruments=INSTRUMENTS.values())


def reject(one: Bench, *names: str) -> None:
    for name in names:
        rejected(one, one.send(submit(f"{name}/1")))


def rejected(one: Bench, order: Order) -> None:
    one.error(int(order.order_id), 201, NO_PERMISSION)


def changes(one: Bench) -> list[str]:
    return [change.after for change in one.gateway.limits.circuit.take_changes()]


def denial(one: Bench, order: SubmitOrder) -> str:
    answer = one.submit(order)
    return "" if answer.accepted else answer.reason


def test_after_so_many_rejections_orders_that_add_risk_are_denied_with_what_the_broker_said():
    one = bench()
    reject(one, "a", "b")
    reject(one, "c")
    reason = denial(one, submit("d/1"))
    assert reason == (
        "the broker has rejected too many orders (gateway.rejections_max), the last:"
        f" {NO_PERMISSION} (error 201); it is tried again after a pause"
    )
    assert changes(one) == ["OPEN"]


def test_a_bracket_that_is_rejected_counts_once_and_not_for_each_of_its_orders():
    one = bench()
    for name in "ab":
        one.obey(bracket(name))
        one.flush()
        entry, *exits = (int(one.intent(f"{name}/{number}").order_id) for number in (1, 2, 3))
        one.error(entry, 201, NO_PERMISSION)
        for order_id in exits:
            one.error(order_id, 135, f"Can't find order with id = {entry}")
        assert one.state(f"{name}/3") == "REJECTED"
    assert denial(one, submit("c/1")) == ""


def test_what_reduces_a_position_goes_all_the_same():
    one = bench()
    one.hold(100)
    reject(one, "a", "b", "c")
    assert denial(one, submit("d/1", side="SELL", quantity=100)) == ""


def test_an_order_that_waited_for_its_turn_is_denied_before_it_is_written():
    one = bench()
    sent = [one.send(submit(f"{name}/1")) for name in "abc"]
    assert one.submit(submit("waits/1")).accepted
    for order in sent:
        rejected(one, order)
    assert one.flush() == []
    (denied,) = (event for event in one.journal if isinstance(event, OrderDenied))
    assert denied.intent_id == "waits/1"


def test_after_the_pause_an_order_that_is_accepted_ends_it():
    one = bench()
    reject(one, "a", "b", "c")
    one.pass_s(4)
    one.opened(one.send(submit("d/1")))
    assert changes(one) == ["OPEN", "HALF_OPEN", "CLOSED"]
    assert denial(one, submit("e/1")) == ""


def test_after_the_pause_one_that_is_rejected_too_begins_a_longer_one():
    one = bench()
    reject(one, "a", "b", "c")
    one.pass_s(4)
    reject(one, "d")
    assert changes(one) == ["OPEN", "HALF_OPEN", "OPEN"]
    one.pass_s(3.9)
    assert "it is tried again after a pause" in denial(one, submit("e/1"))
    one.pass_s(4.2)
    assert denial(one, submit("f/1")) == ""


def test_rejections_of_an_earlier_run_do_not_count():
    one = bench()
    reject(one, "a", "b", "c")
    again = Bench(
        journal=one.journal, circuit=BrokerCircuit(3, 10_000, 4_000),
        instruments=INSTRUMENTS.values(),
    )  # fmt: skip
    assert denial(again, submit("d/1")) == ""


def test_without_a_limit_there_is_none():
    one = bench(rejections_max=0)
    reject(one, *"abcdefgh")
    assert denial(one, submit("i/1")) == ""
