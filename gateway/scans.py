"""Scans of one login: who reads which, what is open at the broker, and its last ranking.

    wanted --connected, room--> open --ranking--> known; the next one is published if it differs
      ^                          |
      |------ line lost ---------|--- refused --> failed, and tried again after a while if wanted

Readers are counted by what XPUB reports, as with ticks: all of a scan share one subscription at the
broker. A query counts as a reader for `ASKED_FOR_NS`, so whoever asks every half a minute keeps the
scan open. A ranking that is known survives the loss of the connection; its time says how old it is.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.bus.scans import scan_of, topic_of
from tapewire.common.clock import Now
from tapewire.common.events.scans import Scan, ScannerResultsReceived, ScanRow
from tapewire.gateway.query_port import QueryPort
from tapewire.gateway.scan_port import Ranking, ScanEnded

ASKED_FOR_NS: Final = 60_000_000_000
RETRY_NS: Final = 60_000_000_000
"""What was refused is not asked for again before that."""
FRESH_NS: Final = 90_000_000_000
"""A ranking older than that is not an answer: the broker sends one every half a minute."""
WANTED_MAX: Final = 100
TOO_MANY: Final = f"is one too many: {WANTED_MAX} scans are wanted already; try again later"


class Failure:
    """Why a scan has no ranking: the broker's code, 0 where it gave none, and its sentence."""

    def __init__(self, code: int, reason: str, at_ns: int) -> None:
        self.code, self.reason, self.at_ns = code, reason, at_ns

    @property
    def sentence(self) -> str:
        """The reason, with the broker's code."""
        return f"{self.reason} ({self.code})" if self.code else self.reason


class Board:
    """One scan."""

    def __init__(self, number: int) -> None:
        self.number = number  # at the broker: of the newest subscription
        self.is_open = False
        self.needed_ns = 0  # until then by those that have asked
        self.rows: tuple[ScanRow, ...] | None = None
        self.taken_ns = 0  # wall clock
        self.taken_mono_ns = 0
        self.failure: Failure | None = None


