"""Signals on their way: each is sent again until the executor answers it, or it expires."""

from typing import Final

from tapewire.common.events import AnySignal, CancelSignal, ModifySignal, OrderExpired, Signal
from tapewire.strategy.own import Own

RESEND_NS: Final = 250_000_000
NOT_THERE: Final = "it could not be delivered: the executor was not there"
NO_ANSWER: Final = "the executor did not answer it in time; it may have been traded"
TOO_EARLY: Final = "its order was not accepted in time to be changed"


class Waiting:
    """A signal that the executor has not answered yet; `sent_ns` 0: nobody took it."""

    def __init__(self, signal: AnySignal) -> None:
        self.signal = signal
        self.sent_ns = 0


class Outgoing:
    """The unanswered signals of one strategy, by id, oldest first.

    A signal whose cancel waits is not sent again: what has not come to the executor then never
    will. A change waits for its order to be accepted.
    """

    def __init__(self, own: Own) -> None:
        self.waiting: dict[str, Waiting] = {}
        self._own = own

    def add(self, signal: AnySignal) -> str:
        """To be sent; gives its id."""
        self.waiting[signal.id] = Waiting(signal)
        return signal.id

    def answered(self, signal_id: str) -> None:
        """The executor answered it."""
        self.waiting.pop(signal_id, None)

    def sent(self, signal: AnySignal, now_ns: int) -> None:
        """It was handed over."""
        if signal.id in self.waiting:
            self.waiting[signal.id].sent_ns = now_ns

    def expired(self, now_ns: int) -> list[OrderExpired]:
        """Those that are over without an answer, and why."""
        over = [w for w in self.waiting.values() if w.signal.expires_ns < now_ns]
        return [
            OrderExpired(now_ns, w.signal.id, w.signal.strategy, self._why(w))
            for w in over
            if self.waiting.pop(w.signal.id)
        ]

    def due(self, now_ns: int) -> list[AnySignal]:
        """Those to send now: new ones, and those whose answer is late."""
        late = [w.signal for w in self.waiting.values() if now_ns - w.sent_ns >= RESEND_NS]
        return [signal for signal in late if not self._is_held(signal)]

    def on(self, symbol: str) -> int:
        """How many wishes to trade `symbol` are unanswered."""
        signals = (w.signal for w in self.waiting.values())
        return sum(isinstance(s, Signal) and s.symbol == symbol for s in signals)

    def _is_held(self, signal: AnySignal) -> bool:
        if isinstance(signal, CancelSignal):
            return False
        if isinstance(signal, ModifySignal):
            early = self._own.state_of(signal.signal_id) in ("CREATED", "INTENDED")
            return early or signal.signal_id in self.waiting
        others = (w.signal for w in self.waiting.values())
        return any(isinstance(s, CancelSignal) and s.signal_id == signal.id for s in others)

    def _why(self, waiting: Waiting) -> str:
        if waiting.sent_ns:
            return NO_ANSWER
        return TOO_EARLY if self._is_held(waiting.signal) else NOT_THERE
