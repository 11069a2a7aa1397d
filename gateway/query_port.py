"""The part of the broker port that answers queries: what is asked, and what comes of it."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from tapewire.common.events.account_queries import AccountQuery, AccountRow, PnlRow
from tapewire.common.events.queries import (
    ChainQuery,
    ContractQuery,
    ContractRow,
    HistoryBar,
    HistoryQuery,
    HistoryTick,
    OptionChain,
    TicksQuery,
)
from tapewire.gateway.scan_port import NoScans, ScanPort


class ProfitAsked(NamedTuple):
    """What the broker is asked about profit and loss: accounts, and positions in accounts. The
    symbol of a whole account is empty."""

    of: tuple[tuple[str, str], ...]


BrokerQuery = HistoryQuery | TicksQuery | ChainQuery | ContractQuery | AccountQuery | ProfitAsked
"""What only the broker can answer."""
Row = HistoryBar | HistoryTick | OptionChain | ContractRow | AccountRow | PnlRow


class Found(NamedTuple):
    """A part of the answer to query `number`; with `last`, there is no more to come."""

    number: int
    rows: tuple[Row, ...] = ()
    last: bool = False


Why = Literal["", "no data", "too fast", "lost", "late"]
"""What a refusal means for whoever asks for the next part of a long span: there is nothing in this
one; ask again later; ask again once there is a connection; ask again. Otherwise it ends there."""


class Refused(NamedTuple):
    """Query `number` has no answer: the broker's code, 0 where it gave none, and its sentence."""

    number: int
    code: int
    reason: str
    why: Why = ""


class QueryPort(Protocol):
    """The queries of one login. Whoever asks gives each a number that was never used before."""

    @property
    def scans(self) -> ScanPort:
        """Its scans, which go on after their first answer."""

    def problem(self) -> str:
        """Why nothing can be asked at this moment, in a sentence; empty if it can. What is asked
        already when the connection is lost is reported as refused."""

    def ask(self, number: int, query: BrokerQuery) -> None:
        """Queue a query behind everything else that waits; ValueError where the broker has no words
        for it, or too much waits already."""

    def give_up(self, number: int) -> None:
        """Nobody waits for an answer any more; what still comes is dropped."""

    def take(self) -> list[Found | Refused]:
        """What has come since the last call."""


class OpenQueries:
    """The queries of a broker that makes no rankings: those that were asked and have no answer yet,
    and the answers that nobody has taken yet. `broker` is its name in sentences, `is_up` whether
    there is a session with it."""

    def __init__(self, broker: str, is_up: Callable[[], bool]) -> None:
        self.scans: ScanPort = NoScans(f"{broker} makes no rankings")
        self._broker = broker
        self._is_up = is_up
        self._open: set[int] = set()
        self._reports: list[Found | Refused] = []

    def problem(self) -> str:
        """See `QueryPort.problem`."""
        return "" if self._is_up() else f"the gateway is not connected to {self._broker}"

    def opened(self, number: int) -> None:
        """It was asked."""
        self._open.add(number)

    def is_open(self, number: int) -> bool:
        """Whether somebody waits for its answer."""
        return number in self._open

    def give_up(self, number: int) -> None:
        """See `QueryPort.give_up`."""
        self._open.discard(number)

    def take(self) -> list[Found | Refused]:
        """See `QueryPort.take`."""
        taken, self._reports = self._reports, []
        return taken

    def arrived(self, report: Found | Refused) -> None:
        """The whole answer has come."""
        if report.number in self._open:
            self._open.discard(report.number)
            self._reports.append(report)

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        lost = f"the connection to {self._broker} was lost before it answered"
        self._reports += [Refused(number, 0, lost, "lost") for number in sorted(self._open)]
        self._open.clear()


class NoQueries:
    """Stands for the queries of a broker that answers none."""

    def __init__(self, reason: str) -> None:
        self._reason = reason
        self.scans: ScanPort = NoScans(reason)

    def problem(self) -> str:
        """See `QueryPort.problem`: nothing that could pass."""
        return ""

    def ask(self, number: int, query: BrokerQuery) -> None:
        """See `QueryPort.ask`."""
        raise ValueError(self._reason)

    def give_up(self, number: int) -> None:
        """See `QueryPort.give_up`."""

    def take(self) -> list[Found | Refused]:
        """See `QueryPort.take`."""
        return []
