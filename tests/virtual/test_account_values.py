"""A strategy knows what its account is worth, as the broker's own books have it."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.events import AccountUpdated
from tapewire.simulator.exchange.values import EVERY_NS
from tapewire.virtual.world import SECOND_NS
from tests.virtual.test_direct_world import momentum, run


@pytest.mark.parametrize("direct", [False, True])
def test_cash_follows_the_executions_and_equity_the_market(direct: bool):
    config, settings, _ = momentum()
    world = run((config, settings, 30), direct=direct)
    world.kill(roles.EXECUTOR, restart_after_ns=2 * EVERY_NS)  # no more orders
    world.run(12 * SECOND_NS)
    (books,) = world.server.books()["accounts"].values()
    runner = world.service(roles.strategy_role("momentum")).runner
    before = runner.strategy.account
    assert world.server.books()["executions"] > 0
    assert before.cash == Decimal(books["cash"]).quantize(Decimal("0.01"))
    assert (before.account, before.currency) == (settings.accounts[0], "USD")
    world.run(EVERY_NS)
    after = runner.strategy.account
    assert after.equity != before.equity
    assert after.available_funds == after.equity - after.initial_margin
    assert after.buying_power == 2 * after.available_funds  # stocks on half of their value
    told = [e for e in world.events(roles.GATEWAY) if isinstance(e, AccountUpdated)]
    assert after == told[-1]
    assert told[-1].cash == told[-2].cash
