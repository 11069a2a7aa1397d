"""Foreign orders at the gateway: they count in admission, are followed, and are left alone."""

from decimal import Decimal

import pytest

from tapewire.common.events import Event, ForeignOrderReported, OrderTerms
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, names, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, open_order_of, order_at_tws


@pytest.fixture
def bench() -> Bench:
    return Bench(open_orders_ms=10_000)


def at_tws(side: str = "BUY", quantity: int = 10, reference: str = "", **more: object) -> Order:
    """An order that somebody else placed; entered by hand, it has neither id."""
    given = {"client_id": 0, "perm_id": 9_001, **more}
    order = order_at_tws(
        submit(side=side, quantity=quantity, limit=150), given.pop("order_id", 0), **given
    )
    order.order_ref = reference
    return order


def listed(bench: Bench, *orders: Order) -> list[Event]:
    """TWS answers the question for all open orders with these."""
    told = [m for one in orders for m in (open_order_of(one), messages.order_status(one))]
    return bench.receive(*told, messages.open_order_end())


def polled(bench: Bench, *orders: Order) -> list[Event]:
    """Ten seconds later the gateway asks, and TWS answers."""
    bench.pass_s(10)
    assert "16" in kinds(bench.flush())
    return listed(bench, *orders)


@pytest.mark.parametrize(
    "names_there",
    [
        {},
        {"client_id": 9, "order_id": 5, "reference": "theirs"},
        {"client_id": 1, "order_id": 77, "reference": "of-an-earlier-run/1"},
    ],
    ids=["by hand", "another client", "our client id with an unknown tag"],
)
def test_an_order_that_is_none_of_our_intents_is_journaled_and_counts(
    bench: Bench, names_there: dict[str, object]
):
    (found,) = polled(bench, at_tws(**names_there))
    assert isinstance(found, ForeignOrderReported)
    assert (found.account, found.symbol, found.side) == (ACCOUNT, "AAPL", "BUY")
    assert (found.remaining, found.permanent_id) == (10, "9001")
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0)
    assert polled(bench, at_tws(**names_there)) == []


def test_its_terms_are_journaled_and_its_new_price_is_news(bench: Bench):
    order = at_tws(side="SELL")
    (found,) = polled(bench, order)
    assert found.terms == OrderTerms("SELL", Decimal(10), "LMT", Decimal(150))
    order.limit = Decimal(151)
    (found,) = polled(bench, order)
    assert found.terms.limit == 151


def test_a_type_that_nobody_here_knows_has_no_terms(bench: Bench):
    order = at_tws()
    order.order_type = "BOX TOP"
    (found,) = polled(bench, order)
    assert (found.terms, found.remaining) == (None, 10)


def test_it_is_listed_at_a_synchronisation_too():
    bench = Bench(connect=False)
    bench.connect()
    news = bench.answer_snapshot(open_order_of(at_tws()))
    assert names(news) == ["ForeignOrderReported", "ConnectionUp"]


def test_the_list_is_asked_for_every_ten_seconds_and_not_more_often(bench: Bench):
    polled(bench)
    bench.pass_s(9.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["16"]
    bench.pass_s(1)
    assert bench.flush() == []


def test_what_has_filled_of_it_does_not_count_and_its_end_is_noticed(bench: Bench):
    polled(bench, at_tws())
    (changed,) = polled(bench, at_tws(filled=Decimal(4)))
    assert changed.remaining == 6
    assert polled(bench, at_tws(filled=Decimal(4))) == []
    (gone,) = polled(bench)
    assert gone.remaining == 0
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (0, 0)


def test_a_list_that_could_not_be_read_in_full_ends_nothing(bench: Bench):
    polled(bench, at_tws())
    bench.pass_s(10)
    bench.receive(["5", "no", "order"])
    assert listed(bench) == []
    assert names(polled(bench)) == ["ForeignOrderReported"]


def test_the_rest_of_a_list_is_lost_with_its_connection(bench: Bench):
    polled(bench, at_tws())
    bench.lose()
    bench.connect()
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0)
    assert names(bench.answer_snapshot()) == ["ForeignOrderReported", "ConnectionUp"]


def test_admission_counts_it_so_nothing_turns_a_position_round_beside_it(bench: Bench):
    bench.hold(10)
    bench.halt()
    bench.pass_s(1)
    bench.flush()
    bench.receive(messages.position_end())
    polled(bench, at_tws("SELL", 6))
    assert not bench.submit(submit("s-2/1", "SELL", 5)).accepted
    assert bench.submit(submit("s-3/1", "SELL", 4)).accepted


def test_it_survives_a_restart_and_the_next_list_corrects_it(bench: Bench):
    polled(bench, at_tws())
    again = Bench(bench.journal, connect=False)
    assert again.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0)
    again.connect()
    again.answer_snapshot()
    assert again.gateway.orders.working(ACCOUNT, "AAPL") == (0, 0)


def test_our_own_orders_are_not_foreign_and_foreign_ones_are_not_touched(bench: Bench):
    order = bench.rest()
    polled(bench, order, at_tws())
    bench.flush()
    bench.pass_s(60)
    bench.flush()
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (20, 0)
    assert "4" not in kinds(bench.written)
    assert bench.placed() == ["1"]


def test_an_order_without_a_size_is_told_to_a_person_once(bench: Bench):
    for _ in range(2):
        assert polled(bench, at_tws(quantity=0)) == []
    ((told, _payload),) = bench.gateway.complaints
    assert "has no quantity, so no limit counts it" in told


def test_what_tws_lists_while_it_has_lost_its_server_is_not_believed(bench: Bench):
    polled(bench, at_tws())
    bench.error(-1, 1100)
    listed(bench)
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0)


def test_it_is_asked_for_at_a_synchronisation_only_where_the_interval_is_0():
    bench = Bench(open_orders_ms=0)
    bench.now += 3600 * SECOND
    bench.beat()
    bench.tick()
    assert "16" not in kinds(bench.flush())
