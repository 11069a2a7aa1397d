"""What-if: questions about orders that are not placed, and the broker's answers.

The broker takes such a question as an order with a mark, under an order id of its own. None of it
is durable: whoever asked asks again. The answer is an event, for it comes long after the question
was taken.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    Event,
    OrderAnswer,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.common.order_checks import order_fault
from tapewire.gateway import broker
from tapewire.gateway.broker import Broker

ANSWER_MAX_NS: Final = 5_000_000_000
PENDING_MAX: Final = 100
"""Questions at a time: beyond that, somebody is asking in a loop."""


class Asked(NamedTuple):
    """A question under way; `mono_ns` is when it was put."""

    question: WhatIf
    mono_ns: int


class WhatIfs:
    """The questions under way, by the broker's order id. `blocked` says why none can be put now."""

    def __init__(self, adapter: Broker, blocked: Callable[[], str]) -> None:
        self._broker = adapter
        self._blocked = blocked
        self._asked: dict[str, Asked] = {}

    def ask(self, question: WhatIf, now: Now) -> tuple[OrderAnswer, list[Event]]:
        """Put a question to the broker; its answer follows as an event, if this one accepts it."""
        if any(one.question.id == question.id for one in self._asked.values()):
            return OrderAnswer(question.id, accepted=True), []
        reason = self._refusal(question) or self._put(question, now)
        return OrderAnswer(question.id, not reason, reason[:TEXT_MAX]), []

    def _refusal(self, question: WhatIf) -> str:
        order = question.order
        if reason := self._blocked() or order_fault(order):
            return reason
        for symbol in order.symbols:
            if not self._broker.trades(symbol):
                return f"symbol {symbol} is not configured; it must be one of [[instruments]]"
        if order.account not in self._broker.accounts:
            return "the order's account is not one of this login's"
        if len(self._asked) >= PENDING_MAX:
            return f"{PENDING_MAX} what-ifs wait for the broker's answer already"
        return ""

    def _put(self, question: WhatIf, now: Now) -> str:
        order_id = self._broker.new_order_id()
        try:
            self._broker.what_if(order_id, question.order)
        except ValueError as error:
            return str(error)
        self._asked[order_id] = Asked(question, now.mono_ns)
        return ""

    def on_report(self, report: broker.WhatIfReport, now: Now) -> list[Event]:
        """The broker's answer; one that nobody waits for is old."""
        asked = self._asked.pop(report.order_id, None)
        return [] if asked is None else [_answered(asked, report, now)]

    def lost(self, now: Now) -> list[Event]:
        """The connection is gone, and the answers with it."""
        reason = "the connection to the broker was lost"
        return self._ended(list(self._asked), reason, now)

    def tick(self, now: Now) -> list[Event]:
        """Questions that the broker did not answer."""
        if not self._asked:
            return []
        late = [
            order_id
            for order_id, one in self._asked.items()
            if now.mono_ns - one.mono_ns > ANSWER_MAX_NS
        ]
        return self._ended(late, f"no answer within {ANSWER_MAX_NS // 10**9} s", now)

    def _ended(self, order_ids: list[str], reason: str, now: Now) -> list[Event]:
        return [
            _answered(self._asked.pop(one), broker.WhatIfReport(one, reason), now)
            for one in order_ids
        ]


def _answered(asked: Asked, report: broker.WhatIfReport, now: Now) -> WhatIfAnswered:
    return WhatIfAnswered(
        now.wall_ns, asked.question.order.account, asked.question.id, report.order_id,
        report.reason[:TEXT_MAX], **report.money, currency=report.currency,
        warning=report.warning[:TEXT_MAX],
    )  # fmt: skip
