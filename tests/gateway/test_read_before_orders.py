"""After every connection everything is read, and published where it is news, before orders go."""

from decimal import Decimal

import pytest

from tapewire.common.events import AccountUpdated, ConnectionUp, Event, Fill, PositionReported
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    execution_message,
    execution_of,
    open_order_of,
    position_message,
)

ANSWERS = {
    "positions": messages.position_end(),
    "open orders": messages.open_order_end(),
    "executions": messages.execution_end(1),
    "completed orders": messages.completed_orders_end(),
}


def values_of(bench: Bench, *values: list[str]) -> list[list[str]]:
    """TWS's answer to the question for the values of accounts."""
    asked = [fields for fields in bench.summaries if fields[0] == "62"][-1]
    return [*values, messages.account_summary_end(int(asked[2]))]


def reconnected() -> Bench:
    """A gateway that has connected again, and asked for everything."""
    bench = Bench()
    bench.lose()
    bench.connect()
    bench.flush()
    return bench


def is_ready(bench: Bench) -> bool:
    bench.pass_s(0.01)
    bench.pass_s(0.01)
    state = bench.gateway.readiness()[0]
    taken = bench.submit(submit(f"try/{len(bench.journal)}")).accepted
    assert taken == (state == "READY")
    return taken


@pytest.mark.parametrize("missing", [*ANSWERS, "account values"])
def test_no_order_is_taken_before_each_of_them_was_read(missing: str):
    bench = reconnected()
    last = [ANSWERS[missing]] if missing in ANSWERS else values_of(bench)
    bench.receive(*(answer for name, answer in ANSWERS.items() if name != missing))
    if missing != "account values":
        bench.receive(*values_of(bench))
    assert not is_ready(bench)
    bench.receive(*last)
    assert is_ready(bench)


@pytest.mark.parametrize("missing", [*ANSWERS, "account values"])
def test_what_never_ends_is_not_waited_for_for_ever(missing: str):
    bench = reconnected()
    bench.receive(*(answer for name, answer in ANSWERS.items() if name != missing))
    if missing != "account values":
        bench.receive(*values_of(bench))
    for _ in range(10):
        bench.pass_s(1)
        bench.flush()
        assert bench.gateway.readiness()[0] == "WAITING"
    bench.pass_s(1)
    assert bench.gateway.readiness()[0] == "READY"


def test_what_happened_meanwhile_is_published_before_it_is_ready():
    bench = Bench()
    order = bench.rest()
    bench.lose()
    bench.connect()
    bench.flush()
    equity = messages.account_summary(0, ACCOUNT, ("NetLiquidation", "90.00", "USD"))
    bench.receive(
        position_message(4),
        open_order_of(order),
        execution_message(execution_of(order, 4, "0001.01"), 1),
        *ANSWERS.values(),
        *values_of(bench, equity),
    )
    bench.pass_s(0.01)
    bench.pass_s(0.01)
    kinds: list[type[Event]] = [type(event) for event in bench.journal]
    up = len(kinds) - 1 - kinds[::-1].index(ConnectionUp)
    for kind in (Fill, PositionReported, AccountUpdated):
        assert kind in kinds[:up], kind
    assert bench.gateway.holdings.reported[ACCOUNT, "AAPL"] == 4
    assert bench.gateway.facts.accounts.known[ACCOUNT].equity == Decimal("90.00")


def test_the_liquidation_gateway_waits_for_no_account_values():
    bench = Bench(connect=False, reduce_only=True)
    bench.connect()
    bench.flush()
    assert bench.summaries == []
    bench.receive(*ANSWERS.values())
    bench.pass_s(0.01)
    assert bench.gateway.readiness() == ("READY", "")


def test_subscriptions_are_asked_for_again_behind_the_questions():
    bench = Bench()
    bench.broker.want("AAPL")
    bench.tick()
    bench.flush()
    bench.lose()
    asked = bench.connect()
    bench.tick()
    asked += bench.flush()
    kinds = [fields[0] for fields in asked]
    assert kinds.count("1") == 1
    assert kinds.index("1") > max(kinds.index(kind) for kind in ("61", "16", "7", "99"))
