"""Putting a service together, and what takes its place if its journal cannot be trusted.

A process whose journal is damaged must not trade on it, must not write behind the damage, and must
not end either: supervisord would start it again and again, give up, and show the last line of a
log. So it stands by. It opens its stream, says HALTED with the reason in every heartbeat, and does
nothing else. Those who follow it take the fault from the heartbeat and halt as well; a person reads
it in `tapewire up` and `tapewire status`.

It answers no order: whether an intent was taken is in the journal that cannot be read, and "denied"
could be wrong. Risk's stand-in tells whoever asks it something why it cannot, so that `tapewire
halt` does not wait in vain. While risk stands by, its heartbeat says that trading is HALTED.
"""

from collections.abc import Callable
from typing import TypeVar

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CatchUp,
    Control,
    ControlReply,
    Event,
    ProcessState,
    TradingState,
)
from tapewire.common.runtime.heads import with_remedy
from tapewire.common.runtime.host import Host
from tapewire.common.runtime.journal import JournalDamagedError
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.service import Service

H = TypeVar("H", bound=Host)


class StandBy(Service):
    """In place of a service whose journal is damaged: alive, HALTED, and without a past."""

    def __init__(self, host: Host, fault: str) -> None:
        host.serve_stream()
        super().__init__(
            host.role, host.transport, host.clock,
            epoch=host.epoch, journal=MemoryJournal(),
            heartbeat_ms=host.config.risk.heartbeat_ms,
        )  # fmt: skip
        self.journal_fault = fault[:TEXT_MAX]

    def on_request(self, sender: bytes, event: Event, now: Now) -> None:
        """Answers whoever asks for a decision with why there is none, and nobody else."""
        if isinstance(event, Control):
            text = with_remedy(self.role, self.journal_fault)[:TEXT_MAX]
            self.reply(sender, ControlReply(ok=False, state="HALTED", text=text))

    def on_catch_up(self, question: CatchUp, sender: bytes, now: Now) -> None:
        """There is no past to give; the heartbeat says why."""

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """HALTED, until a person has put the journal right."""
        return "HALTED", with_remedy(self.role, self.journal_fault)

    def trading(self) -> TradingState | None:
        """Nothing that adds risk, if it is risk that stands by."""
        return "HALTED" if self.role == roles.RISK else None


def assemble(host: H, build: Callable[[H], Service]) -> Service:
    """Build the service, or what stands by for it; with what the process remembers of others, and
    the door that its clients come through."""
    service: Service
    try:
        service = build(host)
    except JournalDamagedError as error:
        host.reset()
        service = StandBy(host, sentence(host.role, error))
    else:
        service.remember(host.heads)
    service.door.access = host.access
    return service


def sentence(role: str, error: JournalDamagedError) -> str:
    """The error with the role that it is about."""
    text = str(error)
    return text if text.startswith(f"{role}'s journal") else f"{role}'s journal is damaged: {text}"
