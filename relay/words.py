"""What a relay and the door say to each other, beside what they pass on: MessagePack, by `kind`.

These are not events of the group: nobody else reads them, and they are in no journal.
"""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec

from tapewire.common.events import TEXT_MAX, ProcessState

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""The number of a record; SQLite knows no larger ones."""


class ClockAsked(msgspec.Struct, array_like=True, tag="clock.asked", frozen=True):
    """What time is it at home? `sent_ns` is the monotonic time of whoever asks."""

    sent_ns: int


class ClockAnswered(msgspec.Struct, array_like=True, tag="clock.answered", frozen=True):
    """Home's wall clock when the question came, and when this left; `sent_ns` as it was asked.
    `mono_ns` is home's monotonic clock when this left, `boot_ns` the one that goes on while home's
    machine is suspended."""

    sent_ns: int
    received_ns: int
    answered_ns: int
    mono_ns: int
    boot_ns: int = 0


Counts = dict[str, int | float]
Figures = dict[str, int | float | None]


class ProcessReported(msgspec.Struct, kw_only=True, frozen=True):
    """What is taken in of a process's status: what commands and pages show, each of its type, so
    that a host that was taken over cannot break them. Anything else that a status has is left."""

    role: str
    state: ProcessState
    reason: str
    epoch: str
    ts_ns: int
    pid: int
    ended: str = ""
    died: bool = False
    gaps: dict[str, int] = {}
    counters: Counts = {}
    gauges: Figures = {}
    hops_us: dict[str, Figures] = {}
    times_us: dict[str, Figures] = {}
    clock: dict[str, int] = {}
    read: dict[str, int] = {}
    loaded: str = ""
    hints: list[str] = []
    signals: int = 0
    failures: int = 0
    stopped: str = ""
    was_stopped: str = ""
    unanswered: int = 0
    missed: dict[str, int] = {}
    topics: dict[str, dict[str, str | int]] = {}


class HostReported(msgspec.Struct, array_like=True, tag="host.reported", frozen=True):
    """How the processes of a host are, by role; what its kill switch says, None where nobody has
    pulled it; and the digests of what it is configured with (`tapewire.common.config.shared`), none
    where a former version reports."""

    statuses: dict[str, ProcessReported]
    halt: str | None = None
    configured: dict[str, str] = {}


class CheckpointAsked(msgspec.Struct, array_like=True, tag="checkpoint.asked", frozen=True):
    """What has home's checkpoint from this record on?"""

    from_seq: Seq


class CheckpointPart(msgspec.Struct, array_like=True, tag="checkpoint.part", frozen=True):
    """Some records of home's checkpoint, which has `seq` of them, in the wire version `version`.
    `chain` is the hash over all of them, and names this checkpoint. With `seq` 0 there is none."""

    version: int
    seq: Seq
    chain: str
    from_seq: Seq = 1
    records: list[bytes] = []


class ChainsAsked(msgspec.Struct, array_like=True, tag="chains.asked", frozen=True):
    """Which chain have home's journals at these records? By the role whose journal it is."""

    seqs: dict[str, Seq]


class ChainsAnswered(msgspec.Struct, array_like=True, tag="chains.answered", frozen=True):
    """The chains that were asked for; empty where a journal does not go that far."""

    chains: dict[str, str]


PastAsked = CheckpointAsked | ChainsAsked
PastAnswered = CheckpointPart | ChainsAnswered
Word = ClockAsked | ClockAnswered | HostReported | PastAsked | PastAnswered
WORD_MAX_BYTES: Final = 1_000_000

encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Word] = msgspec.msgpack.Decoder(Word)


def reported(
    statuses: Mapping[str, Mapping[str, Any]],
    halt: str | None = None,
    configured: Mapping[str, str] = MappingProxyType({}),
) -> HostReported:
    """The report of these status files; without any that is not what a status is like."""
    found: dict[str, ProcessReported] = {}
    for role, status in statuses.items():
        with contextlib.suppress(msgspec.ValidationError):
            found[role] = msgspec.convert(status, ProcessReported)
    return HostReported(found, halt, {**configured})


def shortened(report: HostReported) -> HostReported:
    """The report with nothing but what and how each process is: no figures, no tables."""
    brief = {role: _brief(one) for role, one in report.statuses.items()}
    return HostReported(brief, report.halt, report.configured)


def _brief(one: ProcessReported) -> ProcessReported:
    reason = "; ".join(filter(None, [one.reason[:TEXT_MAX], "its figures are not reported"]))
    return ProcessReported(
        role=one.role, state=one.state, reason=reason, epoch=one.epoch, ts_ns=one.ts_ns,
        pid=one.pid, ended=one.ended[:TEXT_MAX], died=one.died, clock=one.clock,
    )  # fmt: skip


def decode(body: bytes) -> Word:
    """The word in `body`; raises `ValueError` for anything else."""
    if len(body) > WORD_MAX_BYTES:
        raise ValueError(f"{len(body)} bytes; expected at most {WORD_MAX_BYTES}")
    return _decoder.decode(body)  # what it raises is a ValueError
