"""Host: what a service is built on, whatever runs it.

Every service is put together by one function, `build` of its package's `composition`, from the
configuration and a host. Live, the host is a `Process` with sockets and files; in a back-test or a
simulation it is a node of the virtual group. Neither changes what is built.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from tapewire.common.bus.access import Access
from tapewire.common.bus.transport import Stream, Transport
from tapewire.common.clock import Clock
from tapewire.common.config.settings import Config
from tapewire.common.runtime.checkpoint import Checkpoints
from tapewire.common.runtime.heads import Heads
from tapewire.common.runtime.journal import Journal, Synchronous


class Host(Protocol):
    """The surroundings of one service."""

    @property
    def role(self) -> str:
        """Its name in the group."""

    @property
    def config(self) -> Config:
        """The group's configuration."""

    @property
    def clock(self) -> Clock:
        """Where its time comes from."""

    @property
    def transport(self) -> Transport:
        """Its channels."""

    @property
    def epoch(self) -> str:
        """Names this start; sorts behind those of all earlier starts of the role."""

    @property
    def access(self) -> Access:
        """What this start's clients may ask of it, and by which tokens it knows them."""

    @property
    def heads(self) -> Heads:
        """What the role remembers of journals, its own among them."""

    def reset(self) -> None:
        """Close the channels and the journal that were opened, to build another service."""

    def journal(self, synchronous: Synchronous = "FULL", *, background: bool = False) -> Journal:
        """The role's journal; with `background` its commits may complete in a later turn.

        Raises `JournalDamagedError` if it does not hold what the role remembers of it.
        """

    def free_bytes(self) -> int | None:
        """How much the disk that the journals are on has free; None: no bound."""

    def journal_lost(self) -> str:
        """Why the role's journal would not be found by its next start; empty if it would."""

    def halt_file(self) -> str | None:
        """What the group's kill switch says; None where nobody has pulled it."""

    def are_rules_confirmed(self) -> bool:
        """Whether a person has started the group with the rules of this configuration, or had them
        taken over; also where that is not known."""

    def ended_start(self, role: str) -> str:
        """Names the newest start of another role if its process is over; empty while it lives, and
        where that cannot be known: nothing may be done because of a process that only is silent."""

    def checkpoints(self) -> Checkpoints | None:
        """Where the group keeps its checkpoint; None where it has none."""

    def serve_stream(self) -> None:
        """Open `events` and `requests`, the two channels of a role that journals."""

    def follow(self, *sources: str) -> tuple[str, ...]:
        """Open the two channels to each source that is followed; returns the sources."""

    def bind(self, channel: str, kind: str, name: str, messages_max: int | None = None) -> None:
        """Open `channel` as the fixed end of the bus's socket `name`. Of what is sent to a client
        that does not read, at most `messages_max` are kept; the rest is dropped."""

    def connect(
        self,
        channel: str,
        kind: str,
        name: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        """Open `channel` to the bus's socket `name`."""

    def connect_outside(self, channel: str, kind: str, address: str, topics: list[bytes]) -> None:
        """Open `channel` to a socket that is not the bus's."""

    def attach(self, channel: str, make: Callable[[], Stream]) -> Callable[[], None]:
        """Poll a byte stream as `channel`; returns what closes it so that it connects again."""
