"""What a group leaves behind is seen at the broker, whatever works beside it."""

import pytest

from tapewire.virtual.world import SECOND_NS
from tests.simulation import group_rules, modifies
from tests.simulation.group_plants import GROUP_PLANTS
from tests.virtual.test_groups_world import Desk

STOP = 3  # of the orders of a ladder, the stop of its first part


def by_hand(desk: Desk) -> None:
    """Somebody holds as much beside the group, and an order works that closes it."""
    desk.misbehave("hand_entered", symbol="AAPL", side="BUY", quantity=10, limit=10_000.0)
    desk.run(1)
    desk.misbehave("hand_entered", symbol="AAPL", side="SELL", quantity=10, limit=10_000.0)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("plant", ["", "ladder-stop-not-renewed"])
def test_a_part_of_a_ladder_without_its_stop_is_seen_beside_others(plant: str, beside: bool):
    desk = Desk("ladder", replaced=GROUP_PLANTS.get(plant), stop="20", target="20", count=1)
    desk.misbehave("rejected", on_order=STOP)
    if beside:
        by_hand(desk)
    desk.run(15)
    found = list(group_rules.at_rest(desk.world, desk.watch))
    assert desk.groups() == 1
    assert any("stops for 0 at the broker" in one for one in found) == bool(plant), found


@pytest.mark.parametrize("plant", ["", "ladder-left-behind"])
def test_a_ladder_of_which_one_order_failed_is_not_left_behind(plant: str):
    """Nothing of it is entered: the rest of it has to be cancelled, and by nobody else."""
    desk = Desk("ladder", replaced=GROUP_PLANTS.get(plant), limit="1", count=1)
    desk.misbehave("rejected", on_order=STOP)
    looks = modifies.Uncounted().run(desk.world, 15 * SECOND_NS, group_rules.LeftAlone().look)
    found = list(looks)
    assert desk.groups() == 1
    assert any("nobody ends" in one for one in found) == bool(plant), found
    assert len(found) == len({*found})
