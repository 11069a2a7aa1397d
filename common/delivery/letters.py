"""Dead letters: what could not be used, whole, until somebody has looked at it.

A process keeps each in a file of its own (`RUN_DIR/dead-letters/ROLE.sqlite`), with where it came
from, why it could not be used, and all its bytes. A person lists them, drops them, or asks for one
to be handed back (`tapewire dead-letters`); the process that has it sees that within a second, or
at its next start.

What may be handed back
-----------------------
An event that a handler could not take in may come again: events are facts, and whoever folds them
takes each once. What somebody *asks for* may not: whoever asked for an order has asked again since,
or has given up, and an order that appears an hour later is no longer what anybody wants. Nor may
ticks, or bytes that are not a message: reading them again gives the same.

It must not cost more than it is worth
--------------------------------------
Whoever floods a socket with rubbish must not fill the disk or slow the turns. So at most
`A_SECOND_MAX` are written per second, and at most 10,000 are kept, with 64 MB in all: the oldest go
first. Of a single one at most 4 MB are kept. What is not written is counted
(`dead_letters_unwritten`). A commit does not wait for the disk: a power cut may take the last ones.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

from tapewire.common.bus.wire import DeadLetter, WireError
from tapewire.common.clock import Now
from tapewire.common.runtime.metrics import Metrics

RECENT_MAX: Final = 1000
A_SECOND_MAX: Final = 200
LOOK_EVERY_NS: Final = 500_000_000
SHOWN_BYTES: Final = 256
REASON_MAX: Final = 16_384
"""Characters of a reason that are kept: one can quote what it is about, such as a topic."""
_GIVEN_UP: Final = "given up after "


class Letter(NamedTuple):
    """A dead letter as it is kept. `attempts` is how often it was handed to whoever failed on it;
    `wanted` says that somebody asked for it to be handed back."""

    id: int
    ts_ns: int
    origin: str
    reason: str
    body: bytes
    attempts: int
    wanted: bool


def given_up(reason: str, attempts: int) -> str:
    """The reason of an event that its handler failed on: after how many attempts, if there were
    several."""
    return f"{_GIVEN_UP}{attempts} attempts: {reason}" if attempts > 1 else reason


def is_given_up(letter: Letter) -> bool:
    """Whether its handler had several attempts at it, or a person has let it try again."""
    return letter.attempts > 1 or letter.reason.startswith(_GIVEN_UP)


def may_be_handed_back(origin: str) -> bool:
    """Whether what came from there is an event that a handler failed on."""
    return origin.endswith(".events") or origin.startswith("strategy.")


class LetterStore(Protocol):
    """Where dead letters are kept."""

    def keep(self, ts_ns: int, origin: str, reason: str, body: bytes) -> None:
        """Keep a new one; raises OSError where that is not possible."""

    def wanted(self) -> list[Letter]:
        """Those that somebody asked for, oldest first."""

    def failed_again(self, letter: Letter, reason: str) -> None:
        """It was handed back, and it failed."""

    def drop(self, letter_id: int) -> bool:
        """Forget it; whether it was there."""


class DeadLetters:
    """The dead letters of one process: counted, the recent ones at hand, all of them in `store`,
    which may be given later; None keeps them nowhere."""

    def __init__(self, metrics: Metrics) -> None:
        self.recent: deque[DeadLetter] = deque(maxlen=RECENT_MAX)
        self.store: LetterStore | None = None
        self._metrics = metrics
        self._now = Now(0, 0)
        self._second_ns = 0
        self._written = 0  # in this second
        self._handed_back = False  # what fails now is the letter that is tried again
        self._failed = ""
        self._next_look_ns = 0

    def add(self, origin: str, reason: str, body: bytes) -> None:
        """Count and keep one."""
        reason = reason[:REASON_MAX]
        self._metrics.count("dead_letters", label=origin)
        self.recent.append(DeadLetter(origin, reason, body[:SHOWN_BYTES]))
        if self._handed_back:
            self._failed = reason
        elif self.store is not None:
            self._write(self.store, origin, reason, body)

    def add_all(self, letters: Iterable[DeadLetter]) -> None:
        """As `add`."""
        for letter in letters:
            self.add(letter.origin, letter.reason, letter.body)

    def hand_back(self, now: Now, take: Callable[[Letter, Now], str]) -> None:
        """Give `take` each letter that somebody asked for; it returns why it does not take one.
        Call it in every turn: it looks at the file once in a while."""
        self._now = now
        if self.store is None or now.mono_ns < self._next_look_ns:
            return
        self._next_look_ns = now.mono_ns + LOOK_EVERY_NS
        try:
            for letter in self.store.wanted():
                self._hand_back(self.store, letter, now, take)
        except OSError:
            self._metrics.count("dead_letters_unwritten")

    def _hand_back(
        self, store: LetterStore, letter: Letter, now: Now, take: Callable[[Letter, Now], str]
    ) -> None:
        self._handed_back, self._failed = True, ""
        try:
            reason = take(letter, now)
        except WireError as error:
            reason = str(error)
        self._handed_back = False
        if reason := reason or self._failed:
            store.failed_again(letter, reason)
        else:
            self._metrics.count("dead_letters_handed_back", label=letter.origin)
            store.drop(letter.id)

    def _write(self, store: LetterStore, origin: str, reason: str, body: bytes) -> None:
        if self._now.mono_ns - self._second_ns >= 1_000_000_000:
            self._second_ns, self._written = self._now.mono_ns, 0
        self._written += 1
        try:
            if self._written > A_SECOND_MAX:
                raise OSError("too many in one second")
            store.keep(self._now.wall_ns, origin, reason, body)
        except OSError:
            self._metrics.count("dead_letters_unwritten")
