"""Position lists: whether what is known of positions can be relied on, and asking again if not.

The broker reports positions as they change, and lists all of them when it is asked to. What is
known here is behind the broker by whatever waits unread in the connection. That is a few messages
usually, and any number of them after this process did not get a turn for a while.

A list ends that doubt. The broker answers in order, so the end of a list that was asked for after
the doubt arose comes behind everything that waited: by then the backlog has been read, and every
position was named or is flat. A list that was under way when the doubt arose does not count, and
neither does one in which something could not be read.

One question is out at a time, unless its answer is late. Each end answers the oldest question that
is still open: an end may be late, and must not pass for the answer to a newer question. So where
one never came, every end seems to answer the question before. Then one more is asked, and its end
makes up for the missing one.
"""

from collections import deque
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import Event
from tapewire.gateway.orders.holdings import Holdings

AGAIN_NS: Final = 1_000_000_000
AGAIN_MAX_NS: Final = 10_000_000_000


def again_ns(failures: int) -> int:
    """How long to wait for the next question after so many lists that could not be read: 1 s, 2 s,
    4 s ... 10 s. Each costs the broker's limit on messages, which closing orders share."""
    return min(AGAIN_NS << min(max(failures, 1) - 1, 10), AGAIN_MAX_NS)


class Question(NamedTuple):
    """A list that was asked for and has not come to its end."""

    number: int
    asked_mono_ns: int


class PositionLists:
    """The questions of one gateway, numbered. `ask` puts one to the broker, and returns whether one
    that waits there will do (see `Broker.query_positions`). None of it is durable.

    `unsure` says why positions are not relied on, in a sentence; it is empty while they are. An
    answer is late after `late_ms`.
    """

    def __init__(self, holdings: Holdings, ask: Callable[[], bool], late_ms: int = 10_000) -> None:
        self.confirmed = 0  # the last question that was answered in full
        self._holdings = holdings
        self._ask = ask
        self._late_ns = late_ms * 1_000_000
        self._asked = 0
        self._needed = self._wanted = 1
        self._why = "since it connected"
        self._open: deque[Question] = deque()
        self._asked_mono_ns = 0
        self._end_came = False  # since the last question
        self._failures = 0  # lists in a row that could not be read

    def __repr__(self) -> str:
        return f"<PositionLists {self.unsure or 'relied on'}, {len(self._open)} open>"

    @property
    def unsure(self) -> str:
        """Why positions are not relied on; empty if they are."""
        if self.confirmed >= self._needed:
            return ""
        return f"the broker has not listed all positions {self._why}"

    @property
    def asked_ns(self) -> int | None:
        """When the newest of the lists under way was asked for; None while none is."""
        return self._asked_mono_ns if self._open else None

    @property
    def rests(self) -> bool:
        """Whether no list is under way or to be asked for."""
        return not self._open and self.confirmed >= max(self._needed, self._wanted)

    def latest(self, now: Now) -> int:
        """The number of a list that is under way, for whoever wants one without being in doubt; one
        is asked for if there is none."""
        if not self._open:
            self._put(now)
        return self._asked

    def doubt(self, why: str) -> int:
        """Something may have changed them unseen: `why` continues `has not listed all positions`.

        Returns the number of the question whose answer ends the doubt; `tick` puts it.
        """
        self.need(self._asked + 1, why)
        return self._needed

    def want(self) -> int:
        """Something has changed for a few orders alone: a list that is asked for from now on is
        wanted, and nothing is in doubt until one of these `need`s it. Returns its number."""
        self._wanted = self._asked + 1
        return self._wanted

    def need(self, number: int, why: str) -> None:
        """Positions are in doubt until the list of this number has come; see `doubt` for `why`."""
        if number >= self._needed:
            self._needed, self._why = number, why

    def asked(self, now: Now) -> int:
        """A list was asked for, by `ask` or together with all else at the start of a session.
        Returns its number."""
        if not self._open:
            self._holdings.asked()
        self._asked += 1
        self._open.append(Question(self._asked, now.mono_ns))
        self._asked_mono_ns, self._end_came = now.mono_ns, False
        return self._asked

    def completed(self, now: Now, accounts: Collection[str]) -> list[Event]:
        """A list of these accounts has come to its end: what it did not name is flat, if all of it
        was read."""
        if not self._open:
            return []
        question, whole = self._open.popleft(), self._holdings.listing
        events = self._holdings.report_complete(now.wall_ns, accounts)
        self._failures = 0 if whole else self._failures + 1
        if whole:
            self.confirmed = question.number
        self._end_came = True
        if self._open:
            self._holdings.asked()
        return events

    def unreadable(self) -> None:
        """Something could not be read: the list that is under way may lack a position."""
        self._holdings.unreadable()

    def lost(self) -> None:
        """The connection is gone: nothing that was asked on it will be answered."""
        self._open.clear()
        self._holdings.forget_question()
        self.doubt("since it connected again")

    def tick(self, now: Now) -> None:
        """Ask, where a list is needed and none that would do is under way; only when connected."""
        last = max(self._needed, self._wanted)
        if self.confirmed >= last:
            return
        waited_ns = now.mono_ns - self._asked_mono_ns
        if self._open:
            due = self._end_came or waited_ns > self._late_ns
        else:
            due = self._asked < last or waited_ns > again_ns(self._failures)
        if due:
            self._put(now)

    def _put(self, now: Now) -> None:
        """Ask. Where a list that is not begun yet will do, its end answers this question as well
        as the one that it was asked for, so it goes by the newer number."""
        if self._ask() and self._open:
            self._open.pop()
        self.asked(now)
