"""Outgoing signals: each is sent again until the executor answers it, or its time is over.

`runner.py` explains what must not go wrong here. Intervals are monotonic time; `expires_ns` in a
signal is wall time, because the executor compares it with its own clock.
"""

from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import AnySignal, CancelSignal, ModifySignal, OrderExpired, Signal
from tapewire.strategy.portfolio import Portfolio

RESEND_NS: Final = 250_000_000
NOT_DELIVERED: Final = "it could not be delivered: the executor was not there"
NO_ANSWER: Final = "the executor did not answer it in time; it may have been traded"
TOO_EARLY: Final = "its order was not accepted in time to be modified"


class Waiting:
    """A signal without an answer. `ends_ns` and `sent_ns` are monotonic; None: never delivered."""

    __slots__ = ("ends_ns", "sent_ns", "signal")

    def __init__(self, signal: AnySignal, ends_ns: int) -> None:
        self.signal = signal
        self.ends_ns = ends_ns
        self.sent_ns: int | None = None


class Outgoing:
    """The unanswered signals of one strategy, by id, oldest first."""

    def __init__(self, portfolio: Portfolio, ttl_ns: int) -> None:
        self.waiting: dict[str, Waiting] = {}
        self._portfolio = portfolio
        self._ttl_ns = ttl_ns

    def add(self, signal: AnySignal, now: Now) -> str:
        """Take a signal that is to be sent; gives its id."""
        self.waiting[signal.id] = Waiting(signal, now.mono_ns + self._ttl_ns)
        return signal.id

    def answered(self, signal_id: str) -> None:
        """The executor answered it."""
        self.waiting.pop(signal_id, None)

    def sent(self, signal: AnySignal, now: Now) -> None:
        """It was handed over."""
        if signal.id in self.waiting:
            self.waiting[signal.id].sent_ns = now.mono_ns

    def expired(self, now: Now) -> list[OrderExpired]:
        """End the signals whose time is over; gives each with the reason."""
        over = [one for one in self.waiting.values() if one.ends_ns < now.mono_ns]
        expired = [
            OrderExpired(
                now.wall_ns, one.signal.account, one.signal.id, one.signal.strategy, self._why(one)
            )
            for one in over
        ]
        for one in over:
            del self.waiting[one.signal.id]
        return expired

    def due(self, now: Now) -> list[AnySignal]:
        """The signals to send now: new ones, and those whose answer is late."""
        late = [
            one.signal
            for one in self.waiting.values()
            if one.sent_ns is None or now.mono_ns - one.sent_ns >= RESEND_NS
        ]
        cancelled = self._cancelled() if late else set()
        return [signal for signal in late if not self._is_held(signal, cancelled)]

    def pending(self, symbol: str) -> int:
        """How many signals to trade `symbol` have no answer."""
        signals = (one.signal for one in self.waiting.values())
        return sum(isinstance(s, Signal) and s.symbol == symbol for s in signals)

    def _cancelled(self) -> set[str]:
        """What the waiting signals cancel."""
        signals = (one.signal for one in self.waiting.values())
        return {signal.signal_id for signal in signals if isinstance(signal, CancelSignal)}

    def _is_held(self, signal: AnySignal, cancelled: set[str]) -> bool:
        """Whether it must not be sent now; `cancelled` is what waiting signals cancel."""
        if isinstance(signal, CancelSignal):
            return False
        if isinstance(signal, ModifySignal):
            is_early = self._portfolio.state_of(signal.signal_id) in ("CREATED", "INTENDED")
            return is_early or signal.signal_id in self.waiting
        return signal.id in cancelled

    def _why(self, one: Waiting) -> str:
        if one.sent_ns is not None:
            return NO_ANSWER
        return TOO_EARLY if self._is_held(one.signal, self._cancelled()) else NOT_DELIVERED
