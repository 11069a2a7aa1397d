"""Outgoing signals: each is sent again until the executor answers it, or its time is over.

`strategy/runner.py` explains what must not go wrong here. Intervals are monotonic time.

All signals of one sender live equally long, so they expire in the order in which they were given. A
turn looks at the signals that are due or over, not at all that wait.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import takewhile
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import (
    AnySignal,
    CancelSignal,
    GroupSignal,
    ModifySignal,
    OrderExpired,
    OrderState,
    Signal,
)
from tapewire.common.unanswered import Unanswered

TRADES: Final = (Signal, GroupSignal)
"""The signals that may become orders."""
RESEND_NS: Final = 250_000_000
NOT_DELIVERED: Final = "it could not be delivered: the executor was not there"
NO_ANSWER: Final = "the executor did not answer it in time; it may have been traded"
TOO_EARLY: Final = "its order was not accepted in time to be modified"

StateOf = Callable[[str], OrderState | None]
"""Gives the state of the order that came of a signal; None if it is not known."""


class Waiting:
    """A signal without an answer; `ends_ns` is monotonic."""

    __slots__ = ("ends_ns", "is_delivered", "signal")

    def __init__(self, signal: AnySignal, ends_ns: int) -> None:
        self.signal = signal
        self.ends_ns = ends_ns
        self.is_delivered = False


class Outgoing:
    """The unanswered signals of one sender, by id, oldest first; each lives for `ttl_ns`."""

    def __init__(self, state_of: StateOf, ttl_ns: int) -> None:
        self.waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._unanswered = Unanswered(RESEND_NS)  # but for those that waiting signals cancel
        self._cancels: Counter[str] = Counter()  # that wait, by the signal that each cancels
        self._given_up: dict[str, tuple[str, ...]] = {}  # never answered, with their symbols
        self._state_of = state_of
        self._ttl_ns = ttl_ns

    def add(self, signal: AnySignal, now: Now) -> str:
        """Take a signal that is to be sent; returns its id."""
        self.waiting[signal.id] = Waiting(signal, now.mono_ns + self._ttl_ns)
        self._unanswered.add(signal.id)
        if type(signal) is CancelSignal:
            self._cancels[signal.signal_id] += 1
            self._hold(signal.signal_id)
        return signal.id

    def answered(self, signal_id: str) -> None:
        """The executor answered it, or its time is over."""
        one = self.waiting.pop(signal_id, None)
        self._given_up.pop(signal_id, None)
        self._unanswered.answered(signal_id)
        if one is not None and type(one.signal) is CancelSignal:
            self._release(one.signal.signal_id)

    def sent(self, signal: AnySignal, now: Now) -> None:
        """It was handed over."""
        one = self.waiting.get(signal.id)
        if one is not None:
            one.is_delivered = True
            self._unanswered.sent(signal.id, now.mono_ns)

    def expired(self, now: Now) -> list[OrderExpired]:
        """End the signals whose time is over; returns each with the reason."""
        over = list(takewhile(lambda one: one.ends_ns < now.mono_ns, self.waiting.values()))
        expired = [
            OrderExpired(
                now.wall_ns, one.signal.account, one.signal.id, one.signal.strategy, self._why(one)
            )
            for one in over
        ]
        for one in over:
            self.answered(one.signal.id)
            if one.is_delivered and isinstance(one.signal, TRADES):
                self._given_up[one.signal.id] = one.signal.symbols
        return expired

    def due(self, now: Now) -> list[AnySignal]:
        """The signals to send now: those whose answer is late, and new ones."""
        due = (self.waiting[signal_id].signal for signal_id in self._unanswered.due(now.mono_ns))
        return [signal for signal in due if not self._is_early(signal)]

    def pending(self, symbol: str) -> int:
        """How many signals to trade `symbol` have no answer."""
        signals = (one.signal for one in self.waiting.values())
        return sum(isinstance(s, TRADES) and symbol in s.symbols for s in signals)

    def may_trade(self, symbol: str) -> list[str]:
        """The signals to trade `symbol` that may have become an order without our knowing."""
        signals = (one.signal for one in self.waiting.values())
        waiting = [s.id for s in signals if isinstance(s, TRADES) and symbol in s.symbols]
        return waiting + [name for name, given_up in self._given_up.items() if symbol in given_up]

    def cancels(self, signal_id: str) -> bool:
        """Whether a cancel of that signal waits for its answer."""
        return signal_id in self._cancels

    def _hold(self, signal_id: str) -> None:
        """Do not send it while its cancel waits."""
        one = self.waiting.get(signal_id)
        if one is not None and isinstance(one.signal, TRADES):
            self._unanswered.answered(signal_id)

    def _release(self, signal_id: str) -> None:
        """A cancel of it is answered or over: without another one it is sent again."""
        self._cancels[signal_id] -= 1
        if not self._cancels[signal_id]:
            del self._cancels[signal_id]
            if signal_id in self.waiting:
                self._unanswered.add(signal_id)

    def _is_early(self, signal: AnySignal) -> bool:
        """Whether it modifies an order that is not accepted yet."""
        if type(signal) is not ModifySignal:
            return False
        is_early = self._state_of(signal.signal_id) in ("CREATED", "INTENDED")
        return is_early or signal.signal_id in self.waiting

    def _why(self, one: Waiting) -> str:
        if one.is_delivered:
            return NO_ANSWER
        return TOO_EARLY if self._is_early(one.signal) else NOT_DELIVERED
