"""Account values: what the broker says each account is worth, as events, and when it is asked.

The broker sends values one by one: all of them as the answer to a question, and afterwards those
that have changed, every few minutes. What an execution has changed would be known only then; so the
question is put again a moment after one, but not more often than each `AGAIN_NS`. Values that come
together make one event per account, and none where they say nothing new.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import asdict, replace

from tapewire.common.clock import Now
from tapewire.common.events import AccountUpdated, Event
from tapewire.gateway.broker import AccountReport, AccountsComplete, Broker

AGAIN_NS: Final = 10_000_000_000  # at least, between two questions
BOOKED_NS: Final = 1_000_000_000  # until an execution is in the broker's values
TOGETHER_NS: Final = 250_000_000  # values that come within this time are one change


class AccountValues:
    """The values of one login's accounts. State changes in `apply`, from events that are on disk.
    Intervals are monotonic time. An answer without its end is taken as far as it has come after
    `late_ms`."""

    def __init__(self, adapter: Broker, late_ms: int = 10_000) -> None:
        self.known: dict[str, AccountUpdated] = {}  # by account
        self._broker = adapter
        self._late_ns = late_ms * 1_000_000
        self._next: dict[str, AccountUpdated] = {}  # with what has come since
        self._next_ns = 0  # when the first of those came
        self._asked_ns: int | None = None  # on this connection
        self._is_answered = False
        self._traded_ns: int | None = None  # the first execution since the question
        self._has_traded = False

    def __repr__(self) -> str:
        return f"<AccountValues of {', '.join(self.known) or 'no account'}>"

    def apply(self, event: AccountUpdated) -> None:
        """Take in an event of the own journal."""
        self.known[event.account] = event

    @property
    def current(self) -> Mapping[str, AccountUpdated]:
        """The values by account, if every execution that is known here is in them; else none."""
        is_current = self._is_answered and not self._has_traded and not self._next
        return self.known if is_current else {}

    def rests_until(self, forever_ns: int) -> int:
        """When there is something to do though no value comes: 0 for now."""
        if self._asked_ns is None or not self._is_answered:
            return 0
        if self._next:
            return self._next_ns + TOGETHER_NS
        if not self._has_traded:
            return forever_ns
        return 0 if self._traded_ns is None else self._again_ns(self._asked_ns, self._traded_ns)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {account: asdict(event) for account, event in self.known.items()}

    def traded(self) -> None:
        """An execution was reported: what is known of its account is out of date."""
        self._has_traded = True

    def on_value(self, report: AccountReport, now: Now) -> list[Event]:
        """The broker reports a value; one of an account that is not the login's is left out."""
        if report.account not in self._broker.accounts:
            return []
        if not self._next:
            self._next_ns = now.mono_ns
        name = report.account
        before = self._next.get(name) or self.known.get(name) or AccountUpdated(0, name)
        currency = report.currency or before.currency
        changed = {"currency": currency, report.value: report.amount}
        self._next[name] = replace(before, **changed)
        return []

    def on_complete(self, _report: AccountsComplete, now: Now) -> list[Event]:
        """The question is answered in full: what has come is one change."""
        self._is_answered = True
        self._next_ns = now.mono_ns - TOGETHER_NS
        return []

    def tick(self, now: Now, *, connected: bool) -> list[Event]:
        """Put the question where it is due; returns what has changed, to be applied."""
        if not connected:
            self._asked_ns, self._next = None, {}
            return []
        if (self._asked_ns is None or self._has_traded) and self._is_due(now.mono_ns):
            self.ask(now)
        return self._changes(now) if self._next else []

    def ask(self, now: Now) -> None:
        """Put the question now: with all else at the start of a session."""
        self._asked_ns, self._is_answered = now.mono_ns, False
        self._has_traded, self._traded_ns = False, None
        self._broker.query_accounts()

    def _is_due(self, now_ns: int) -> bool:
        if self._asked_ns is None:
            return True
        if self._traded_ns is None:
            self._traded_ns = now_ns
        return now_ns >= self._again_ns(self._asked_ns, self._traded_ns)

    @staticmethod
    def _again_ns(asked_ns: int, traded_ns: int) -> int:
        """When the question is put again after an execution."""
        return max(traded_ns + BOOKED_NS, asked_ns + AGAIN_NS)

    def _changes(self, now: Now) -> list[Event]:
        if now.mono_ns - self._next_ns < (TOGETHER_NS if self._is_answered else self._late_ns):
            return []
        taken, self._next = self._next, {}
        return [
            replace(one, ts_ns=now.wall_ns)
            for name, one in taken.items()
            if one != self.known.get(name)  # it has the time of the event that is known
        ]
