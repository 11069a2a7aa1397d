"""Four accounts of one login at ProjectX: a list of all is a request per account, of a limit of a
minute that all share, and a list of one account is one. Whatever is flattened within it is closed,
and nothing piles up behind."""

import json
from collections import Counter

import pytest

from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import FlattenCompleted, OrderDenied
from tapewire.virtual.world import SECOND_NS
from tests.virtual.projectx_desk import MNQ, Desk, configuration, moving

ACCOUNTS = ("1001", "1002", "1003", "1004")
GATEWAYS = ("gateway-px", "liquidation-px")
LIMIT = 180
"""Of the Gateway's 200 requests in a minute, all but those of the client itself."""


class Counted(Desk):
    """Counts the requests of each process as they go; a rule closes what exceeds 3 contracts."""

    def __init__(self):
        rules = [
            RuleConfig(
                rule="MaxContracts", parameters={"limit": 3}, scope={"account": one},
                enforcement=("cancel", "flatten"),
            )
            for one in ACCOUNTS
        ]  # fmt: skip
        super().__init__(configuration(*rules, accounts=ACCOUNTS), market=moving(0))
        self.world.idle_ns = SECOND_NS // 5
        self.asked = []  # the second, who, and what
        for role in GATEWAYS:
            adapter = self.world.service(role).gateway.broker
            adapter.release = self._counting(role, adapter.release)

    def _counting(self, role, release):
        def counted(now, verdict):
            found = release(now, verdict)
            lines = map(json.loads, found.data.splitlines())
            self.asked += [(now.mono_ns, role, one["path"]) for one in lines if "n" in one]
            return found

        return counted

    def since(self, start_ns):
        """What was asked since then."""
        return Counter((role, path) for at_ns, role, path in self.asked if at_ns >= start_ns)

    def most_in_a_minute(self):
        """The most requests in any 60 seconds."""
        times = [at_ns for at_ns, *_ in self.asked]
        return max(sum(one <= at < one + 60 * SECOND_NS for at in times) for one in times)

    def positions(self):
        """What each account holds by the broker's own books, if it is not flat."""
        found = broker_of(self.world.brokers["px"].server.books()).positions
        return {key: held for key, held in found.items() if held}

    def unready(self):
        """Each gateway that is not READY, and why."""
        now = self.world.clock.now()
        states = {role: self.world.service(role).readiness(now) for role in GATEWAYS}
        return {role: state for role, state in states.items() if state != ("READY", "")}

    def flattened(self):
        """The accounts whose flattens have ended."""
        return [one.scope for one in self.events("risk", FlattenCompleted)]


def test_two_flattens_of_everything_within_a_minute_are_done_at_once():
    desk = Counted().run(5)
    for _ in range(2):
        for one in ACCOUNTS:
            desk.stranger(accountId=int(one), size=2)
        assert desk.run(2).ask("flatten") == ""
        desk.run(15)
        assert (desk.positions(), desk.unready()) == ({}, {})
    assert len(desk.run(60).flattened()) == 2  # the last list waits for the minute to end
    assert desk.most_in_a_minute() <= LIMIT


RESTS = {"type": 1, "limitPrice": 1000}


@pytest.mark.parametrize(
    ("apart_s", "terms"), [(0, {}), (8, {}), (8, RESTS)], ids=["at once", "apart", "of an order"]
)
def test_flattens_of_four_accounts_within_a_minute_are_each_over_within_seconds(apart_s, terms):
    desk = Counted().run(3)
    began_ns = {}
    for one in ACCOUNTS:
        began_ns[one] = desk.world.clock.now().wall_ns
        desk.stranger(accountId=int(one), size=4, **terms)
        desk.run(apart_s)
    desk.run(5)
    assert (desk.positions(), desk.unready()) == ({}, {})
    took_ns = [
        one.ts_ns - began_ns[one.scope.account] for one in desk.events("risk", FlattenCompleted)
    ]
    assert len(took_ns) == len(ACCOUNTS)
    assert max(took_ns) < 3 * SECOND_NS
    assert desk.events("liquidation-px", OrderDenied) == []


def test_more_flattens_than_a_minute_lets_through_wait_and_end_and_nothing_is_left_behind():
    desk = Counted().run(3)
    for _ in range(4):
        for one in ACCOUNTS:
            desk.stranger(accountId=int(one), size=2)
        assert desk.run(2).ask("flatten") == ""
        desk.run(6)
    assert desk.risk().monitor.flatten is not None
    assert desk.run(150).positions() == {}
    assert desk.risk().monitor.flatten is None
    assert (desk.unready(), desk.most_in_a_minute() <= LIMIT) == ({}, True)
    quiet_ns = desk.world.clock.now().mono_ns
    desk.run(60)
    assert sum(desk.since(quiet_ns).values()) <= 20  # nothing that was given up is still asked


@pytest.mark.soak
@pytest.mark.parametrize("hub_s", [1, 9, 17, 25])
def test_a_hub_that_drops_meanwhile_leaves_nothing_behind(hub_s):
    desk = Counted().run(3)
    for number, one in enumerate(ACCOUNTS):
        desk.stranger(accountId=int(one), size=4)
        if 8 * number < hub_s < 8 * (number + 1):
            desk.run(1).inject("dropped_hub", hub="user")
        desk.run(8)
    assert desk.run(120).positions() == {}
    assert (desk.unready(), desk.most_in_a_minute() <= LIMIT) == ({}, True)
    assert {MNQ} == {key[1] for key in desk.risk().monitor.accounts.book.positions}
