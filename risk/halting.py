"""Whether a halt is in force: whether the gateway may still write what the halt forbids.

Risk's word travels, so between risk's decision and the gateway's obedience there is a while in
which an order may still go out. A flatten must not close positions beside such an order. Any of
three things ends that while:

*   The gateway has taken in risk's journal up to the halt: its heartbeat says so (`risk_seq`). What
    it wrote before that is in its own journal up to the heartbeat's `seq`, so once this has been
    read as well, every order that went out is known here.
*   The lease is over. A heartbeat carries the head of risk's journal, and the gateway lets nothing
    that adds risk pass unless it has read up to the head that its newest heartbeat names, and that
    heartbeat is not older than the lease. So when the lease of the last heartbeat without the halt
    is over, a gateway that was stopped at any moment, and wakes at any later one, reads the halt
    before it lets anything pass. This holds for a halt of any scope.
*   The gateway's process is over, and known to be: the system has dropped its lock. What is only
    silent may wake up; what is over writes nothing more. It was over after the halt was on disk.
    So whatever process takes the role next has started after that, hears only heartbeats that are
    sent once it listens, and each of them names a head with the halt in it. The system still
    delivers what the process had written before it died, so it must have died a while ago (see
    `departure`). Once this was found, the halt is in force for good.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import Heartbeat

Force = Literal["", "acknowledged", "gone", "expired"]
"""Why a halt is in force; empty while it is not."""
LEASE_NS: Final = 3_000_000_000


class Standing(NamedTuple):
    """How far risk and the gateway have come with each other's journals.

    `head` is what risk's journal has on disk, `emitted` what it will have when all is that was
    emitted so far. `beat` is the gateway's newest heartbeat, and `read` how far its journal is
    read here. `reachable` is whether the liquidation gateway is READY and its past known, `gone`
    whether the gateway's process is over, as was found after `head` was.
    """

    head: int = 0
    emitted: int = 0
    beat: Heartbeat | None = None
    read: int = 0
    reachable: bool = True
    gone: bool = False


Standings = Mapping[str, Standing]
"""Those of all gateways, by the names of their logins."""


class Halting:
    """One halt, from the moment that it is emitted; or from a restart, which may be later."""

    def __init__(self, lease_ns: int) -> None:
        self._lease_ns = lease_ns
        self._seq: int | None = None
        self._durable_mono_ns: int | None = None
        self._gone = False

    def force(self, standing: Standing, now: Now) -> Force:
        """Whether the halt is in force by now, and why."""
        if self._seq is None:
            self._seq = standing.emitted
        if standing.head < self._seq:
            return ""
        if self._durable_mono_ns is None:  # no heartbeat before this moment has it
            self._durable_mono_ns = now.mono_ns
        beat = standing.beat
        if beat is not None and beat.risk_seq >= self._seq and standing.read >= beat.seq:
            return "acknowledged"
        self._gone = self._gone or standing.gone
        if self._gone:
            return "gone"
        return "expired" if now.mono_ns - self._durable_mono_ns > self._lease_ns else ""
