"""A holding that is not configured: the liquidation gateway closes it by its contract's id."""

from decimal import Decimal

import pytest

from tapewire.common.events import PositionReported
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_messages import ACCOUNT, TSLA


def details(request: list[str]) -> list[str]:
    """TWS's answer to a question for a contract's details."""
    return messages.contract_details(157, int(request[2]), TSLA)


@pytest.fixture
def bench() -> Bench:
    """A liquidation gateway whose account holds 7 TSLA."""
    one = Bench(reduce_only=True, closes_all=True)
    one.hold(7, "TSLA")
    return one


def test_it_asks_what_the_contract_is_by_its_id_and_once(bench: Bench):
    (asked,) = bench.flush()
    assert (asked[0], asked[3]) == ("9", "4242")
    bench.hold(6, "TSLA")
    bench.list_positions()
    assert bench.flush() == []


def test_once_it_knows_the_position_can_be_closed_and_not_exceeded(bench: Bench):
    assert not bench.submit(submit("early/1", "SELL", 7, symbol="TSLA")).accepted
    bench.receive(details(bench.flush()[0]))
    assert not bench.submit(submit("more/1", "SELL", 8, symbol="TSLA")).accepted
    bench.send(submit("close/1", "SELL", 7, symbol="TSLA"))
    placed = bench.written[-1]
    assert (placed[0], placed[2], placed[3]) == ("3", "4242", "TSLA")
    assert "SMART" in placed


def test_a_question_that_the_connection_took_along_is_asked_again(bench: Bench):
    bench.flush()
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    assert "9" in kinds(bench.flush())


def test_the_gateway_itself_still_refuses_it():
    bench = Bench()
    bench.hold(7, "TSLA")
    assert "9" not in kinds(bench.flush())
    answer = bench.submit(submit("s/1", "SELL", 7, symbol="TSLA"))
    assert answer.reason == "symbol TSLA is not configured; it must be one of [[instruments]]"


def test_two_contracts_of_one_name_are_two_positions(bench: Bench):
    option = messages.position(ACCOUNT, _holding(3))
    option[3] = "5555"
    events = bench.receive(option)
    assert [(e.symbol, e.quantity) for e in events if isinstance(e, PositionReported)] == [
        ("TSLA#5555", 3)
    ]
    assert bench.gateway.holdings.reported[ACCOUNT, "TSLA"] == 7


def _holding(quantity: int) -> Holding:
    one = Holding(TSLA)
    one.quantity = one.cost = Decimal(quantity)
    return one
