"""What a simulation of the real code did with each signal, as steps of the model.

A step is a change of one of three states: what the executor's journal says of the signal's order,
what the gateway's says, and what the broker did with it. A journal's record is there before anybody
else learns of it, so whoever looks at every message sees the three change in their true order; of
two processes that have both written since the last message, the gateway's record is taken first.

Only plain orders are followed: not those of groups or combos, and of an order that somebody
modified, or that TWS made something else of, no more than what came before. Nor is one of which
something was decided on a full disk: that is written down once there is room, and is old by then.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    Event,
    OrderModifyIntended,
    Signal,
)
from tapewire.common.runtime.journal import events_of
from tapewire.simulator.audit import Line
from tapewire.virtual.world import World
from tests.model import checker
from tests.model.moves import FIRST, executor_says, gateway_after, signal_of
from tests.simulation.watch import Watch

BROKER: Final = {
    "PreSubmitted": "WORKING",
    "Submitted": "WORKING",
    "Filled": "DONE",
    "Cancelled": "GONE",
    "ApiCancelled": "GONE",
    "Inactive": "REFUSED",
}
"""What TWS's word for an order is in the model."""
LATE_NS: Final = 1_000_000_000
"""In which all is written down that had to wait for room on the disk."""


class States(NamedTuple):
    """What is known of a signal, in the model's words."""

    executor: str = "NONE"
    gateway: str = "NONE"
    broker: str = "NONE"


class Tracing(Watch):
    """A watch that also keeps `steps`, with how often each was taken."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.steps: Counter[str] = Counter()
        self.followed: dict[str, States] = {}
        self._world: World | None = None
        self._read: Counter[str] = Counter()
        self._left: set[str] = set()  # signals that are not plain orders, or are no more
        self._full_ns: dict[str, int] = {}  # when a role's disk was last seen full

    def attach(self, world: World) -> None:
        """The world, once there is one."""
        super().attach(world)
        self._world = world

    def sent(self, sender: str, channel: str, frames: Sequence[bytes]) -> None:
        """A message: what was written before it is on disk."""
        super().sent(sender, channel, frames)
        self._look()

    def audited(self, lines: list[Line]) -> None:
        """What the broker did, after all that was written before."""
        self._look()
        super().audited(lines)
        for line in lines:
            self._at_broker(line)

    def unknown(self) -> Iterator[str]:
        """The steps that the model cannot take."""
        for step in sorted(self.steps.keys() - checker.table()):
            yield f"the model of the intent protocol has no step {step}"

    def _look(self) -> None:
        for event in self._news(roles.GATEWAY):
            self._at_gateway(event, is_late=self._has_waited(roles.GATEWAY))
        for event in self._news(roles.EXECUTOR):
            self._at_executor(event, is_late=self._has_waited(roles.EXECUTOR))

    def _news(self, role: str) -> Iterator[Event]:
        if self._world is None:
            return  # nothing was traded yet
        journal = self._world.nodes[role].records
        if journal.full:
            self._full_ns[role] = self._world.clock.mono_ns()
        if journal.head.seq > self._read[role]:
            yield from events_of(journal, self._read[role] + 1)
            self._read[role] = journal.head.seq

    def _has_waited(self, role: str) -> bool:
        full_ns = self._full_ns.get(role)
        assert self._world is not None
        return full_ns is not None and self._world.clock.mono_ns() - full_ns < LATE_NS

    def _at_gateway(self, event: Any, *, is_late: bool) -> None:
        signal = signal_of(event)
        if is_late or isinstance(event, OrderModifyIntended):
            self._left.add(signal)
        before = self.followed.get(signal, States()).gateway
        self._step(signal, gateway=gateway_after(before, event))

    def _at_executor(self, event: Event, *, is_late: bool) -> None:
        if (told := executor_says(event)) is not None:
            if is_late:
                self._left.add(told[0])
            self._step(told[0], executor=told[1])

    def _at_broker(self, line: Line) -> None:
        if line["kind"] not in ("order", "status") or line["client_id"] != self._client_id:
            return  # another client may use our tags; a signal's order is the gateway's
        signal = line["order_ref"].removesuffix(FIRST)
        if line["kind"] == "status":
            self._step(signal, broker=BROKER[line["status"]])
        elif line["event"] in ("modified", "made"):  # "made": TWS's own, under the same tag
            self._left.add(signal)
        else:
            self._step(signal, broker="REFUSED" if line["event"] == "rejected" else "WORKING")

    def _step(self, signal: str, **changed: str) -> None:
        if not isinstance(self.signals.get(signal), Signal) or signal in self._left:
            return
        before = self.followed.get(signal, States())
        after = before._replace(**changed)
        if after != before:
            self.followed[signal] = after
            self.steps[f"{' '.join(before)} > {' '.join(after)}"] += 1
