"""What-ifs: the broker is asked what an order would do before it is sent, if that is configured.

An order that could add risk waits for the answer. Nothing of that is durable: its signal has had no
answer yet, so its strategy sends it again, and an executor that was restarted asks again. An order
that can only reduce a position is not asked about; an exit must be possible whatever the broker's
estimate says.

Of a group, its entry is asked about, or each order of a one-cancels-other: children only reduce
what their parent builds. All of it waits, and all of it is denied if one of them must not go.

Of a modify, what would remain of the order is asked about, with its new terms, as an order of its
own. Nobody has documented what TWS does with a what-if under the id of an order that works; the
least mistake there would modify the order. An order of its own shows the account as it would be
with all of the modified order filled. A broker that counts what works already would count the old
terms as well, so the estimate may be too high, and never too low.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import AnySignal, OrderAnswer, SubmitOrder, WhatIf, WhatIfAnswered
from tapewire.common.events.expiry import has_expired

ASK_AGAIN_NS: Final = 500_000_000


class Question:
    """One order that is asked about. `verdict` is why it must not go, "" if it may, None while
    nobody knows."""

    def __init__(self, signal: AnySignal, order: SubmitOrder) -> None:
        self.signal = signal
        self.order = order
        self.verdict: str | None = None
        self.asked_mono_ns: int | None = None
        self.taken = False  # the gateway has the question


class WhatIfs:
    """The orders that are asked about, by the id of the question."""

    def __init__(self) -> None:
        self._questions: dict[str, Question] = {}

    def __contains__(self, question_id: str) -> bool:
        return question_id in self._questions

    def verdict(self, signal: AnySignal, orders: Sequence[SubmitOrder]) -> str | None:
        """Why the orders of a signal must not go, "" if they may; None while the broker has not
        said it of each: then it is asked."""
        asked = {f"{order.intent_id}?": order for order in orders}
        for name, order in asked.items():
            if name not in self._questions:
                self._questions[name] = Question(signal, _alone(order))
        verdicts = {name: self._questions[name].verdict for name in asked}
        denied = next((name for name, verdict in verdicts.items() if verdict), None)
        if denied is None and None in verdicts.values():
            return None
        for name in asked:
            del self._questions[name]
        return "" if denied is None else _sentence(asked[denied], verdicts[denied] or "")

    def due(self, now: Now) -> Iterator[WhatIf]:
        """What is to be asked of the gateway now: what is new, and what it did not answer. What was
        asked for a signal that has expired is forgotten."""
        over = [name for name, one in self._questions.items() if has_expired(one.signal, now)]
        for name in over:
            del self._questions[name]
        for question_id, question in self._questions.items():
            asked_ns = question.asked_mono_ns
            late = asked_ns is None or now.mono_ns - asked_ns >= ASK_AGAIN_NS
            if question.verdict is None and late and not question.taken:
                question.asked_mono_ns = now.mono_ns
                yield WhatIf(question_id, now.wall_ns, question.order)

    def on_answer(self, answer: OrderAnswer) -> AnySignal | None:
        """The gateway took the question, or refuses to ask; gives the signal if that decides it."""
        question = self._questions.get(answer.intent_id)
        if question is None or answer.accepted:
            if question is not None:
                question.taken = True
            return None
        question.verdict = f"what it would do to the account is not known: {answer.reason}"
        return question.signal

    def on_estimate(self, event: WhatIfAnswered) -> AnySignal | None:
        """The broker's answer; gives the signal that it decides."""
        question = self._questions.get(event.id)
        if question is None:
            return None
        question.verdict = verdict_of(event)
        return question.signal


def verdict_of(event: WhatIfAnswered) -> str:
    """Why an order with this estimate must not go; empty if it may."""
    if event.reason:
        return f"the broker would not take it: {event.reason}"
    if event.shortfall:
        return (
            f"it would need {event.initial_margin:f} of initial margin, and the account would have"
            f" {event.equity_with_loan:f} of equity"
        )
    return ""


def _alone(order: SubmitOrder) -> SubmitOrder:
    """An order as it is asked about: it belongs to no set at the broker."""
    return replace(order, terms=replace(order.terms, group="", oca=""))


def _sentence(order: SubmitOrder, verdict: str) -> str:
    return f"{order.role} {order.intent_id}: {verdict}" if order.group_id else verdict
