"""Messages: several notices as one, short enough for every service, the worst of them in full."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tapewire.common.config.notices import KINDS, Kind
from tapewire.risk.notices.notice import LEVELS, Level, Notice, moment

LINES_MAX: Final = 20
BODY_MAX: Final = 1_800
"""Characters; Discord takes 2,000, Telegram 4,096. Of a smaller service apprise makes several."""

NOUNS: Final[Mapping[Kind, tuple[str, str]]] = {
    "violations": ("violation", "violations"),
    "enforcements": ("enforcement", "enforcements"),
    "connection": ("connection change", "connection changes"),
    "processes": ("process event", "process events"),
    "failures": ("failed event", "failed events"),
    "retries": ("exhausted retry", "exhausted retries"),
    "summary": ("daily summary", "daily summaries"),
}
"""What one and several notices of a kind are called."""


class Message(NamedTuple):
    """What goes to a target."""

    level: Level
    title: str
    body: str


def message(notices: Sequence[Notice], dropped: Mapping[Kind, int], number: int) -> Message:
    """All of `notices` (at least one of them or of those `dropped`), which are in the order of
    their news. `number` is the target's own count of messages: one that comes twice has the same.
    """
    level = LEVELS[max((one.rank for one in notices), default=LEVELS.index("warning"))]
    counted = Counter[Kind](one.kind for one in notices)
    body, left = _body(notices)
    if left:
        body.append(f"and {counts(left)} more; `tapewire risk`, `events` and `dead-letters` have")
        body[-1] += " all of them"
    if dropped:
        body.append(f"not sent, as the queue was full: {counts(dropped)}")
    title = f"Tapewire: {counts(counted) or 'notices were dropped'} (message {number})"
    return Message(level, title, "\n".join(body))


def _body(notices: Sequence[Notice]) -> tuple[list[str], Counter[Kind]]:
    """The lines of the worst notices, in the order of their news, and what is left of each kind.
    Equal ones are one line."""
    times = Counter((one.kind, one.level, one.text) for one in notices)
    first = {(one.kind, one.level, one.text): one for one in reversed(notices)}
    left = Counter[Kind](one.kind for one in notices)
    chosen: dict[Notice, str] = {}
    room = BODY_MAX
    for key, one in sorted(first.items(), key=lambda item: (-item[1].rank, item[1].ts_ns)):
        line = _line(one, times[key])
        if len(chosen) == LINES_MAX or len(line) >= room:
            break
        chosen[one] = line
        room -= len(line) + 1
        left[one.kind] -= times[key]
    lines = [chosen[one] for one in _by_time(notices) if one in chosen]
    return lines, +left


def _by_time(notices: Sequence[Notice]) -> list[Notice]:
    """Each notice once, in the order of time; those of one moment as they came."""
    return sorted(dict.fromkeys(notices), key=lambda one: one.ts_ns)


def _line(one: Notice, times: int) -> str:
    often = f" ({times} times)" if times > 1 else ""
    return f"{moment(one.ts_ns)} {one.text}{often}"


def counts(counted: Mapping[Kind, int]) -> str:
    """How many of each kind, such as `1 violation, 2 enforcements`."""
    found = [(kind, counted[kind]) for kind in KINDS if counted.get(kind)]
    return ", ".join(f"{number:,} {NOUNS[kind][number != 1]}" for kind, number in found)
