"""A storm over both brokers at once breaks nothing, and what is broken there is found."""

import pytest

from tapewire.gateway.projectx.changes import Changes
from tapewire.gateway.projectx.orders import Orders
from tests.simulation.both import simulate_both

STEPS = 30
SEEDS = range(2, 22)
TWICE = "/2"


@pytest.mark.parametrize(
    "seed", [3, *(pytest.param(one, marks=pytest.mark.soak) for one in range(30) if one != 3)]
)
def test_no_invariant_breaks_in_a_storm_over_both_brokers(seed):
    result = simulate_both(seed, 15 if seed == 3 else STEPS)
    assert result.broken == []
    assert result.orders > 0
    assert result.deaths > 0


@pytest.mark.soak
def test_one_seed_twice_gives_equal_journals():
    assert simulate_both(3, 10) == simulate_both(3, 10)


def sent_again(self, order, body, answer):
    """An order whose answer is uncertain is sent again, under another tag."""
    if answer.is_uncertain:
        self._place(order, {**body, "customTag": body["customTag"] + TWICE})
    yield from PLACED(self, order, body, answer)


def trade_forgotten(self, found, *, listed):
    """Every fourth trade is read by nobody."""
    if found["id"] // 10_000 % 4:
        yield from TRADED(self, found, listed=listed)


PLACED, TRADED = Changes._placed, Orders.on_trade


@pytest.mark.soak
@pytest.mark.parametrize(
    ("part", "name", "bug"),
    [(Changes, "_placed", sent_again), (Orders, "on_trade", trade_forgotten)],
)
def test_a_bug_of_the_adapter_is_found(monkeypatch, part, name, bug):
    monkeypatch.setattr(part, name, bug)
    assert any(simulate_both(seed, STEPS).broken for seed in SEEDS)
