"""An order id that two orders at TWS have: an error that names it alone ends neither of them."""

from decimal import Decimal

import pytest

from tapewire.common.events import OrderCancelled, OrderRejected, Scope
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.test_identity import replaced
from tests.gateway.tws_bench import EXECUTIONS_ASKED, Bench, kinds, submit
from tests.gateway.tws_messages import ACCOUNT, completed_order_of, open_order_of

ENDS = pytest.mark.parametrize("code", [201, 202])


def split() -> tuple[Bench, Order, Order]:
    """A modify has left two live orders under one order id and tag: ours, to buy 8, and a twin."""
    bench = Bench()
    order = bench.rest(8)
    twin = replaced(order, quantity=Decimal(14))
    bench.opened(twin)
    return bench, order, twin


def end(bench: Bench, order: Order, code: int = 202) -> None:
    """TWS ends one of the two, and says so as it does: once by permanent id, once without."""
    order.status = "Cancelled" if code == 202 else "Inactive"
    bench.receive(messages.order_status(order))
    bench.error(order.order_id, code)


def is_asked(bench: Bench) -> bool:
    """Whether TWS is asked for its orders."""
    bench.tick()
    return EXECUTIONS_ASKED in kinds(bench.flush())


@ENDS
def test_when_the_twin_ends_ours_still_works_and_counts(code: int):
    bench, _order, twin = split()
    end(bench, twin, code)
    assert bench.state() == "ACCEPTED"
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (8, 0)


def test_it_is_so_after_a_restart_too():
    bench, order, twin = split()
    again = Bench(bench.journal, connect=False)
    again.connect()
    again.answer_snapshot(open_order_of(order), open_order_of(twin))
    end(again, twin)
    assert again.state() == "ACCEPTED"


def test_under_a_halt_a_second_order_cannot_close_what_ours_may_close_already():
    bench, _order, twin = split()
    bench.hold(-13)
    bench.halt(Scope(ACCOUNT, symbol="AAPL"))
    end(bench, twin)
    assert "the order would add risk" in bench.submit(submit("s-2/1", quantity=8)).reason
    assert bench.submit(submit("s-3/1", quantity=5)).accepted


@ENDS
def test_the_end_of_ours_is_known_by_its_permanent_id(code: int):
    bench, order, _twin = split()
    end(bench, order, code)
    assert bench.state() == ("CANCELLED" if code == 202 else "REJECTED")
    assert sum(isinstance(e, OrderCancelled | OrderRejected) for e in bench.journal) == 1
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (14, 0), "the twin works on"


def test_where_the_error_comes_alone_tws_is_asked_which_of_them_is_over():
    bench, order, twin = split()
    bench.error(order.order_id, 202)
    assert is_asked(bench)
    order.status = "Cancelled"
    bench.answer_snapshot(open_order_of(twin), completed_order_of(order))
    assert bench.state() == "CANCELLED"


def test_an_order_that_has_its_id_for_itself_ends_at_the_error():
    bench = Bench()
    order = bench.rest()
    bench.error(order.order_id, 202)
    assert bench.state() == "CANCELLED"
    assert not is_asked(bench)


def test_one_that_tws_has_not_named_yet_ends_at_the_error_whoever_else_uses_its_tag():
    bench = Bench()
    order = bench.send(submit())
    bench.fill(replaced(order, client_id=9), 10, "0009.01")
    bench.error(order.order_id, 201)
    assert bench.state() == "REJECTED"
