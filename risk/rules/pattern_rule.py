"""PatternRule: a pattern over the system's events, such as three denied orders in a minute.

What has happened cannot be brought back, so a match is answered once: it is a violation with the
event that completed it. One that is complete because something did not come is found by the timer,
and is broken for a few seconds, in which its enforcement begins.

What must not go wrong: a function of `where` that raises would switch the rule off unseen, since
its condition then does not hold. So what it has raised is raised here once the matches are
answered, and the rule book halts, as for any rule that fails.

And a restart forgets the first two of three denials. So the rule keeps the events that its partial
matches are made of, and looks at them again. Its pattern has no figures, which would need all the
rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from tapewire.common.bus import wire
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    Bar,
    Commission,
    Event,
    Fill,
    Quote,
    Scope,
    Trade,
    name_of,
    subject_of,
)
from tapewire.risk.rules.base import Rule, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

if TYPE_CHECKING:  # all rules are loaded wherever there is one: this one loads the rest when asked
    from tapewire.common.patterns.match import Match
    from tapewire.common.patterns.matcher import Matcher

SECOND_NS: Final = 1_000_000_000
GRACE_NS: Final = SECOND_NS // 2
"""How long an event may be on its way that would still be in time."""
BROKEN_NS: Final = 5 * SECOND_NS
KEPT_MAX: Final = 200
"""The events that are kept over a restart; beyond that the oldest are not."""
EXECUTIONS_MAX: Final = 1_000
NO_EVENTS: Final = (Quote, Trade, Bar)


class PatternParameters(msgspec.Struct, frozen=True):
    """`pattern`: `module:name` or `file.py:name`. `reason`: what the violation says, after the
    pattern's name."""

    pattern: str
    reason: str = ""


