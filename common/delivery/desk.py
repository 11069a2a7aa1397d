"""The desk: signals from outside of strategies, each sent until it is answered and then followed.

It opens no socket and reads no clock. Whoever runs it (`console.manual` for a person, who waits;
`client` for a program, which does not) asks what to send, sends it, and hands over what the
executor's journal says.

The rules are those of a strategy's signals (see `strategy/runner.py` and `outgoing`): one id for
the whole life of a signal, sent again until the journal has an answer, given up once it has
expired, and an answer that is late is taken all the same.
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final, cast

import msgspec

from tapewire.common.bus import wire
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Now
from tapewire.common.delivery.outcomes import Outcome, after, given_up
from tapewire.common.delivery.outgoing import TRADES, Outgoing
from tapewire.common.events import (
    AnySignal,
    Event,
    Heartbeat,
    OrderCancelPending,
    OrderState,
    OrderStateChanged,
)

ENDED_MAX: Final = 1000
"""How many signals are followed beyond their end, for what is reported late."""
SETTLED_NS: Final = 1_000_000_000
"""So long after the end of a signal's time, and after its start, the executor is asked nothing more
about it: what it decided before is in its journal by then."""
NOT_ACTED_ON: Final = "it expired, and the executor had not acted on it"
EARLY: Final = ("CREATED", "INTENDED")


def signal_of(intent_id: str) -> str:
    """The signal that led to an intent: an intent's id is that of its signal, with the number of
    the order."""
    return intent_id.rpartition("/")[0]


def _require_readable(signal: AnySignal) -> None:
    try:
        wire.decode_event(wire.encode(signal))
    except (WireError, TypeError) as error:
        kind = type(signal).__name__
        raise ValueError(f"the {kind} cannot be sent: {error}, in {signal!r:.200}") from error


class Followed(msgspec.Struct):
    """A signal and what is known of it."""

    signal: AnySignal
    outcome: Outcome

    @property
    def trades(self) -> bool:
        """Whether it asks for an order, not for a change of one."""
        return isinstance(self.signal, TRADES)


class Desk:
    """The signals of one sender; each lives for `ttl_ns`, counted from when it was added."""

    def __init__(self, ttl_ns: int) -> None:
        self._outgoing = Outgoing(self._state_of, ttl_ns)
        self._followed: dict[str, Followed] = {}
        self._of_intent: dict[str, list[Followed]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()  # the oldest end first
        self._unknown: dict[str, Followed] = {}  # those that nobody answered in time
        self._ready: tuple[str, int] | None = None  # the executor's start, and since when it is

    def __repr__(self) -> str:
        return f"<Desk: {len(self._followed)} signals, {len(self.unanswered)} unanswered>"

    @property
    def unanswered(self) -> Collection[str]:
        """The signals that are being sent, by id."""
        return self._outgoing.waiting.keys()

    def outcome(self, signal_id: str) -> Outcome:
        """What is known of a signal that was added."""
        return self._followed[signal_id].outcome

    # ---- sending -------------------------------------------------------------------------------

    def add(self, signal: AnySignal, now: Now) -> None:
        """Take a signal that is to be sent. ValueError for one that the executor could not read: it
        would not answer, and nobody would know why."""
        _require_readable(signal)
        self._followed[signal.id] = Followed(signal, Outcome(signal.id))
        self._outgoing.add(signal, now)

    def due(self, now: Now) -> list[AnySignal]:
        """The signals to send now: new ones, and those whose answer is late."""
        return self._outgoing.due(now) if self._outgoing.waiting else []

    def sent(self, signal: AnySignal, now: Now) -> None:
        """It was handed over."""
        self._outgoing.sent(signal, now)

    def give_up(self, now: Now) -> list[Outcome]:
        """Stop sending what has expired; returns the outcomes that this changed."""
        if not self._outgoing.waiting:
            return []
        changed = []
        for expired in self._outgoing.expired(now):
            one = self._followed[expired.signal_id]
            changed += self._set(one, given_up(one.outcome, expired))
        return changed

    # ---- what the executor says ----------------------------------------------------------------

    def on_event(self, event: Event) -> list[Outcome]:
        """An event of the executor's journal; returns the outcomes that it changed."""
        changed = []
        one = self._followed.get(getattr(event, "signal_id", ""))
        if one is not None:
            self._outgoing.answered(one.signal.id)
            outcome = after(one.outcome, one.signal, event)
            if isinstance(event, OrderCancelPending) and self._is_over(event.intent_id):
                outcome = outcome._replace(done=True)  # it was faster than its order's signal
            changed += self._set(one, outcome)
        if isinstance(event, OrderStateChanged):
            for each in self._of_intent.get(event.intent_id, ()):
                if each.trades or not each.outcome.done:
                    changed += self._set(each, after(each.outcome, each.signal, event))
        return changed

    def on_beat(self, beat: Heartbeat, epoch: str, *, caught_up: bool) -> list[Outcome]:
        """A heartbeat of the executor. `caught_up`: everything that its journal has is known here.

        It settles what is UNKNOWN. An executor that has been READY for a while since a signal
        expired, and whose journal does not have it, has not acted on it: it takes in what the
        gateways had before it is READY, and nothing that has expired afterwards.
        """
        if beat.state != "READY" or beat.reason or not caught_up:
            self._ready = None
            return []
        if self._ready is None or self._ready[0] != epoch:
            self._ready = epoch, beat.mono_ns
        before_ns = beat.mono_ns - SETTLED_NS
        if self._ready[1] > before_ns:
            return []
        settled = [one for one in self._unknown.values() if one.signal.expires_mono_ns <= before_ns]
        changed = []
        for one in settled:
            self._outgoing.answered(one.signal.id)
            outcome = one.outcome._replace(state="EXPIRED", reason=NOT_ACTED_ON, done=True)
            changed += self._set(one, outcome)
        return changed

    # ---- inside --------------------------------------------------------------------------------

    def _state_of(self, signal_id: str) -> OrderState | None:
        """The state of an order that a modify has to wait for; see `Outgoing`."""
        one = self._followed.get(signal_id)
        if one is None or one.outcome.state not in EARLY:
            return None
        return cast(OrderState, one.outcome.state)

    def _is_over(self, intent_id: str) -> bool:
        ordered = self._followed.get(signal_of(intent_id))
        return ordered is not None and ordered.outcome.done

    def _set(self, one: Followed, outcome: Outcome) -> list[Outcome]:
        before, one.outcome = one.outcome, outcome
        if outcome == before:
            return []
        signal_id = one.signal.id
        if outcome.intent_id and not before.intent_id:
            self._of_intent.setdefault(outcome.intent_id, []).append(one)
        if outcome.state == "UNKNOWN" and not outcome.intent_id:
            self._unknown[signal_id] = one
        else:
            self._unknown.pop(signal_id, None)
        if outcome.done:
            self._ended[signal_id] = None
        else:
            self._ended.pop(signal_id, None)  # an order that was cancelled can work again
        while len(self._ended) > ENDED_MAX:
            self._forget(self._ended.popitem(last=False)[0])
        return [outcome]

    def _forget(self, signal_id: str) -> None:
        one = self._followed.pop(signal_id)
        others = self._of_intent.get(one.outcome.intent_id)
        if others is not None:
            others.remove(one)
            if not others:
                del self._of_intent[one.outcome.intent_id]
