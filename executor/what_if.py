"""What-ifs: the broker is asked what an order would do before it is sent, if that is configured.

An order that could add risk waits for the answer. Nothing of that is durable: its signal has had no
answer yet, so its strategy sends it again, and an executor that was restarted asks again. An order
that can only reduce a position is not asked about; an exit must be possible whatever the broker's
estimate says.
"""

from collections.abc import Iterator
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import OrderAnswer, Signal, SubmitOrder, WhatIf, WhatIfAnswered
from tapewire.common.events.expiry import has_expired

ASK_AGAIN_NS: Final = 500_000_000


class Question:
    """One order that is asked about. `verdict` is why it must not go, "" if it may, None while
    nobody knows."""

    def __init__(self, signal: Signal, order: SubmitOrder) -> None:
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

    def verdict(self, signal: Signal, order: SubmitOrder) -> str | None:
        """Why the order of a signal must not go, "" if it may; None while the broker has not said:
        then it is asked."""
        question_id = f"{order.intent_id}?"
        question = self._questions.get(question_id)
        if question is None:
            question = self._questions[question_id] = Question(signal, order)
            return None
        if question.verdict is not None:
            del self._questions[question_id]
        return question.verdict

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

    def on_answer(self, answer: OrderAnswer) -> Signal | None:
        """The gateway took the question, or refuses to ask; gives the signal if that decides it."""
        question = self._questions.get(answer.intent_id)
        if question is None or answer.accepted:
            if question is not None:
                question.taken = True
            return None
        question.verdict = f"what it would do to the account is not known: {answer.reason}"
        return question.signal

    def on_estimate(self, event: WhatIfAnswered) -> Signal | None:
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
