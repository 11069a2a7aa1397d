"""Delivery: which notices each target still has to get, together in one message, and when.

A notice has a number. A target has all up to a number, and it gets all that came since in its next
message. So what comes while it has to wait (because it just got one, or because the last attempt
failed) makes the message longer, and not more of them.

Nothing waits for ever, and nothing grows without bound: the queue has room for `QUEUE_MAX`, and
what does not fit is counted by its kind and said in the next message.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from tapewire.common.clock import Now
from tapewire.common.config.notices import Kind
from tapewire.common.delivery.backoff import BackOff
from tapewire.risk.notices.message import Message, message
from tapewire.risk.notices.notice import Notice

QUEUE_MAX: Final = 1_000
GATHER_NS: Final = 1_000_000_000
"""So long a first notice waits for what follows from the same cause."""
ATTEMPT_MAX_NS: Final = 60_000_000_000
"""An attempt that has not ended by then has failed; each single wait in it is much shorter."""
FIRST_WAIT_NS: Final = 2_000_000_000
LONGEST_WAIT_NS: Final = 300_000_000_000


class Queue:
    """The notices that not every target has, by their numbers. Of too many the least bad one goes,
    and of these the oldest."""

    def __init__(self, next_number: int = 1, waiting: dict[int, Notice] | None = None) -> None:
        self.next_number = next_number
        self.waiting = waiting or {}

    def __repr__(self) -> str:
        return f"<Queue of {len(self.waiting)} notices, the next is number {self.next_number}>"

    def add(self, one: Notice) -> tuple[int, Notice] | None:
        """Take in a notice; gives the one that had to go, with its number."""
        self.waiting[self.next_number] = one
        self.next_number += 1
        if len(self.waiting) <= QUEUE_MAX:
            return None
        number = min(self.waiting, key=lambda known: (self.waiting[known].rank, known))
        return number, self.waiting.pop(number)

    def after(self, number: int) -> list[Notice]:
        """Those with a higher number, in their order."""
        return [one for known, one in self.waiting.items() if known > number]

    def forget(self, number: int) -> None:
        """Every target has all up to this one."""
        self.waiting = {known: one for known, one in self.waiting.items() if known > number}


class Told(msgspec.Struct):
    """How far a target is: the number of the last notice that it has, how many messages it got, and
    what it never will get, by kind."""

    number: int
    messages: int = 0
    dropped: dict[Kind, int] = {}


class Send(NamedTuple):
    """Try to send this message to this target; report how that went as this attempt."""

    target: str
    attempt: int
    message: Message


class _Attempt(NamedTuple):
    """A message under way, with all notices up to `upto`, and with how many were `dropped`. `gone`
    are those of its notices that are not kept any longer."""

    number: int
    upto: int
    dropped: dict[Kind, int]
    gone: Counter[Kind]
    due_ns: int


class Target:
    """One target. Intervals are monotonic time."""

    def __init__(self, name: str, told: Told, every_ns: int) -> None:
        self.name = name
        self.told = told
        self.failures = 0  # since the last success
        self.fault = ""
        self._every_ns = every_ns
        self._back_off = BackOff(name, FIRST_WAIT_NS, LONGEST_WAIT_NS)
        self._next_ns = 0
        self._since_ns: int | None = None
        self._attempts = 0
        self._current: _Attempt | None = None
        self._late: dict[int, _Attempt] = {}

    def __repr__(self) -> str:
        return f"<Target {self.name}, has notices up to number {self.told.number}>"

    def drop(self, number: int, kind: Kind) -> None:
        """This notice is not kept any longer."""
        if number > self.told.number:
            self.told.dropped = Counter(self.told.dropped) + Counter([kind])
            if self._current is not None and number <= self._current.upto:
                self._current.gone[kind] += 1

    def next(self, queue: Queue, now: Now) -> Send | None:
        """What to send now, if anything is due and nothing is under way."""
        if self._current is not None:
            if now.mono_ns < self._current.due_ns:
                return None
            self._give_up(self._current, now)
        waiting = queue.after(self.told.number)
        if not waiting and not self.told.dropped:
            self._since_ns = None
            return None
        if self._since_ns is None:
            self._since_ns = now.mono_ns
        if now.mono_ns < max(self._since_ns + GATHER_NS, self._next_ns):
            return None
        return self._send(waiting, queue.next_number - 1, now)

    def ended(self, attempt: int, fault: str, now: Now) -> bool:
        """How an attempt went: `fault` is why it failed, empty if it arrived. Gives whether the
        target has more than before. What has arrived late has arrived, and is not sent again."""
        late = self._late.pop(attempt, None)
        of = self._current if self._current and self._current.number == attempt else late
        if of is None:
            return False
        if of is self._current:
            self._current = None
        if fault:
            if of is not late:
                self._failed(fault, now)
            return False
        self.failures, self.fault, self._since_ns = 0, "", None
        self._next_ns = now.mono_ns + self._every_ns
        self.told.number = max(self.told.number, of.upto)
        self.told.messages += 1
        self.told.dropped = Counter(self.told.dropped) - Counter(of.dropped) - of.gone
        return True

    @property
    def busy(self) -> bool:
        """Whether an attempt is under way."""
        return self._current is not None

    def hurry(self) -> None:
        """The end is near: what waits is due at once, unless the last attempt failed."""
        if not self.failures:
            self._next_ns, self._since_ns = 0, -GATHER_NS

    def _send(self, waiting: list[Notice], upto: int, now: Now) -> Send:
        self._attempts += 1
        dropped = dict(self.told.dropped)
        due_ns = now.mono_ns + ATTEMPT_MAX_NS
        self._current = _Attempt(self._attempts, upto, dropped, Counter(), due_ns)
        return Send(self.name, self._attempts, message(waiting, dropped, self.told.messages + 1))

    def _give_up(self, attempt: _Attempt, now: Now) -> None:
        self._late[attempt.number] = attempt
        self._current = None
        self._failed(f"no end within {ATTEMPT_MAX_NS // 1_000_000_000} s", now)

    def _failed(self, fault: str, now: Now) -> None:
        self.failures += 1
        self.fault = fault
        self._next_ns = now.mono_ns + self._back_off.wait_ns(self.failures)


class Delivery:
    """The queue with its targets."""

    def __init__(self, queue: Queue, targets: list[Target]) -> None:
        self.queue = queue
        self.targets = {one.name: one for one in targets}

    def add(self, one: Notice) -> None:
        """Every target is to get this."""
        gone = self.queue.add(one)
        if gone is not None:
            number, dropped = gone
            for target in self.targets.values():
                target.drop(number, dropped.kind)

    def due(self, now: Now) -> Iterator[Send]:
        """What to send now."""
        for target in self.targets.values():
            send = target.next(self.queue, now)
            if send is not None:
                yield send

    def ended(self, target: str, attempt: int, fault: str, now: Now) -> bool:
        """How an attempt went; gives whether a target has more than before."""
        has_more = self.targets[target].ended(attempt, fault, now)
        if has_more:
            self.queue.forget(min(one.told.number for one in self.targets.values()))
        return has_more
