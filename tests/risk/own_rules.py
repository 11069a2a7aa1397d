"""Rules as a user would write them, for the tests: named in a configuration as `module:Class`."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.events import EVERYTHING, Event, Fill, Scope, SubmitOrder
from tapewire.risk.rules import Enforcement, Rule, View, Violation
from tapewire.risk.rules.enforcement import HALT


class LossParameters(msgspec.Struct, frozen=True):
    """`limit`: money, above 0."""

    limit: Decimal


class Loss(Rule):
    """No account may realise a loss of more than `limit` in a trading day; a loss lasts."""

    Parameters = LossParameters

    def __init__(
        self,
        parameters: LossParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = parameters.limit

    def on_timer(self, view: View) -> Iterable[Violation]:
        for account in view.accounts():
            if -view.day(account).net > self.limit:
                yield self.violation(f"the day's loss is {-view.day(account).net}", account=account)


class Streak(Rule):
    """Counts the executions that it has seen, and keeps the number over restarts."""

    def __init__(
        self,
        parameters: msgspec.Struct,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.seen = 0

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        self.seen += isinstance(event, Fill)
        return ()

    def on_timer(self, view: View) -> Iterable[Violation]:
        if self.seen >= 3:
            yield self.violation(f"{self.seen} executions")

    def save(self) -> bytes:
        return str(self.seen).encode() if self.seen else b""

    def restore(self, state: bytes) -> None:
        self.seen = int(state)


class Broken(Rule):
    """Raises wherever it is asked to."""

    at = ""

    def fail(self, where: str) -> None:
        if self.at == where:
            raise RuntimeError(f"no {where}" + "!" * 600)

    def covers(self, order: SubmitOrder) -> bool:
        self.fail("covers")
        return True

    def denial(self, order: SubmitOrder, view: View) -> str:
        self.fail("denial")
        return ""

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        self.fail("on_event")
        return ()

    def on_timer(self, view: View) -> Iterable[Violation]:
        self.fail("on_timer")
        return ()

    def save(self) -> bytes:
        self.fail("save")
        return b"state"

    def restore(self, state: bytes) -> None:
        self.fail("restore")


class Picky(Rule):
    """Cannot be made."""

    def __init__(self, *given: object) -> None:
        raise ValueError("not on a Monday")


NOT_A_RULE = 5
