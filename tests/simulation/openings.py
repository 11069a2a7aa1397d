"""What risk has reported of openings and closes, of a world that has come to rest."""

from collections.abc import Iterator

from tapewire.common import roles
from tapewire.common.accounting.book import Key
from tapewire.common.events import PositionClosed, PositionOpened
from tapewire.risk.service import RiskService
from tapewire.virtual.world import World


def openings_hold(world: World) -> Iterator[str]:
    """Each position's reports alternate, and the last one is true of risk's own book."""
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    last: dict[Key, PositionOpened | PositionClosed] = {}
    for event in world.events(roles.RISK):
        if isinstance(event, PositionOpened | PositionClosed):
            before = last.get((event.account, event.symbol))
            if isinstance(before, PositionOpened) == isinstance(event, PositionOpened):
                yield f"openings: {event} after {before}"
            last[event.account, event.symbol] = event
    for key, position in risk.monitor.accounts.book.positions.items():
        one = last.get(key)
        opened = one.quantity if isinstance(one, PositionOpened) else 0
        if (opened > 0) - (opened < 0) != (position.quantity > 0) - (position.quantity < 0):
            yield f"openings: {position} was last reported as {one}"