class PatternRule(Rule):
    """Broken by each match of a pattern over journaled events: see docs/patterns.md.

    What the pattern is matched by is the violation's scope: `by("strategy")` halts that strategy.
    """

    Parameters = PatternParameters

    def __init__(
        self,
        parameters: PatternParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self._reason = parameters.reason
        from tapewire.common.patterns.named import patterns_named

        found = patterns_named("pattern", parameters.pattern)
        if len(found) != 1:
            raise ConfigError(
                f"pattern is {parameters.pattern}, which has {', '.join(found)}; name one of them"
            )
        [(self._title, self._pattern)] = found.items()
        self._refuse()
        self._matcher = self._empty()
        self._kept: list[Event] = []
        self._seen: dict[tuple[str, str], None] = {}  # executions, which two gateways report
        self._broken: list[tuple[int, Violation]] = []
        self._answered_ns = 0

    def _refuse(self) -> None:
        """What no rule can look at."""
        for kind in NO_EVENTS:
            if kind in self._pattern.reads:
                raise ConfigError(
                    f"pattern is about {kind.__name__}s; a rule sees the events of the journals"
                )
        if self._pattern.figures:
            raise ConfigError(f"pattern has {self._pattern.figures[0]}; a rule's has no figures")

    def rests(self, *, flat: bool) -> bool:
        """See `Rule.rests`: unless something may be complete by time alone."""
        return self._matcher.due_ns is None and not self._broken

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The matches that `event` completes, or shows to be complete."""
        if type(event) not in self._pattern.reads or not self._is_new(event):
            return []
        if not self._is_in_scope(event):
            return []
        self._kept = [*self._kept, event][-KEPT_MAX:]
        found = self._matcher.take(event)
        violations = [self._violation(one) for one in found]
        self._forget(found)
        return self._answered(violations)

    def on_timer(self, view: View) -> Iterable[Violation]:
        """What something that did not come has completed, a few seconds long."""
        now = view.now
        found = self._matcher.advance(now.wall_ns - GRACE_NS)
        self._broken += [(now.mono_ns, self._violation(one)) for one in found]
        self._forget(found)
        self._broken = [one for one in self._broken if now.mono_ns - one[0] < BROKEN_NS]
        return self._answered([violation for _, violation in self._broken])

    def counts(self) -> Mapping[str, int | str]:
        """Its pattern, the events that it keeps for partial matches, and what was left out: partial
        matches beyond the bound, events that came too late, keys beyond theirs."""
        [tally] = self._matcher.tallies
        return {
            "pattern": self._title, "kept": len(self._kept), "dropped": tally.dropped,
            "late": tally.late, "keys": tally.keys,
        }  # fmt: skip

    def save(self) -> bytes:
        """The events that partial matches may be made of, and up to when absences are answered
        where those events stay."""
        if not self._kept:
            return b""
        marks = [self._answered_ns] if self._answered_ns else []
        return msgspec.msgpack.encode([*map(wire.encode, self._kept), *marks])

    def restore(self, state: bytes) -> None:
        """Look at them again; what they complete was answered. Not at those that it has: that would
        forget what is older than they are, and still waits for its time to be over."""
        if state == self.save():
            return
        parts = msgspec.msgpack.decode(state, type=list[bytes | int]) if state else []
        self._matcher, self._kept, self._answered_ns = self._empty(), [], 0
        for part in parts:
            if isinstance(part, int):
                self._answered_ns = part
                self._matcher.finish(part + 1)
                continue
            event = wire.decode_event(part)
            self._kept.append(event)
            self._matcher.take(event)
        self._raise_failure()

    # ---- inside --------------------------------------------------------------------------------

    def _empty(self) -> "Matcher":
        from tapewire.common.patterns.matcher import Matcher

        return Matcher([self._pattern])

    def _answered(self, violations: list[Violation]) -> Iterator[Violation]:
        """These first: none of them is lost to a failure."""
        yield from violations
        self._raise_failure()

    def _raise_failure(self) -> None:
        """Raise the first of what functions of `where` have raised since the last time."""
        failures = self._matcher.failures
        if failures:
            first = failures[0]
            failures.clear()
            raise first

    def _forget(self, matches: "list[Match]") -> None:
        """These were answered; what they are made of begins no other match, unless they overlap."""
        if self._pattern.is_overlapping:
            if self._pattern.absence is not None:
                times = (one.ts_ns for one in matches)
                self._answered_ns = max(self._answered_ns, *times, 0)
            return
        for one in matches:
            places = (at for at, kept in enumerate(self._kept) if kept is one.last)
            last = max(places, default=-1)  # newer events may have taken its place
            of_key = self._matcher.key_of(one.last)
            self._kept = [
                event
                for at, event in enumerate(self._kept)
                if at > last or self._matcher.key_of(event) != of_key
            ]

    def _is_new(self, event: Event) -> bool:
        """An execution is in the journals of both gateways: the second word on it is none."""
        if not isinstance(event, Fill | Commission):
            return True
        key = (name_of(event), event.exec_id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > EXECUTIONS_MAX:
            del self._seen[next(iter(self._seen))]
        return True

    def _is_in_scope(self, event: Event) -> bool:
        about = subject_of(event)
        parts = (getattr(about, name, "") for name in self.scope.__struct_fields__)
        return self.scope == EVERYTHING or self.scope.covers(*parts)

    def _violation(self, match: "Match") -> Violation:
        """A violation of the pattern, in the scope that it is matched by."""
        about = subject_of(match.last)
        found = dict(zip(self.scope.__struct_fields__, self.scope.parts, strict=True))
        for name in self._pattern.by_names:
            if name in found:
                found[name] = str(getattr(about, name, found[name]))
        said = f": {self._reason}" if self._reason else ""
        of = f" of {', '.join(match.key)}" if any(match.key) else ""
        count = len(match.events)
        reason = f"{self.name}: {self._title}{said}, by {count} event{'s' * (count > 1)}{of}"
        return Violation(self.name, Scope(**found), reason, self.enforcement)
