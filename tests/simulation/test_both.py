"""A storm over both brokers at once breaks nothing, and what is broken there is found."""

import pytest

from tapewire.gateway import broker
from tapewire.gateway.projectx.asked import Answer
from tapewire.gateway.projectx.changes import Changes
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


def believed_lost(self, order, body, answer):
    """An order whose answer is uncertain is believed not to be there."""
    if answer.is_uncertain:
        yield broker.OrderReport(
            reference=order.intent_id, status="rejected", account=order.account, reason="lost"
        )
    yield from PLACED(self, order, body, answer)


def never_asked(self, order, body, answer):
    """What was turned away is believed to be at the Gateway."""
    given = answer._replace(is_turned_away=False, is_uncertain=False, found={"orderId": 7})
    yield from PLACED(self, order, body, given if answer.is_turned_away else answer)


PLACED = Changes._placed


@pytest.mark.soak
@pytest.mark.parametrize("bug", [sent_again, believed_lost, never_asked])
def test_a_bug_of_the_adapter_is_found(monkeypatch, bug):
    monkeypatch.setattr(Changes, "_placed", bug)
    assert Answer(None, is_uncertain=True).is_uncertain
    assert any(simulate_both(seed, STEPS).broken for seed in SEEDS)
