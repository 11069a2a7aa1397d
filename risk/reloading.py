"""Taking over other rules: what it comes to in risk's journal.

    validated by the command -> validated by risk -> in risk's journal -> gateway -> executor

Nothing is taken over before it is on the disk. A crash before that leaves the old rules in force
everywhere, and the command says that risk did not answer. After it the new ones are: a risk that
starts again reads them, and so do gateway and executor, whenever they do.

Between risk's commit and the moment at which the gateway has read it, orders pass by the old rules:
that is shorter than risk's lease, since nothing that adds risk passes the gateway before it has
read risk's journal as far as the newest heartbeat says, and none passes on an older one. After the
fact risk watches by the new rules from the commit on.

At a start
----------
The configuration counts where a person started the group with it, and what is in the journal where
a process alone starts again. Otherwise an edited file would take effect when a process happens to
die, and nobody would have confirmed it.
"""

from collections.abc import Iterator, Mapping

from tapewire.common.clock import Now
from tapewire.common.events import Event, RulesChanged, RuleStateChanged
from tapewire.risk.rules import RuleBook
from tapewire.risk.rules.in_force import taken_over

AT_START = "start"
"""Who takes over the configuration's rules at a start."""


def change(
    text: str, before: RuleBook, saved: Mapping[str, bytes], now: Now, *, reason: str, by: str
) -> tuple[str, list[Event]]:
    """Why the rules of `text` cannot take the place of `before`; or "" and the events that put them
    there. `saved` is what is in the journal of those of before, by their keys."""
    after = taken_over(text, before)
    if after.fault:
        return f"not taken over: {after.fault}", []
    kept = [RuleStateChanged(now.wall_ns, *one) for one in _states(before, after, saved)]
    return "", [RulesChanged(now.wall_ns, text, reason, by), *kept]


def _states(
    before: RuleBook, after: RuleBook, saved: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """What each rule keeps over restarts, under its new key. Of one that cannot say, what it kept
    last: it has lost its state, and the next start may read it."""
    states = dict(after.states())
    for rule in after.rules:
        key = after.key_of(rule)
        known = saved.get(before.key_of(rule), b"") if rule in before.rules else b""
        if state := states.get(key, known):
            yield key, state


def at_start(
    configured: str, adopted: str, before: RuleBook, saved: Mapping[str, bytes], now: Now,
    *, confirmed: bool,
) -> list[Event]:  # fmt: skip
    """What is to be written down at a start: nothing where the journal has these rules, or others
    that a configuration which nobody has confirmed must not replace."""
    if adopted and (adopted == configured or not confirmed):
        return []
    why = "the configuration that the group was started with"
    _, events = change(configured, before, saved, now, reason=why, by=AT_START)
    return events
