"""A service's status: what a person or a program is shown of a process."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tapewire.common.bus.streams import Follower
from tapewire.common.clock import Now
from tapewire.common.events import ProcessState
from tapewire.common.runtime.heads import with_remedy
from tapewire.common.runtime.journal import Journal
from tapewire.common.runtime.metrics import Metrics

if TYPE_CHECKING:
    from tapewire.common.runtime.service import Service


def status_of(service: "Service", now: Now) -> Mapping[str, Any]:
    """All of it, JSON-able."""
    state, reason = service.reported_state(now)
    head = service.stream.journal.head if service.stream else None
    return {
        "role": service.role,
        "state": state,
        "reason": reason,
        "epoch": service.epoch,
        "journal_seq": head.seq if head else None,
        "gaps": {one.source: one.gaps for one in service.followers.values()},
        **service.metrics.snapshot(),
        **service.detail(),
    }


def watch_streams(
    metrics: Metrics, followers: Mapping[str, Follower], journal: Journal | None
) -> None:
    """Show how many gaps there were in what is followed, and how far the own journal goes."""
    metrics.watch("gaps", lambda: {one: f.gaps for one, f in followers.items()}, "counter")
    metrics.watch("journal_seq", lambda: {"": journal.head.seq} if journal is not None else {})


def following(followers: Iterable[Follower]) -> tuple[ProcessState, str]:
    """READY once every followed source has sent something and its past is known."""
    waiting_for = []
    for follower in followers:
        if follower.fault:
            return "HALTED", with_remedy(follower.source, follower.fault)
        if not follower.caught_up:
            waiting_for.append(follower.source)
    return ("WAITING", f"waiting for {', '.join(waiting_for)}") if waiting_for else ("READY", "")
