"""What the broker complains about: an event each, and an alarm where a person has to look.

A broker can repeat an error message thousands of times a second, about one thing or about as many
as there are numbers. The journal must not fill up with that. So the first message with a code on a
subject is reported at once, and from then on how many more there were, once in `FOLD_NS`. At most
`SUBJECTS_MAX` are counted apart at a time; what comes beyond that is counted together.
"""

from typing import Final

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, BrokerErrorReported, ErrorClass, Event
from tapewire.common.events.base import NAME_MAX
from tapewire.gateway.broker import ErrorReport, OrderError
from tapewire.gateway.orders.intent import Intent

FOLD_NS: Final = 60_000_000_000
SUBJECTS_MAX: Final = 64
Key = tuple[int, str]
OTHERS: Final[Key] = (0, "")
ALARMING: Final = frozenset[ErrorClass](["throttle", "resubscribe", "delayed", "order", "request"])
"""What a person has to look at, where nobody in particular has asked."""


class Fold:
    """What came with one code on one subject since it was last reported."""

    __slots__ = ("count", "event", "reason", "since_ns")

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns  # monotonic
        self.count = 0
        self.event: BrokerErrorReported | None = None
        self.reason = ""


class ErrorReports:
    """The error messages of one login. Alarms go to `complaints`. None of it is durable."""

    def __init__(self, complaints: list[tuple[str, bytes]]) -> None:
        self._complaints = complaints
        self._folds: dict[Key, Fold] = {}
        self._due_ns = 0
        self._farm_is_lost = False

    def on_error(self, report: ErrorReport, now: Now) -> list[Event]:
        """An error message that is about no order: what to journal of it."""
        if report.error_class == "farm_lost":
            self._farm_is_lost = True
        elif report.error_class == "farm_back" and not self._farm_is_lost:
            return []  # each login begins with these
        on = f" on {report.subject}" if report.subject else ""
        alarm = report.error_class in ALARMING and not report.answered
        reason = f"TWS error {report.code}{on}: {report.text}" if alarm else ""
        event = BrokerErrorReported(
            now.wall_ns, report.code, report.error_class, report.about,
            report.subject[:NAME_MAX], report.text[:TEXT_MAX], report.advice[:TEXT_MAX],
        )  # fmt: skip
        return self._folded(event, reason, now)

    def on_order(self, error: OrderError, intent: Intent | None, now: Now) -> list[Event]:
        """One that names an order of this client, which `intent` is if it is known."""
        subject = error.order_id if intent is None else intent.intent_id
        event = BrokerErrorReported(
            now.wall_ns, error.code, error.error_class, "order",
            subject[:NAME_MAX], error.text[:TEXT_MAX], error.advice[:TEXT_MAX],
            "" if intent is None else intent.order.account,
        )  # fmt: skip
        return self._folded(event, _alarm(error, intent), now)

    def tick(self, now: Now) -> list[Event]:
        """How many more there were of what was reported a while ago."""
        if not self._folds or now.mono_ns < self._due_ns:
            return []
        events: list[Event] = []
        for key, fold in list(self._folds.items()):
            if now.mono_ns - fold.since_ns < FOLD_NS:
                continue
            if fold.count:
                events += self._counted(key, fold, now)
            else:
                del self._folds[key]
        self._due_ns = min((one.since_ns for one in self._folds.values()), default=0) + FOLD_NS
        return events

    def _folded(self, event: BrokerErrorReported, reason: str, now: Now) -> list[Event]:
        key: Key = (event.code, event.subject)
        if key not in self._folds and len(self._folds) >= SUBJECTS_MAX:
            key = OTHERS
        fold = self._folds.get(key)
        if fold is not None:
            fold.count, fold.event, fold.reason = fold.count + 1, event, reason or fold.reason
            return []
        fold = self._folds[key] = Fold(now.mono_ns)
        self._due_ns = min(one.since_ns for one in self._folds.values()) + FOLD_NS
        return self._reported(event, reason)

    def _counted(self, key: Key, fold: Fold, now: Now) -> list[Event]:
        assert fold.event is not None
        event = replace(fold.event, ts_ns=now.wall_ns, count=fold.count)
        again = f" ({fold.count} more within {FOLD_NS // 1_000_000_000} s)"
        if key == OTHERS:
            again = f" ({fold.count} messages of this and other kinds)"
            event = replace(event, code=0, error_class="warn", about="connection", subject="")
        reason = fold.reason and f"{fold.reason}{again}"
        fold.since_ns, fold.count, fold.reason = now.mono_ns, 0, ""
        return self._reported(event, reason)

    def _reported(self, event: BrokerErrorReported, reason: str) -> list[Event]:
        """An alarm where there is a reason for one, and the event, unless it is to be ignored."""
        if reason:
            self._complaints.append((reason, b""))
        return [] if event.error_class == "ignore" else [event]


def _alarm(error: OrderError, intent: Intent | None) -> str:
    """What a person has to look at: an error on no order that is known, or one that nobody here
    knows the meaning of."""
    if intent is None:
        return f"the broker's error {error.code} on order {error.order_id}: {error.text}"
    if error.effect != "unlisted":
        return ""
    which = f"order {error.order_id} ({intent.intent_id}, {intent.state})"
    return (
        f"the broker's error {error.code} on {which} is not a known one: {error.text}; the order is"
        " as it was, and the broker is asked"
    )
