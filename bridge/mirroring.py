"""What to mirror next, and what an answer means: one journal at one engine, without any I/O.

Why nothing is there twice, and nothing is missing
--------------------------------------------------
Record n of a journal is message n of its stream. The engine itself refuses record n unless the
stream ends at n - 1, so whatever is lost, late or repeated on the way there, a stream can only be a
beginning of the journal. (Kafka has no such condition: see `kafka_engine`.) This class therefore
needs no memory on disk, and none of what it believes is ever trusted for long:

*   It looks where the stream ends, and compares the last records there with the journal's own of
    those numbers, chains and bytes. It compares as many as may ever be under way. The last one
    alone would not do: if somebody else writes message n in mid-run, record n is refused, and those
    behind it fit again.
*   It publishes from there on, several batches at a time, without waiting for each answer. What is
    confirmed counts up to the first record that was not.
*   Whatever goes wrong, it stops publishing, waits until every batch has ended in one way or
    another, and looks again. An answer that was lost is found that way: the stream is longer than
    what was confirmed. A batch that still lies somewhere in the network and arrives after the look
    does no harm: either it fits, and then what is published next is refused and a further look
    shows why, or it is refused itself.

What it never does
------------------
It never changes what is in a stream. Where the stream has another record than the journal, is
longer, or has lost its beginning, only a person can know which is right. The mirror of that journal
stops with a sentence, and looks again now and then, in case the person has begun another stream.

The one exception is a group on the simulator, whose account starts over with each start of the
group, and with it the journals (`starts_over`): a stream of a journal that is another one from its
first record on is left as it is, and the next generation begins beside it.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from tapewire.bridge.engine import TAIL, End, Found, Line, Published
from tapewire.common.amounts import counted
from tapewire.common.clock import Now
from tapewire.common.delivery.backoff import BackOff

BATCHES: Final = 2
"""So many are under way at a time: while the engine writes one, the next is there."""
BATCH: Final = TAIL // BATCHES
LOOK_AGAIN_NS: Final = 10_000_000_000
"""So long after it has stopped a mirror looks whether a person has mended it."""
LOOK_IDLE_NS: Final = 30_000_000_000
"""So long after the last look one that has nothing to do looks whether all is still there."""
MOMENTS: Final = 1_000

Phase = Literal["LOOK", "LOOKING", "GOING", "DRAINING", "STOPPED"]


class Look(NamedTuple):
    """Ask the engine where the stream ends, with so many records of its `tail`; make one of
    generation `begin` if there is no newer."""

    begin: int = 1
    tail: int = TAIL


class Send(NamedTuple):
    """Read up to `limit` records from `seq` on, and hand them to `sending`."""

    seq: int
    limit: int


class Mirror:
    """One journal's mirror. `acked` is the last record that the engine has confirmed."""

    def __init__(self, role: str, seed: str, *, starts_over: bool) -> None:
        self.role = role
        self.phase: Phase = "LOOK"
        self.stream = ""
        self.acked = 0
        self.fault = ""
        self.note = ""
        self._starts_over = starts_over
        self._journal = 0  # up to where the journal may be mirrored
        self._sent = 0
        self._sent_chain = ""
        self._under_way = 0  # batches
        self._begin = 1
        self._due_ns = 0
        self._failures = 0
        self._back_off = BackOff(f"{seed} {role}")
        self._moments: deque[tuple[int, int]] = deque()

    def __repr__(self) -> str:
        return f"<Mirror {self.role} {self.phase} {self.acked}/{self._journal}>"

    # ---- what comes in -------------------------------------------------------------------------

    def on_journal(self, seq: int, now: Now) -> None:
        """How far the journal goes, of what is on the disk."""
        if seq > self._journal:
            self._note_moment(seq, now)
        self._journal = seq
        if self.phase != "STOPPED" and seq < self._sent:
            self._stop(_cut(self.role, self._sent, seq), now)

    def on_found(self, found: Found, first_chain: str, here: Sequence[Line], now: Now) -> None:
        """Where the stream ends; of the journal the chain at record 1, and its records of the
        numbers that `found.end.tail` has, as far as it goes."""
        end = found.end
        is_brief = not end.fault and found.tail < min(end.seq, TAIL)
        if is_brief and end.seq != self.acked:
            self._look_at(now.mono_ns)  # a brief look has found a change; have all of it
            return
        goes_on, self.stream, self.note = end.stream == self.stream, end.stream, end.note
        if fault := end.fault or self._difference(end, here):
            if self._starts_over and not end.fault and end.first_chain != first_chain:
                self._begin = end.generation + 1
                self._look_at(now.mono_ns)
            else:
                self._stop(fault, now)
            return
        if goes_on and end.seq < self.acked:
            lost = self.acked - end.seq
            self.note = f"{counted(lost, 'record')} that it had confirmed are mirrored again"
        self.acked = self._sent = end.seq
        self._sent_chain = end.chain
        self.phase, self.fault = "GOING", ""
        self._due_ns = now.mono_ns + LOOK_IDLE_NS
        self._forget_moments()

    def on_published(self, outcome: Published, now: Now) -> None:
        """A batch has ended. Behind one of which a record was not taken nothing counts."""
        self._under_way -= 1
        if outcome.seq > self.acked and self.phase == "GOING":
            self.acked = outcome.seq
            self._failures = 0
            self._forget_moments()
        if outcome.kind is not None and self.phase in ("GOING", "DRAINING"):
            self.phase, self.fault = "DRAINING", "" if outcome.kind == "order" else outcome.why
        if self.phase == "DRAINING" and not self._under_way:
            self._look_later(now)

    def on_failure(self, why: str, now: Now) -> None:
        """The look came to nothing, or the journal could not be read."""
        if self.phase == "STOPPED":
            return
        self.fault = why
        if self._under_way:
            self.phase = "DRAINING"
        else:
            self._look_later(now)

    # ---- what goes out -------------------------------------------------------------------------

    def next(self, now: Now) -> Look | Send | None:
        """What is to be done now; ask until there is nothing."""
        is_due = now.mono_ns >= self._due_ns and self._journal and not self._under_way
        if self.phase in ("LOOK", "STOPPED") and is_due:
            if self.phase == "STOPPED":
                self._due_ns = now.mono_ns + LOOK_AGAIN_NS
            else:
                self.phase = "LOOKING"
            return Look(self._begin)
        if self.phase == "GOING" and self._under_way < BATCHES and self._sent < self._journal:
            return Send(self._sent + 1, min(BATCH, self._journal - self._sent))
        if self.phase == "GOING" and is_due:
            self.phase = "LOOKING"
            return Look(self._begin, tail=1)
        return None

    def sending(self, before: str, lines: Sequence[Line], now: Now) -> bool:
        """The records that `Send` has asked for, and the chain before them; whether to publish
        them. It must be the journal that the last ones were of."""
        if self._sent and before != self._sent_chain:
            self._stop(_another(self.role, self._sent), now)
            return False
        if not lines:
            self.on_failure(f"{self.role}'s journal has no record {self._sent + 1}", now)
            return False
        self._sent, self._sent_chain = lines[-1].seq, lines[-1].chain
        self._under_way += 1
        return True

    # ---- how it is -----------------------------------------------------------------------------

    @property
    def is_stopped(self) -> bool:
        """Whether only a person can let it go on."""
        return self.phase == "STOPPED"

    @property
    def lag_records(self) -> int:
        """How many records of the journal the engine has not confirmed."""
        return max(self._journal - self.acked, 0)

    def lag_ns(self, now: Now) -> int:
        """For how long the oldest record that is not confirmed has been there, or has been known
        to this process; by the monotonic clock."""
        return now.mono_ns - self._moments[0][1] if self._moments else 0

    # ---- inside --------------------------------------------------------------------------------

    def _difference(self, end: End, here: Sequence[Line]) -> str:
        """What is wrong with a stream that ends there; empty if nothing is."""
        for mirrored, own in zip(end.tail, here, strict=False):
            if mirrored != own:
                return (
                    f"record {own.seq} of {end.stream} is not that of {self.role}'s journal: the"
                    " stream is of another journal, or somebody else has written to it"
                )
        if len(here) < len(end.tail):
            return (
                f"{end.stream} has {counted(end.seq, 'record')}, and {self.role}'s journal only"
                f" {self._journal}: the journal was cut, or replaced by another one"
            )
        return ""

    def _stop(self, fault: str, now: Now) -> None:
        self.phase, self.fault = "STOPPED", f"{fault}; {_remedy(self.role)}"
        self._due_ns = now.mono_ns + LOOK_AGAIN_NS

    def _look_later(self, now: Now) -> None:
        self._failures += 1
        self._look_at(now.mono_ns + self._back_off.wait_ns(self._failures))

    def _look_at(self, due_ns: int) -> None:
        self.phase, self._due_ns = "LOOK", due_ns

    def _note_moment(self, seq: int, now: Now) -> None:
        """Remember since when there is a record `seq`. Of many moments the newest records share
        one, so that a long outage takes no memory."""
        if len(self._moments) >= MOMENTS:
            _, since_ns = self._moments.pop()
            self._moments.append((seq, since_ns))
        else:
            self._moments.append((seq, now.mono_ns))

    def _forget_moments(self) -> None:
        while self._moments and self._moments[0][0] <= self.acked:
            self._moments.popleft()


def _remedy(role: str) -> str:
    return (
        f"`tapewire mirror begin {role}` begins another stream beside it, `tapewire mirror restore`"
        " rebuilds the journals of an empty run directory from it"
    )


def _cut(role: str, seen: int, seq: int) -> str:
    return (
        f"{role}'s journal ends at record {seq}, and {seen} were mirrored: it was cut, or replaced"
        " by another one"
    )


def _another(role: str, seq: int) -> str:
    return f"{role}'s journal has another record {seq} than was mirrored: it was replaced"
