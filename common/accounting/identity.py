"""Identity: whether an order that a broker reports is the one that we placed. Decided here alone.

Why a tag is not enough
-----------------------
An order carries its intent's id as a tag. Brokers hand the tag back, and do not care who else uses
it: TWS lets another client, or another order of ours, bear the same one. An order that TWS replaced
after a reconnect carries the old one's tag, and both may be reported. If the tag alone decided, the
end of the one would be taken for the end of the other, and an execution of a stranger would fill an
order of ours.

So an order is recognised in two steps:

*   Until the broker has named it for good, by its tag together with the client id that it was
    placed under and the order id there. All three were on disk before a byte of it went out.
*   From then on, by the permanent id. It is kept with `order.accepted`, and nothing else counts
    any more: another permanent id is another order, however much the rest agrees.

A report may not say enough: a completed order at TWS has a tag and a permanent id, but no client id
and no order id. It settles an order whose permanent id is known, and nothing about any other.

Where a broker knows no clients, or gives an order its id only later, what is not said on one side
contradicts nothing.
"""

from typing import Literal, NamedTuple

Identity = Literal["same", "other", "unclear"]


class Names(NamedTuple):
    """The broker's names for an order; each is empty while it is not known. An order id means
    something under its client id alone."""

    client_id: str = ""
    order_id: str = ""
    permanent_id: str = ""

    def __str__(self) -> str:
        return (
            f"permanent id {self.permanent_id or 'not known'}, client id"
            f" {self.client_id or 'not known'}, order id {self.order_id or 'none'}"
        )


def identity(ours: Names, reported: Names) -> Identity:
    """Whether an order `reported` under our order's tag is our order."""
    if ours.permanent_id and reported.permanent_id:
        return "same" if ours.permanent_id == reported.permanent_id else "other"
    if ours.client_id and not reported.client_id:
        return "unclear"
    if ours.client_id and ours.client_id != reported.client_id:
        return "other"
    if not ours.order_id or (not reported.order_id and not ours.client_id):
        return "same"
    return "same" if ours.order_id == reported.order_id else "other"
