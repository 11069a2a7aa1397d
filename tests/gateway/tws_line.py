"""A TWS adapter without a gateway's core, with the bytes of a TWS at hand: market data alone."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import Tick
from tapewire.gateway.broker import CLOSED, DATA, OPENED
from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_bench import NOW, fields_of
from tests.gateway.tws_messages import AAPL, ACCOUNT, MSFT, SECOND, managed_accounts

ESZ6 = replace(AAPL, symbol="ESZ6", con_id=3003, sec_type="FUT", multiplier=Decimal(50))
OPEN, CLOSE, TYPE, STREAM, UNSTREAM = "1", "2", "59", "97", "98"
DEPTH, UNDEPTH, BARS, UNBARS = "10", "11", "50", "51"
"""What is asked of TWS, by the kind of its message."""
NEVER_MS = 10**9


class Feed:
    """A login that is up. Each method that makes it write gives what it wrote."""

    def __init__(self, *instruments, **settings) -> None:
        given = instruments or (AAPL, MSFT, ESZ6)
        self.broker = TwsBroker(
            given, client_id=1, rate_max_per_s=0, probe_after_ms=NEVER_MS, **settings
        )
        self.now: Now = NOW
        self.connect()

    def connect(self) -> list[list[str]]:
        self.broker.take([OPENED], self.now)
        self.release()
        self.receive(["157", "20261120 10:00:00 UTC"])
        written = self.receive(messages.next_valid_id(1), managed_accounts(ACCOUNT))
        self.broker.query()
        return written + self.release()

    def lose(self) -> None:
        self.broker.take([CLOSED, b"TWS closed the connection"], self.now)

    def receive(self, *all_fields: list[str]) -> list[list[str]]:
        data = b"".join(frame([str(field) for field in fields]) for fields in all_fields)
        self.broker.take([DATA, data], self.now)
        return self.release()

    def error(self, request_id: int, code: int, text: str = "text") -> list[list[str]]:
        return self.receive(messages.error(157, request_id, code, text))

    def release(self) -> list[list[str]]:
        data = self.broker.release(self.now, _send).data
        if data.startswith(b"API\0"):
            return []
        asked = {OPEN, CLOSE, TYPE, STREAM, UNSTREAM, DEPTH, UNDEPTH, BARS, UNBARS}
        return [fields for fields in fields_of(data) if fields[0] in asked]

    def want(self, *symbols: str) -> list[list[str]]:
        for symbol in symbols:
            assert self.broker.want(symbol)
        return self.release()

    def unwant(self, *symbols: str) -> list[list[str]]:
        for symbol in symbols:
            self.broker.unwant(symbol)
        return self.release()

    def reopen(self, symbol: str) -> list[list[str]]:
        self.broker.reopen(symbol)
        return self.release()

    def pass_s(self, seconds: float) -> list[list[str]]:
        self.now += int(seconds * SECOND)
        return self.release()

    def news(self) -> list[FeedNews]:
        return self.broker.take_feed_news()

    def ticks(self) -> list[Tick]:
        return [tick for _, ticks in self.broker.take_ticks() for tick in ticks]


def _send(_name: str) -> str:
    return "send"


def ids(written: list[list[str]], kind: str = OPEN) -> list[int]:
    """The request ids of the messages of a kind."""
    place = 1 if kind in (STREAM, UNSTREAM) else 2
    return [int(fields[place]) for fields in written if fields[0] == kind]
