"""Orders of a former client id: what still works, and cannot be cancelled or modified from here.

TWS lets only the client id that placed an order cancel or modify it. So if `tws.client_id` was
changed while orders work, nothing is traded before they are over.
"""

from tapewire.common.amounts import counted
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Registry


class FormerClient:
    """The live orders that another client id than `client_id` placed, in an earlier run."""

    def __init__(self, registry: Registry, client_id: str) -> None:
        self._registry = registry
        self._client_id = client_id
        self._orders: list[Intent] = []

    def look(self) -> None:
        """The journal was read: what is live now may be a former client's."""
        own = ("", self._client_id)
        live = self._registry.orders.live()
        self._orders = [one for one in live if one.client_id not in own]

    def problem(self) -> str:
        """Why not to trade; empty once those orders are over."""
        if not self._orders:
            return ""
        self._orders = [one for one in self._orders if one.live]
        ids = " and ".join(sorted({one.client_id for one in self._orders}))
        return ids and (
            f"{counted(len(self._orders), 'order')} of client id {ids} may still work, and"
            f" tws.client_id is {self._client_id}, which can neither cancel nor modify them;"
            f" set tws.client_id to {ids}, or cancel them in TWS"
        )
