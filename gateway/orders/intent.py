"""One order of this gateway: the common order, and what only this session knows of it."""

from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.events import OrderTerms, SubmitOrder


class Intent(Order):
    """One order, from its intent on.

    `written` is when its bytes were handed over in this process, `modify_written` the same of the
    modify that is under way, `reported` the terms that the broker reported last, with the time.
    None of it is durable: a session that ends takes it along.
    """

    def __init__(self, order: SubmitOrder, executions: Executions) -> None:
        super().__init__(order, executions)
        self.written: Now | None = None
        self.modify_written: Now | None = None
        self.reported: tuple[Now, OrderTerms] | None = None
