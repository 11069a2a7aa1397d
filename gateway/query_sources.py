"""Where a gateway's queries take their answers from: itself, what it reads, and the broker."""

from collections.abc import Callable

from tapewire.common.clock import Now
from tapewire.common.events import Tick
from tapewire.gateway.awaited import Awaited
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.own_answers import OwnAnswers
from tapewire.gateway.queries import Queries
from tapewire.gateway.scans import Scans


def queries_of(
    gateway: Gateway,
    scans: Scans,
    newest: Callable[[str], Tick | None],
    need: Callable[[str, Now], bool],
) -> Queries:
    """The queries of one gateway. `newest` is a symbol's newest tick, and `need` has its market
    data opened; it returns False for a symbol that is not configured."""
    own = OwnAnswers(
        lambda: gateway.broker.accounts,
        lambda: gateway.facts.accounts.known,
        gateway.holdings.held,
        newest,
        gateway.registry.accounts.instruments,
    )
    return Queries(gateway.broker.queries, Awaited(newest, need, scans), own)
