"""The broker's error messages: an event for each, and an alarm where a person has to look.

A broker can repeat an error message thousands of times a second, about one thing or about as many
as there are numbers. The journal must not fill up with that. So the first message with a code on a
subject is reported at once, and from then on how many more there were: a minute later, then after
two, and so on up to an hour, until there are none for `QUIET_NS`. At most `SUBJECTS_MAX` are
counted apart at a time; what comes beyond that is counted together.
"""

from typing import Final

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, BrokerErrorReported, ErrorClass, Event
from tapewire.common.events.base import NAME_MAX
from tapewire.gateway.broker import ErrorReport, OrderError
from tapewire.gateway.orders.intent import Intent

FOLD_NS: Final = 60_000_000_000
FOLD_MAX_NS: Final = 60 * FOLD_NS
QUIET_NS: Final = 10 * FOLD_NS
SUBJECTS_MAX: Final = 256
Key = tuple[int, str]
OTHERS: Final[Key] = (0, "")
ALARMING: Final = frozenset[ErrorClass](["throttle", "resubscribe", "delayed", "order", "request"])
"""What a person has to look at, where nobody in particular has asked."""


class Fold:
    """What came with one code on one subject since it was last reported."""

    __slots__ = ("count", "event", "every_ns", "reason", "since_ns")

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns  # monotonic
        self.every_ns = FOLD_NS
        self.count = 0
        self.event: BrokerErrorReported | None = None
        self.reason = ""

    @property
    def due_ns(self) -> int:
        """When there is something to do: to report, or to forget."""
        return self.since_ns + (self.every_ns if self.count else max(self.every_ns, QUIET_NS))


class ErrorReports:
    """The error messages of one login. Alarms go to `complaints`. None of it is durable."""

    def __init__(self, complaints: list[tuple[str, bytes]]) -> None:
        self._complaints = complaints
        self._folds: dict[Key, Fold] = {}
        self._due_ns = 0
        self._farm_is_lost = False

    def rests_until(self, forever_ns: int) -> int:
        """When there is something to do though no message comes."""
        return self._due_ns if self._folds else forever_ns

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
            if now.mono_ns < fold.due_ns:
                continue
            if fold.count:
                events += self._counted(key, fold, now)
            else:
                del self._folds[key]
        self._due_ns = min((one.due_ns for one in self._folds.values()), default=0)
        return events

    def _folded(self, event: BrokerErrorReported, reason: str, now: Now) -> list[Event]:
        key: Key = (event.code, event.subject)
        if key not in self._folds and len(self._folds) >= SUBJECTS_MAX:
            key = OTHERS
        fold = self._folds.get(key)
        if fold is not None:
            fold.count, fold.event, fold.reason = fold.count + 1, event, reason or fold.reason
            self._due_ns = min(self._due_ns, fold.due_ns)
            return []
        fold = self._folds[key] = Fold(now.mono_ns)
        self._due_ns = min(self._due_ns, fold.due_ns) if len(self._folds) > 1 else fold.due_ns
        return self._reported(event, reason)

    def _counted(self, key: Key, fold: Fold, now: Now) -> list[Event]:
        assert fold.event is not None
        event = replace(fold.event, ts_ns=now.wall_ns, count=fold.count)
        again = f" ({fold.count} more within {(now.mono_ns - fold.since_ns) // 1_000_000_000} s)"
        if key == OTHERS:
            again = f" ({fold.count} messages of this and other kinds)"
            event = replace(event, code=0, error_class="warn", about="connection", subject="")
        reason = fold.reason and f"{fold.reason}{again}"
        fold.since_ns, fold.count, fold.reason = now.mono_ns, 0, ""
        fold.every_ns = min(2 * fold.every_ns, FOLD_MAX_NS)
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
