"""Fetching: home's checkpoint, for the strategies of a far host to start from.

At home a start reads the group's checkpoint and what the journals have got since. On a far host it
would read all journals from record 1. So the relay fetches the checkpoint once, when it starts, and
the strategies wait meanwhile: the relay writes down home's time after that, and they start with it.

It is asked for part by part, each with the number of the record that comes next. So an answer that
was lost is asked for again, and one that comes late means nothing. The keeper at home may make
another checkpoint meanwhile: then it is begun again.

What could go wrong, and why this is enough
-------------------------------------------
*   What came is used as a whole or not at all. The hash over all records has to be the one that
    home has named, and the checkpoint has to be one that home's own processes would use.
*   The journals at home may be others than those it was made of: the simulator's start over. A
    strategy that began with it would be told by its sources that their journals are not the ones
    that it knows, and would take nothing from them. So home is asked for the chain of each journal
    at the record where its section ends, and all have to be those of the checkpoint.
*   Home may be silent, slow or hostile. What is kept is bounded, and so is the time: then the
    strategies read from record 1, as they do without a checkpoint.
*   Over a slow link a part takes long. If it were asked for again and again meanwhile, the link
    would carry it as often, and home's time would wait behind it. So what had to be asked for again
    makes the next wait longer, and what comes a second time still shows that home answers.
*   To look at a large checkpoint takes seconds, in which nothing is asked. So silence is a number
    of questions without an answer, and not a time since the last one.
*   A strategy ends at a record that it cannot read, and would do so at each start. So each record
    is decoded as it comes.
*   A file from elsewhere is never opened: only records come, and the file is written here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.events import RecordKept
from tapewire.common.instruments import Instrument
from tapewire.common.retention.executions import GROUP
from tapewire.common.runtime.checkpoint import Checkpoint
from tapewire.common.runtime.journal import GENESIS, Head, Journal, JournalError, link
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.relay.words import (
    ChainsAnswered,
    ChainsAsked,
    CheckpointAsked,
    CheckpointPart,
    PastAnswered,
    PastAsked,
)

BYTES_MAX: Final = 64 * 1024 * 1024
RECORDS_MAX: Final = 500_000
"""Each record takes memory beside its bytes."""
AGAIN_NS: Final = 1_000_000_000
AGAIN_MAX_NS: Final = 4_000_000_000
"""How long an answer is waited for: twice as long each time that it was not long enough."""
TRIES: Final = 3
"""It is given up where none of so many questions is answered."""
SILENT_NS: Final = 7_000_000_000
"""How long that takes, if every answer came in time before."""
LONGEST_NS: Final = 120_000_000_000
"""It is given up after this, whatever still comes."""


class Fetching:
    """One fetch. Once it `is_over`, `found` has the checkpoint: None if home has none, or if there
    is a `fault`, a sentence on why it is not used. Times are monotonic."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.is_over = False
        self.fault = ""
        self.found: Journal | None = None
        self._instruments = tuple(instruments)
        self._head: Head | None = None
        self._records: list[bytes] = []
        self._chains: list[str] = []  # up to each of them
        self._bytes = 0
        self._ends: dict[str, Head] | None = None  # once all records are here
        self._began_ns: int | None = None
        self._asked_ns: int | None = None
        self._again_ns = AGAIN_NS
        self._unanswered = 0

    def __repr__(self) -> str:
        state = self.fault or ("over" if self.is_over else f"{len(self._records)} records")
        return f"<Fetching: {state}>"

    def question(self, mono_ns: int) -> PastAsked | None:
        """What to ask now; None while an answer is waited for, and when it is over."""
        if self._began_ns is None:
            self._began_ns = mono_ns
        if self._asked_ns is not None and mono_ns - self._asked_ns < self._again_ns:
            return None
        if self.is_over or self._is_given_up(mono_ns - self._began_ns):
            return None
        if self._unanswered:
            self._again_ns = min(2 * self._again_ns, AGAIN_MAX_NS)
        self._asked_ns = mono_ns
        self._unanswered += 1
        if self._ends is not None:
            return ChainsAsked({source: end.seq for source, end in self._ends.items()})
        return CheckpointAsked(len(self._records) + 1)

    def came(self, answer: PastAnswered, mono_ns: int) -> None:
        """Take an answer; ask for the next at once."""
        if self.is_over:
            return
        if isinstance(answer, ChainsAnswered):
            self._on_chains(answer)
            return
        self._unanswered = 0
        if self._asked_ns is not None:
            self._asked_ns = mono_ns
        if self._ends is None and self._is_next(answer):
            self._asked_ns = None
            self._take(answer)

    def _is_given_up(self, took_ns: int) -> bool:
        if self._unanswered >= TRIES:
            self._end(f"home has not answered {TRIES} questions about it")
        elif took_ns >= LONGEST_NS:
            self._end(f"it has not come within {LONGEST_NS // 10**9} s")
        return self.is_over

    def _is_next(self, part: CheckpointPart) -> bool:
        """Whether a part is what was asked for; of another checkpoint it is begun again."""
        head = Head(part.seq, part.chain)
        if head != self._head:
            self._head, self._bytes, self._asked_ns = head, 0, None
            self._records, self._chains = [], []
        return not part.seq or part.from_seq == len(self._records) + 1

    def _take(self, part: CheckpointPart) -> None:
        self._records += part.records
        self._bytes += sum(map(len, part.records))
        if not part.seq:
            self._end()
        elif part.version != wire.WIRE_VERSION:
            self._end(f"it is of wire version {part.version}, expected {wire.WIRE_VERSION}")
        elif self._bytes > BYTES_MAX or part.seq > RECORDS_MAX:
            self._end(f"it is too large: expected {BYTES_MAX:,} bytes, {RECORDS_MAX:,} records")
        elif not part.records or len(self._records) > part.seq:
            self._end(f"record {part.from_seq} of {part.seq} cannot be sent, or is not of it")
        elif self._is_readable(part.records) and len(self._records) == part.seq:
            self._read(part.chain)

    def _is_readable(self, records: Sequence[bytes]) -> bool:
        """Whether records can be read, and what they hold; their chains are noted."""
        chain = self._chains[-1] if self._chains else GENESIS
        try:
            for record in records:
                self._chains.append(chain := link(chain, record))
                event = wire.decode_event(record)
                if isinstance(event, RecordKept):
                    wire.decode_event(event.record)
        except wire.WireError as error:
            self._end(f"it has a record that cannot be read: {error}")
        return not self.is_over

    def _read(self, chain: str) -> None:
        """All of it is here: look at it from end to end, as each start does."""
        if self._chains[-1] != chain:
            self._end("it is not what home has: its records have another hash")
            return
        journal = MemoryJournal()
        journal.replace((self._records, self._chains))
        try:
            checkpoint = Checkpoint(journal, self._instruments)
        except JournalError as error:
            self._end(str(error))
            return
        self.found = journal
        ends = checkpoint.ends.keys() - {GROUP}
        self._ends = {source: checkpoint.head(source) for source in ends}

    def _on_chains(self, answer: ChainsAnswered) -> None:
        if self._ends is None:  # nobody has asked
            return
        for source, end in self._ends.items():
            chain = answer.chains.get(source, GENESIS)
            if chain != end.chain or (end.seq and not chain):
                self._end(f"{source}'s journal at home has another record {end.seq}, or none")
                return
        self._end()

    def _end(self, fault: str = "") -> None:
        self.is_over, self.fault = True, fault
        self._records, self._chains = [], []
        if fault:
            self.found = None
