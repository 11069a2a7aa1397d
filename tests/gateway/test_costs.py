"""Commissions at the gateway: each execution's once, and none without an execution."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.carried import execution_entry
from tapewire.common.events import Commission, ExecutionsCarried
from tapewire.gateway.orders.costs import WAITING_MAX
from tests.gateway.tws_bench import Bench, names
from tests.gateway.tws_messages import ACCOUNT, T0


@pytest.fixture
def bench() -> Bench:
    return Bench()


def cost(exec_id: str, amount: str = "1.5") -> list[str]:
    return ["59", "1", exec_id, amount, "USD", "0", "", "0"]


def test_one_of_an_execution_that_is_not_known_is_not_journaled(bench: Bench):
    before = len(bench.journal)
    for number in range(WAITING_MAX * 3):
        assert bench.receive(cost(f"never-{number}.01")) == []
    assert len(bench.journal) == before
    (complaint,) = [text for text, _ in bench.gateway.complaints]
    assert "what executions cost that it has not reported" in complaint
    assert f"{WAITING_MAX} waiting" in repr(bench.gateway.registry.costs)


def test_one_that_comes_before_its_execution_counts_once_that_has_come(bench: Bench):
    order = bench.rest()
    bench.receive(cost("1.01"))
    events = bench.fill(order, 4, "1.01")
    assert names(events) == ["Fill", "Commission"]
    assert events[-1] == Commission(T0, ACCOUNT, "1.01", Decimal("1.5"), "USD")
    assert bench.receive(cost("1.01")) == []
    assert bench.gateway.registry.accounts.book.position(ACCOUNT, "AAPL").fees == Decimal("1.5")


def test_the_oldest_of_too_many_that_wait_are_dropped(bench: Bench):
    order = bench.rest()
    for number in range(WAITING_MAX + 1):
        bench.receive(cost(f"{number}.01"))
    assert names(bench.fill(order, 1, "0.01")) == ["Fill"]
    assert names(bench.fill(order, 1, "1.01")) == ["Fill", "Commission"]


@pytest.mark.parametrize("version", ["0", "00", "2", "99"])
def test_a_flood_of_versions_of_one_execution_is_not_journaled(bench: Bench, version: str):
    bench.fill(bench.rest(), 4, "1.01")
    assert names(bench.receive(cost("1.01"))) == ["Commission"]
    assert bench.receive(cost(f"1.{version}"), cost(f"1.0{version}")) == []


def test_a_corrected_execution_has_its_own(bench: Bench):
    order = bench.rest()
    bench.fill(order, 4, "1.01")
    bench.receive(cost("1.01", "1.5"), cost("1.02", "1.25"))
    assert names(bench.fill(order, 4, "1.02")) == ["Fill", "Commission"]
    assert bench.gateway.registry.accounts.book.position(ACCOUNT, "AAPL").fees == Decimal("1.25")


def test_one_of_an_execution_of_which_only_the_id_is_kept_is_taken_once(bench: Bench):
    entry = execution_entry("1.05")
    assert entry is not None
    bench.gateway.apply(ExecutionsCarried(T0, entry, b""))
    assert names(bench.receive(cost("1.05"))) == ["Commission"]
    assert bench.receive(*(cost(f"1.0{n}") for n in range(1, 6))) == []
