"""The port between what decides about a mirror and the engine that keeps it: NATS, or Kafka.

A stream is one journal's copy: message n is record n. It is called `PREFIX-ROLE-GENERATION`. The
generation is 1 until a person, or a simulator that starts over, begins another stream beside it.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

from tapewire.common.errors import TapewireError

CHAIN: Final = "Tapewire-Chain"
"""The header that has the journal's chain up to the record."""
SEQ: Final = "Tapewire-Seq"
"""The header that has the record's number, where the engine counts in another way."""

TAIL: Final = 1_000
"""So many records are compared where a stream ends; no more are ever under way."""

Kind = Literal["order", "full", "away"]
"""Why records were not taken: the stream does not end where it was thought to, there is no room, or
nobody has answered."""


class MirrorError(TapewireError):
    """A mirror that cannot be reached, or that cannot be used; says what to do."""


AWAY: Final = "start the cluster, or correct cluster.nats; the group trades without it meanwhile"
"""What to do where there is no connection."""


class Line(NamedTuple):
    """A record on its way: its number, the chain up to it, and its bytes."""

    seq: int
    chain: str
    record: bytes


class End(NamedTuple):
    """How far a stream goes: its number of records, the first one's chain, and its last records, as
    many as were asked for. `fault` is what only a person can mend, `note` what is worth telling."""

    stream: str
    generation: int
    seq: int = 0
    first_chain: str = ""
    tail: Sequence[Line] = ()
    fault: str = ""
    note: str = ""

    @property
    def chain(self) -> str:
        """The chain up to the last record; empty without any."""
        return self.tail[-1].chain if self.tail else ""


class Found(NamedTuple):
    """The answer to a look. `tail` is how many records were asked for: where some came twice,
    `end.tail` has fewer."""

    role: str
    end: End
    tail: int


class Published(NamedTuple):
    """How a batch went: up to which record all of it was taken (0: not even the first), and why no
    further. Of a role batches end in the order in which they were given."""

    role: str
    seq: int
    kind: Kind | None = None
    why: str = ""


class Failed(NamedTuple):
    """A look that came to nothing."""

    role: str
    why: str


Outcome = Found | Published | Failed


class Engine(Protocol):
    """Keeps streams. What it is asked to do it begins at once, and never waits for."""

    name: str

    def look(self, role: str, begin: int, tail: int) -> None:
        """Find the newest stream of a role's journal, and how far it goes, with its last `tail`
        records; make one if there is none, or if the newest is older than generation `begin`."""

    def publish(self, role: str, stream: str, lines: Sequence[Line]) -> None:
        """Append records to a stream, in this order and behind those given before."""

    def take(self) -> list[Outcome]:
        """What has come of it since this was last asked."""

    def close(self, wait_s: float) -> None:
        """End, within this time."""


def subject(prefix: str, role: str, generation: int | str) -> str:
    """The subject, in NATS, of a stream."""
    return f"{prefix}.{role}.{generation}"


def stream_name(prefix: str, role: str, generation: int) -> str:
    """The name of a stream, and of a topic."""
    return f"{prefix}-{role}-{generation}"


def generations(prefix: str, role: str, names: Sequence[str]) -> list[int]:
    """The generations of a role's streams among these names, in their order."""
    start = stream_name(prefix, role, 0)[:-1]
    ends = [name.removeprefix(start) for name in names if name.startswith(start)]
    return sorted(int(end) for end in ends if end.isdecimal() and str(int(end)) == end)
