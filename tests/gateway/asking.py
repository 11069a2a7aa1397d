"""Queries on a clock that stands still until a test moves it, and a broker that does as told."""

from decimal import Decimal

from tapewire.common.clock import Now
from tapewire.common.events import AccountUpdated, Event, Quote
from tapewire.common.events.scans import Scan
from tapewire.common.instruments import Instrument
from tapewire.gateway.awaited import Awaited
from tapewire.gateway.orders.holdings import Held
from tapewire.gateway.own_answers import OwnAnswers
from tapewire.gateway.queries import Queries
from tapewire.gateway.query_port import BrokerQuery, Found, ProfitAsked, Refused
from tapewire.gateway.scan_port import Ranking, ScanEnded
from tapewire.gateway.scans import Scans

SECOND = 1_000_000_000
INSTRUMENTS = {
    one.symbol: one
    for one in (Instrument(symbol="AAPL"), Instrument(symbol="ES", multiplier=Decimal(50)))
}


class ScanPortOfTests:
    """The scans of a broker that allows two."""

    scans_max = 2

    def __init__(self) -> None:
        self.open_now: dict[int, Scan] = {}
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.reports: list[Ranking | ScanEnded] = []

    def open(self, number: int, scan: Scan) -> None:
        if scan.code == "NOWORDS":
            raise ValueError("no words for it")
        self.open_now[number] = scan
        self.opened.append(number)

    def close(self, number: int) -> None:
        del self.open_now[number]
        self.closed.append(number)

    def take_rankings(self) -> list[Ranking | ScanEnded]:
        taken, self.reports = self.reports, []
        return taken


class Port:
    """A broker that answers what a test tells it to."""

    def __init__(self) -> None:
        self.down = ""
        self.no_profits = False
        self.asked: dict[int, BrokerQuery] = {}
        self.given_up: list[int] = []
        self.reports: list[Found | Refused] = []
        self.scans = ScanPortOfTests()

    def problem(self) -> str:
        return self.down

    def ask(self, number: int, query: BrokerQuery) -> None:
        is_profit = self.no_profits and isinstance(query, ProfitAsked)
        if is_profit or getattr(query, "symbol", "") == "NOWORDS":
            raise ValueError("no words for it")
        self.asked[number] = query

    def give_up(self, number: int) -> None:
        self.given_up.append(number)

    def take(self) -> list[Found | Refused]:
        taken, self.reports = self.reports, []
        return taken


class Asking:
    """Queries on a clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.port = Port()
        self.ticks: dict[str, Quote] = {}
        self.needed: list[str] = []
        self.published: list[list[bytes]] = []
        self.now = Now(5_000 * SECOND, SECOND)
        self.accounts = {"DU1": AccountUpdated(7, "DU1", "USD", Decimal(100_000))}
        self.held: list[Held] = []
        self.scans = Scans(self.port, "gateway", "e1")
        own = OwnAnswers(
            lambda: ["DU1", "DU2"], lambda: self.accounts, lambda: self.held, self.ticks.get,
            INSTRUMENTS,
        )  # fmt: skip
        awaited = Awaited(self.ticks.get, self.need, self.scans)
        self.queries = Queries(self.port, awaited, own)

    def need(self, symbol: str, _now: Now) -> bool:
        self.needed.append(symbol)
        return symbol != "NOSUCH"

    def ask(self, *queries: Event, sender: bytes = b"a") -> list[tuple[bytes, Event]]:
        for query in queries:
            self.queries.ask(sender, query, self.now)
        return self.turn()

    def turn(self, *reports: Found | Refused, after_s: float = 0) -> list[tuple[bytes, Event]]:
        passed = int(after_s * SECOND)
        self.now = Now(self.now.wall_ns + passed, self.now.mono_ns + passed)
        self.port.reports += reports
        self.published += self.scans.tick(self.now)
        self.queries.tick(self.now)
        return self.queries.take_answers()
