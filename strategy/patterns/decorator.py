"""`@pattern`: a method that is called with each match of a pattern."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.expressions import PatternError

_ATTRIBUTE: Final = "_tapewire_patterns"
Method = TypeVar("Method", bound=Callable[..., object])


def pattern(*patterns: Pattern[Any]) -> Callable[[Method], Method]:
    """Call the method with a `Match` of each of these patterns: `def on_retest(self, match)`.

    PatternError, at once, for a pattern that cannot be matched.
    """
    if not patterns or not all(isinstance(one, Pattern) for one in patterns):
        raise PatternError("@pattern needs a pattern, such as @pattern(step(trade.price > 100))")
    checked = tuple(one.checked() for one in patterns)

    def marked(method: Method) -> Method:
        setattr(method, _ATTRIBUTE, checked)
        return method

    return marked


def pattern_of(method: object) -> tuple[Pattern[Any], ...]:
    """The patterns that a method is called with matches of; none for any other."""
    found: tuple[Pattern[Any], ...] = getattr(method, _ATTRIBUTE, ())
    return found
