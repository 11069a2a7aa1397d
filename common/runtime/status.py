"""A service's status: what a person or a program is shown of a process."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tapewire.common.clock import Now

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
