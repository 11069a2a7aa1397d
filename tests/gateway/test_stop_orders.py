"""Stop orders."""

import pytest

from tapewire.common.events import Event, OrderModified
from tests.gateway.tws_bench import Bench, modify_order, names, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, T0, open_order_of, order_at_tws


@pytest.fixture
def bench() -> Bench:
    return Bench()


def stop_at_tws(bench: Bench, stop: str, quantity: int = 10) -> list[Event]:
    """TWS reports the stop order s-1/1 with these terms."""
    order = submit(side="SELL", quantity=quantity, stop=stop)
    return bench.receive(open_order_of(order_at_tws(order, 1)))


def test_a_stop_order_has_its_price_in_the_second_of_both_fields(bench: Bench):
    bench.hold(10)
    assert bench.submit(submit(side="SELL", stop="149.5")).accepted
    (placed,) = bench.flush()
    kind = placed.index("STP")
    assert placed[kind - 2 : kind + 3] == ["SELL", "10", "STP", "", "149.5"]
    assert names(stop_at_tws(bench, "149.5")) == ["OrderAccepted"]


def test_a_stop_price_is_changed_and_read_back(bench: Bench):
    bench.hold(10)
    bench.submit(submit(side="SELL", stop="149.5"))
    bench.flush()
    stop_at_tws(bench, "149.5")
    assert bench.modify(modify_order(terms=terms_of("SELL", 10, stop="149.75"))).accepted
    (placed,) = bench.flush()
    assert placed[placed.index("STP") + 1 :][:2] == ["", "149.75"]
    assert stop_at_tws(bench, "149.5") == []
    new = terms_of("SELL", 10, stop="149.75")
    assert stop_at_tws(bench, "149.75") == [OrderModified(T0, ACCOUNT, "s-1/1", "s-2", new)]
    by_hand = terms_of("SELL", 10, stop="140")
    assert stop_at_tws(bench, "140") == [OrderModified(T0, ACCOUNT, "s-1/1", "", by_hand)]


def test_a_stop_order_needs_its_stop_and_no_limit(bench: Bench):
    bench.hold(10)
    wrong = {"type": "STP", "side": "SELL"}
    assert "has no stop price" in bench.submit(submit("a/1", terms=terms_of(**wrong))).reason
    both = terms_of(limit=1, stop=1, **wrong)
    assert "has limit price 1" in bench.submit(submit("b/1", terms=both)).reason
