"""A planted bug: a gateway that sends an order again when it does not know what became of it."""

from tapewire.gateway.gateway import Gateway


class BlindGateway(Gateway):
    """Does what `Gateway` must never do, as soon as it is connected; the simulation must see it."""

    def _start(self, now_ns: int) -> None:
        super()._start(now_ns)
        for intent in [i for i in self.orders.live() if i.state == "UNKNOWN"]:
            order_id = self.orders.next_order_id(self.session.next_valid_id or 1) + 500
            contract = self.contracts.contract(intent.order.symbol)
            self.outbox.request(self.session.encode.place_order(order_id, intent.order, contract))
