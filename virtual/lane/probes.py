"""Probes: how the line to the broker was kept up while rows were run as columns.

Where nothing came over it for a while, a gateway asked the broker for its time: see
`gateway.tws.pulse`. The answer also says that all that was sent before has been read, and that
counts against the broker's limit for a second more (`gateway.pace`). So a burst of orders soon
after a silence goes in parts, and the probes of a stretch have to be known where it ends.

They are sent in turns without a row: the idle ones, and those in which heartbeats arrive a hop
later. Only those of the last seconds can still matter, and the first one: it takes in what was sent
before the stretch.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tapewire.common.ticks.table import Times
from tapewire.gateway.pace import SECOND_NS
from tapewire.virtual.direct.adapter import DirectBroker
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import World

ROUND_NS: Final = 2 * HOP_NS
LAST_NS: Final = 2 * SECOND_NS
"""For how long a probe can still matter: what it showed to be read counts for a second."""


class Silence(NamedTuple):
    """From when to when nothing came over the line."""

    from_ns: int
    to_ns: int


def caught_up(adapter: DirectBroker, heard_ns: Times, now_ns: int, world: World) -> None:
    """Rows came over the line at `heard_ns`, in order; nothing is on its way at `now_ns`."""
    for silence in _silences(adapter, heard_ns, now_ns):
        adapter.pulse.caught_up(silence.from_ns)
        _probe(adapter, silence.to_ns, world)
    if len(heard_ns):
        adapter.pulse.caught_up(int(heard_ns[-1]))


def _silences(adapter: DirectBroker, heard_ns: Times, now_ns: int) -> Iterator[Silence]:
    """Those with probes: the first one, and the last ones."""
    pulse = adapter.pulse
    since_ns = pulse.next_ns - pulse.probe_ns
    begins = np.concatenate(([since_ns], heard_ns))
    ends = np.concatenate((heard_ns, [now_ns - ROUND_NS]))
    places = np.flatnonzero(ends - begins > pulse.probe_ns)
    is_last = ends[places] >= now_ns - LAST_NS
    for place in np.unique(np.concatenate((places[:1], places[is_last]))).tolist():
        yield Silence(int(begins[place]), int(ends[place]))


def _probe(adapter: DirectBroker, to_ns: int, world: World) -> None:
    """Ask as often as a silence lasts; of many times the first two and the last."""
    probed_ns = 0
    while (sent_ns := turn_ns(adapter.pulse.next_ns, world)) < to_ns:
        every_ns = sent_ns - probed_ns
        if probed_ns and sent_ns == world.last_idle_ns(sent_ns):
            sent_ns += (to_ns - 1 - sent_ns) // every_ns * every_ns
        probed_ns = sent_ns
        adapter.probed(sent_ns, sent_ns + ROUND_NS)


def turn_ns(at_ns: int, world: World) -> int:
    """The first turn of an idle process at `at_ns` or later."""
    idle_ns = world.last_idle_ns(at_ns)
    if at_ns == idle_ns:
        return at_ns
    return idle_ns + HOP_NS if at_ns <= idle_ns + HOP_NS else idle_ns + world.idle_ns
