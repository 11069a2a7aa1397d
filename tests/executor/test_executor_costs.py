"""What a turn of the executor costs, in counted steps."""

from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from tapewire.common.events import PositionReported
from tapewire.executor.executor import Executor
from tests import counted
from tests.executor.group_desk import GROUP, Desk, bracket
from tests.executor.orders import (
    MS,
    NOW,
    SECOND,
    T0,
    accepted,
    executor,
    fill,
    intended,
    signal,
)


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


def test_a_look_at_ten_times_the_groups_of_one_account_costs_ten_times_as_much():
    few, many = (protecting(count) for count in (5, 50))
    assert counted.steps(partial(look, many)) < 12 * counted.steps(partial(look, few))


def protecting(count: int) -> Desk:
    """Brackets that have entered, all in one symbol; and the position has changed."""
    desk = Desk(limit=1000)
    for number in range(count):
        name = f"{GROUP}{number}"
        events, commands = desk.executor.on_signal(replace(bracket(), id=name), desk.now)
        desk.journal += events
        desk._obey(commands)
        for leg in (1, 2, 3):
            desk.report(accepted(desk.executor.ledger.orders[f"{name}/{leg}"].order))
        desk.report(fill(desk.executor.ledger.orders[f"{name}/1"].order, 10, f"{number}.01"))
    desk.pass_s(3)
    desk.report(PositionReported(T0, "DU1", "AAPL", Decimal(10 * count), Decimal(100)))
    return desk


def look(desk: Desk) -> None:
    desk.pass_s(0.1)
