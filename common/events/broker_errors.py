"""The broker's error messages, as the gateway reports them."""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import NAME_MAX, Event, Text, TimeNs

ErrorClass = Literal[
    "throttle", "reconnect", "server_lost", "cut_off", "server_restored", "data_lost", "farm_lost",
    "farm_back", "resubscribe", "delayed", "order", "request", "warn", "ignore",
]  # fmt: skip
"""What kind of thing an error message is, and with that what the gateway does about it. One about
an `order` ends it, or ends what was asked of it; one about a `request` ends a question or a
subscription. To `ignore` is to report nothing at all."""
ErrorSubject = Literal["order", "symbol", "request", "connection"]
"""What an error message is about: an order, a symbol's market data or contract, a question that has
nothing but its number, or the connection as a whole."""


class BrokerErrorReported(Event, frozen=True, tag="broker.error"):
    """The broker sent an error message. Its effect on an order is an event of its own.

    `subject` is the intent of an order (its order id where that is not known), a symbol, or a
    request's number; it is empty for the connection. `text` is the broker's own; `advice` says what
    the code means and what a person can do.

    The same code on the same subject is reported at once, and after that as a number, a minute
    later and then less and less often: `count` messages since the report before, the last of them
    with this `text`. Where too many different ones come, the others are counted together under code
    0.
    """

    ts_ns: TimeNs
    code: int
    error_class: ErrorClass
    about: ErrorSubject
    subject: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
    text: Text
    advice: Text
    account: Annotated[str, msgspec.Meta(max_length=NAME_MAX)] = ""
    count: int = 1
