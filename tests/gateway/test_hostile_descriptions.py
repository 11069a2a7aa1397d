"""What TWS says of an instrument can be anything: it costs that description, and neither the
process nor its journal."""

from collections.abc import Sequence

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import InstrumentDescribed
from tapewire.gateway.tws.describing import DETAILS_REQUEST_ID
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench
from tests.gateway.tws_messages import AAPL

CURRENCY, STRIKE, MULTIPLIER, SEC_TYPE = "USD", "0", "", "STK"
MIN_TICK = "0.01"


def details(found: str, said: str) -> list[str]:
    """AAPL's description with one field changed, the first that is `found`."""
    fields = messages.contract_details(157, DETAILS_REQUEST_ID, AAPL)
    fields[fields.index(found, 3)] = said
    return fields


def multiplied(said: str) -> list[str]:
    """AAPL's description with another multiplier, which is behind the step and its magnifier."""
    fields = messages.contract_details(157, DETAILS_REQUEST_ID, AAPL)
    fields[fields.index(MIN_TICK) + 2] = said
    return fields


def described(*said: Sequence[str]) -> tuple[list[InstrumentDescribed], list[str]]:
    """The descriptions that a gateway emits when TWS says this, and its complaints."""
    bench = Bench()
    bench.pass_s(0.25)
    bench.pass_s(0.25)
    bench.flush()
    bench.receive(*map(list, said))
    for _ in range(12):
        bench.pass_s(1)
    assert all(wire.decode_event(wire.encode(event)) == event for event in bench.journal)
    found = [one for one in bench.journal if isinstance(one, InstrumentDescribed)]
    return found, [text for text, _ in bench.gateway.complaints]


def test_what_a_journal_can_keep_is_described():
    (event,), complaints = described(multiplied("50"))
    assert (event.multiplier, complaints) == (50, [])


@pytest.mark.parametrize("said", ["nan", "sNaN", "inf", "1e400", "1E+999999"])
def test_a_multiplier_that_is_no_number_costs_the_description_alone(said: str):
    events, complaints = described(multiplied(said))
    assert events == []
    assert "multiplier" in complaints[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [(MIN_TICK, "1e308"), (MIN_TICK, "1e-300"), (CURRENCY, "X" * 17), (SEC_TYPE, "X" * 513)],
)
def test_a_field_that_no_journal_could_keep_costs_the_description_alone(found: str, said: str):
    events, complaints = described(details(found, said))
    assert events == []
    assert "ContractFound" in complaints[0]


@pytest.mark.parametrize("edges", [range(600), (1, 0)])
def test_a_market_rule_that_could_not_be_kept_or_used_is_not_believed(edges: Sequence[int]):
    fields = messages.contract_details(157, DETAILS_REQUEST_ID, AAPL, 26)
    rule = ["93", "26", str(len(edges)), *(x for edge in edges for x in (str(edge), "0.01"))]
    (event,), complaints = described(fields, rule)
    assert event.price_steps == ()
    assert "the lowest prices first" in complaints[0]


def test_a_foreign_orders_tag_and_a_commissions_currency_do_not_fill_the_journal():
    bench = Bench()
    order = bench.rest()
    order.order_ref, order.perm_id, order.client_id = "r" * 100_000, 9_001, 9
    bench.opened(order)
    bench.receive(["59", "1", "0001.01", "1", "X" * 10_000, "0", "", "0"])
    assert max(len(wire.encode(event)) for event in bench.journal) < 2_000
