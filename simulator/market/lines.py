"""Subscriptions to market data: where their messages go, and how each of them starts."""

from typing import Final

from tapewire.common.instruments import Instrument
from tapewire.common.options import terms_of
from tapewire.simulator.market.days import Day
from tapewire.simulator.market.screen import middle_of, price_of_side
from tapewire.simulator.protocol.session import Session

STREAMS: Final = {"Last": "1", "AllLast": "2", "BidAsk": "3", "MidPoint": "4"}
QUOTES, MIDPOINTS = "BidAsk", "MidPoint"
DAY: Final = 3
"""Where the day's open, high, low and close stand in a line's prices, behind bid, ask and last."""
_PRICE_TYPES = (
    ("1", "2", "4", "14", "6", "7", "9"),
    ("66", "67", "68", "76", "72", "73", "75"),
)
_SIZE_TYPES = (("0", "3", "5"), ("69", "70", "71"))
_DELAYED_COMPUTATIONS = 70
"""Added to the tick types of an option's computations where data is delayed."""


class Line:
    """One subscription: where its messages go and how each of them starts."""

    def __init__(
        self, session: Session, req_id: int, chunks: list[bytes], is_delayed: bool = False
    ) -> None:
        self.conn = session.conn
        self.version = session.version
        self.req_id = req_id
        self.is_delayed = is_delayed
        self.append = chunks.append
        self.prices = [body("1", "6", str(req_id), kind) for kind in _PRICE_TYPES[is_delayed]]
        self.sizes = [body("2", "6", str(req_id), kind) for kind in _SIZE_TYPES[is_delayed]]

    def computed(self, kind: str) -> str:
        """The tick type of one of an option's computations."""
        return str(int(kind) + _DELAYED_COMPUTATIONS) if self.is_delayed else kind


class Stream:
    """One tick-by-tick subscription."""

    def __init__(self, conn: int, req_id: int, kind: str, chunks: list[bytes]) -> None:
        self.conn = conn
        self.req_id = req_id
        self.kind = kind
        self.append = chunks.append
        self.head = body("99", str(req_id), STREAMS[kind])


class Topic:
    """A symbol's current values, as text, and its subscriptions. `middle` is the midpoint that
    streams of midpoints have been sent last."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.price: list[str | None] = [None, None, None]
        self.size: list[str | None] = [None, None, None]
        self.lines: list[Line] = []
        self.streams: list[Stream] = []
        self.middle: float | None = None
        self.day: Day | None = None  # since somebody subscribed
        self.option = terms_of(instrument)
        self.computed_ns = 0  # the market's time of the newest change
        self.market_ns: int | None = None  # the same, as it was told last

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols whose data these are."""
        return (self.instrument.symbol,)

    def midpoint(self) -> float | None:
        """The midpoint of the quote; None with a side missing."""
        (bid, ask, _), (bid_size, ask_size, _) = self.price, self.size
        return middle_of(price_of_side(bid, bid_size), price_of_side(ask, ask_size))


def body(*fields: str) -> bytes:
    """The beginning or the rest of a message."""
    return ("\0".join(fields) + "\0").encode("ascii", "backslashreplace")
