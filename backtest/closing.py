"""The end of a back-test whose open positions are to be closed, as `backtest.at_end` says.

Each strategy is made to close what it holds, as if it had called `close` itself: the orders go
through executor, rules and gateway, and trade with the last quote. Nothing follows that quote, so
what is left of them then fills at one price, as in a closing auction.
"""

from collections.abc import Callable
from typing import Final

from tapewire.backtest.report.figures import strategies_of
from tapewire.virtual.world import SECOND_NS, World

ROUND_NS: Final = 5 * SECOND_NS
"""Time for cancels, and then for the orders that close; and again for their fills."""


def close_positions(world: World, run_until: Callable[[int], None], end_ns: int) -> None:
    """Close what all strategies hold at `end_ns`, up to when the world was run."""
    for service in strategies_of(world).values():
        context = service.runner.context
        context.clock.time = world.clock.now()
        for instrument in world.instruments:
            context.close(instrument.symbol)
    run_until(end_ns + ROUND_NS)
    for broker in world.brokers.values():
        broker.finish()
    run_until(end_ns + 2 * ROUND_NS)
