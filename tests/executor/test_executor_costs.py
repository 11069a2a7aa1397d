"""What a turn of the executor costs, in counted steps."""

from functools import partial

from tapewire.executor.executor import Executor
from tests import counted
from tests.executor.orders import MS, NOW, SECOND, accepted, executor, intended, signal


def test_a_turn_costs_the_same_however_many_orders_work():
    few, many = (working(count) for count in (1, 100))
    assert counted.steps(lambda: few.tick(NOW)) == counted.steps(lambda: many.tick(NOW))


def working(count: int) -> Executor:
    one = executor()
    for number in range(count):
        _, (order,) = one.on_signal(signal(number, quantity=1), NOW)
        one.on_broker(intended(order), NOW)
        one.on_broker(accepted(order), NOW)
    one.caught_up(NOW)
    one.tick(NOW + SECOND)
    return one


def test_ten_times_the_orders_without_an_answer_cost_ten_times_as_much():
    few, many = (counted.steps(partial(unanswered, count)) for count in (10, 100))
    assert many < 12 * few


def unanswered(count: int) -> None:
    """An order in each turn, and no answer to any."""
    one = executor()
    for number in range(count):
        one.on_signal(signal(number, quantity=1), NOW + number * MS)
        one.tick(NOW + number * MS)
    assert len(one.tick(NOW + 10 * SECOND)) == count
