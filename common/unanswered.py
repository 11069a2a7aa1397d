"""What is sent until it is answered: at once, and again after an interval, by id.

All that waits has the same interval, so what was sent is kept in the order in which it is due
again. A turn looks at what is due, not at all that waits: while the other side is away, thousands
wait.
"""

from collections import OrderedDict
from itertools import takewhile


class Unanswered:
    """Ids of messages without an answer. Times are monotonic."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._new: dict[str, None] = {}
        self._sent_ns: OrderedDict[str, int] = OrderedDict()  # sent longest ago first

    def __contains__(self, name: str) -> bool:
        return name in self._new or name in self._sent_ns

    def __bool__(self) -> bool:
        return bool(self._new or self._sent_ns)

    def add(self, name: str) -> None:
        """It is to be sent at the next opportunity; one that waits already waits on."""
        if name not in self:
            self._new[name] = None

    def sent(self, name: str, mono_ns: int) -> None:
        """It was handed over; without effect if it does not wait any more."""
        if name in self:
            self._new.pop(name, None)
            self._sent_ns[name] = mono_ns
            self._sent_ns.move_to_end(name)

    def answered(self, name: str) -> None:
        """It need not be sent again."""
        self._new.pop(name, None)
        self._sent_ns.pop(name, None)

    def due(self, mono_ns: int) -> list[str]:
        """What is to be sent now: what was sent so long ago, then what is new."""
        before_ns = mono_ns - self._interval_ns
        late = takewhile(lambda one: one[1] <= before_ns, self._sent_ns.items())
        return [*(name for name, _ in late), *self._new]
