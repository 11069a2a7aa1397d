"""Which numbers may be an order's id. TWS names orders and questions in its errors by the same kind
of number, so none may be both: the error on a question would end an order that lives."""

from typing import Final

NOT_ORDERS: Final = range(899_999_999, 1_500_000_000)
"""The ids of questions and of market data lines; each kind begins somewhere in it and counts up."""
ORDER_ID_MAX: Final = 2**31 - 1
"""TWS keeps an order's id in 32 bits."""
PROPOSED_MAX: Final = ORDER_ID_MAX - 1_000_000
"""The highest id that TWS is followed to. An id is used for good: an order with one of the last
would leave none to any other, though TWS had proposed it by mistake."""
EXECUTIONS_REQUEST_ID: Final = NOT_ORDERS.start


def free_order_id(order_id: int) -> int:
    """The first id from this one on that may be an order's. TWS takes any that is above those
    before it, and goes on from there. It may itself propose one that is a question's, where another
    program has numbered its orders so high."""
    return NOT_ORDERS.stop if order_id in NOT_ORDERS else order_id