class Scans:
    """See above. `source` and `epoch` are those of what is published. Times are monotonic but for
    those that are published."""

    def __init__(self, port: QueryPort, source: str, epoch: str) -> None:
        self._port = port
        self._source, self._epoch = source, epoch
        self._boards: dict[Scan, Board] = {}
        self._readers = Counter[Scan]()
        self._seqs = Counter[Scan]()  # they go on, for a reader may come back
        self._numbers = 0
        self._messages: list[list[bytes]] = []
        self._complaints: list[str] = []

    def __repr__(self) -> str:
        return f"<Scans, {sum(one.is_open for one in self._boards.values())} open>"

    # ---- who needs what --------------------------------------------------------------------------

    def read(self, name: str, *, has_joined: bool) -> str:
        """One more reads the topic `scan.NAME`, or one less; why it cannot be read, "" if it can.
        What is known is sent once more for the joiner."""
        try:
            scan = scan_of(name)
        except ValueError as error:
            return str(error) if has_joined else ""
        if not has_joined:
            self._left(scan)
            return ""
        self._readers[scan] += 1  # whoever is refused leaves as the others do
        board = self._board(scan)
        if board is None:
            return f"scan.{name} {TOO_MANY}"
        if board.rows is not None:
            self._messages.append(self._frames(scan, board))
        return ""

    def _left(self, scan: Scan) -> None:
        self._readers[scan] -= 1
        if self._readers[scan] <= 0:
            del self._readers[scan]

    def ask(self, scan: Scan, now: Now) -> bool:
        """Somebody wants to know a ranking soon. False where too many are wanted already."""
        board = self._board(scan)
        if board is None:
            return False
        board.needed_ns = now.mono_ns + ASKED_FOR_NS
        return True

    def ranking(self, scan: Scan, now: Now) -> tuple[tuple[ScanRow, ...], int] | None:
        """The last ranking and when it came (wall clock); None while there is none that is new
        enough to be an answer."""
        board = self._boards.get(scan)
        if board is None or board.rows is None or now.mono_ns - board.taken_mono_ns > FRESH_NS:
            return None
        return board.rows, board.taken_ns

    def failure(self, scan: Scan) -> Failure | None:
        """Why there will be none for now."""
        board = self._boards.get(scan)
        return None if board is None else board.failure

    # ---- in every turn ---------------------------------------------------------------------------

    def tick(self, now: Now) -> list[list[bytes]]:
        """Take what came, open and close; the frames of what is to be published."""
        reports = self._port.scans.take_rankings()
        if self._boards:
            if reports:
                self._take(reports, now)
            for scan, board in list(self._boards.items()):
                self._look(scan, board, now)
        taken, self._messages = self._messages, []
        return taken

    def take_complaints(self) -> list[str]:
        """What a person has to see of scans that are read."""
        taken, self._complaints = self._complaints, []
        return taken

    def _take(self, reports: Iterable[Ranking | ScanEnded], now: Now) -> None:
        by_number = {one.number: (scan, one) for scan, one in self._boards.items() if one.is_open}
        for report in reports:
            scan, board = by_number.get(report.number, (None, None))
            if scan is None or board is None:
                continue
            if isinstance(report, ScanEnded):
                board.is_open = False
                if not report.lost:
                    self._fail(scan, board, Failure(report.code, report.reason, now.mono_ns))
                continue
            is_news = board.rows != report.rows
            board.rows, board.failure = report.rows, None
            board.taken_ns, board.taken_mono_ns = now.wall_ns, now.mono_ns
            if is_news:
                self._seqs[scan] += 1
                self._messages.append(self._frames(scan, board))

    def _look(self, scan: Scan, board: Board, now: Now) -> None:
        if not self._readers[scan] and now.mono_ns >= board.needed_ns:
            if board.is_open:
                self._port.scans.close(board.number)
            del self._boards[scan]
        elif not board.is_open and not self._port.problem():
            failed = board.failure
            if failed is None or now.mono_ns - failed.at_ns >= RETRY_NS:
                self._open(scan, board, now)

    def _open(self, scan: Scan, board: Board, now: Now) -> None:
        """Ask the broker, if it allows one more: a scan that is only asked about now and then makes
        room for one more."""
        scans = self._port.scans
        is_open = [one for one in self._boards.items() if one[1].is_open]
        if len(is_open) >= scans.scans_max:
            idle = [
                one for other, one in is_open if not self._readers[other] and one.rows is not None
            ]
            if not idle:
                reason = f"{scans.scans_max} scans are open, which is all that the broker allows"
                self._fail(scan, board, Failure(0, reason, now.mono_ns))
                return
            oldest = min(idle, key=lambda one: one.needed_ns)
            scans.close(oldest.number)
            oldest.is_open, oldest.needed_ns = False, 0
        self._numbers += 1
        board.number = self._numbers
        try:
            scans.open(board.number, scan)
        except ValueError as error:
            self._fail(scan, board, Failure(0, str(error), now.mono_ns))
            return
        board.is_open = True

    def _fail(self, scan: Scan, board: Board, failure: Failure) -> None:
        """Those that have asked are answered with it; whoever reads the topic hears nothing, so a
        person is shown it, once."""
        is_known = board.failure is not None and board.failure.reason == failure.reason
        board.failure = failure
        if self._readers[scan] and not is_known:
            self._complaints.append(f"{topic_of(scan)} has no results: {failure.sentence}")

    def _board(self, scan: Scan) -> Board | None:
        """The board of a scan, unless it is one too many: each of them is looked at in every turn,
        so their number must not grow with that of questions."""
        if scan not in self._boards and len(self._boards) >= WANTED_MAX:
            return None
        return self._boards.setdefault(scan, Board(0))

    def _frames(self, scan: Scan, board: Board) -> list[bytes]:
        event = ScannerResultsReceived(board.taken_ns, scan, board.rows or ())
        body = wire.encode_batch(self._source, self._epoch, self._seqs[scan], [event])
        return [wire.topic(topic_of(scan)), body]
