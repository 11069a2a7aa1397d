"""Planted bugs: what must never happen, done on purpose, so that the simulation has to find it."""

from functools import partial

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import Event
from tapewire.common.runtime.journal import Journal, Synchronous
from tapewire.gateway import composition
from tapewire.gateway.broker import BrokerEvent, SessionReady
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.virtual.node import Build, Node


class BlindGateway(Gateway):
    """Sends an order again when it does not know what became of it, as soon as it is connected."""

    def on_report(self, report: BrokerEvent, now: Now) -> list[Event]:
        events = super().on_report(report, now)
        if isinstance(report, SessionReady):
            self._send_again()
        return events

    def _send_again(self) -> None:
        for intent in [i for i in self.orders.live() if i.state == "UNKNOWN"]:
            tws = self.broker
            assert isinstance(tws, TwsBroker)
            order_id, contract = str(int(tws.new_order_id()) + 500), tws.contracts.contract
            encoded = tws.session.encode.place_order(
                order_id, intent.order, contract(intent.order.symbol)
            )
            tws.outbox.request(encoded)  # past admission, which would not let it through


def blind_resend(node: Node) -> GatewayService:
    """A gateway with that bug."""
    tws = partial(composition.tws, check_login=False)
    return composition.build(node, adapt=tws, gateway_class=BlindGateway)


class _HastyNode:
    """A host whose journal does not wait for the disk, whatever is asked of it."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getattr__(self, name: str) -> object:
        return getattr(self._node, name)

    def journal(self, _synchronous: Synchronous = "FULL", *, background: bool = False) -> Journal:
        return self._node.journal("NORMAL", background=background)


def hasty_journal(node: Node) -> GatewayService:
    """A gateway that does not wait for its disk: a power cut makes it forget."""
    tws = partial(composition.tws, check_login=False)
    return composition.build(_HastyNode(node), adapt=tws)


PLANTS: dict[str, dict[str, Build]] = {
    "blind-resend": {roles.GATEWAY: blind_resend},
    "hasty-journal": {roles.GATEWAY: hasty_journal},
}
