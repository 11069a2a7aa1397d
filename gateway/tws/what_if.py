"""What-if orders at TWS: questions in the form of orders, and TWS's answers to them."""

from tapewire.common.events import SubmitOrder
from tapewire.gateway.broker import WhatIfReport
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.messages import TwsError, WhatIfEstimate
from tapewire.gateway.tws.placing import Placing


class WhatIfOrders:
    """The order ids that were used to ask, and that TWS has not answered."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._asked: set[int] = set()

    def ask(self, order_id: str, order: SubmitOrder) -> bytes:
        """The question; ValueError where it cannot be put into TWS's words."""
        request = self._placing.asked(order_id, order)
        self._asked.add(int(order_id))
        return request

    def closed(self) -> None:
        """The connection is gone: nothing that was asked will be answered."""
        self._asked.clear()

    def estimate(self, message: WhatIfEstimate) -> tuple[WhatIfReport, ...]:
        """TWS's answer. It comes twice, the first time without amounts; another client's may come
        too, where this one is the master."""
        is_ours = message.client_id == self._placing.client_id and message.order_id in self._asked
        if not (is_ours and message.money):
            return ()
        self._asked.discard(message.order_id)
        return (
            WhatIfReport(
                str(message.order_id), "", message.money, message.currency, message.warning
            ),
        )

    def refusal(self, error: TwsError) -> WhatIfReport | None:
        """The report that an error on a question amounts to; None where it only warns, or is not
        about a question."""
        if error.request_id not in self._asked or errors.only_informs(error.code):
            return None
        self._asked.discard(error.request_id)
        return WhatIfReport(str(error.request_id), f"{error.text} (error {error.code})")

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._asked
