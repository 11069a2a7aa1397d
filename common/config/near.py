"""Near misses: what to say of a name that is not known."""

import difflib
from collections.abc import Iterable
from typing import Final

LISTED_MAX: Final = 12
NEAR_MAX: Final = 3
LIKENESS: Final = (0.9, 0.6)  # a slip of the finger hides what is only akin


def expected(given: str, known: Iterable[str]) -> str:
    """What was expected in place of `given`, for the end of a sentence: the known names that it
    probably means, and all of them where that is short or no name comes near."""
    names = sorted(set(known))
    if not names:
        return "none is known"
    near = _near(given, names)
    if not near:
        return f"expected one of: {', '.join(names)}"
    meant = f"did you mean {' or '.join(near)}?"
    if len(names) > LISTED_MAX or near == names:
        return meant
    return f"{meant} Known: {', '.join(names)}"


def _near(given: str, names: list[str]) -> list[str]:
    """Names that `given` is a part of, else those that are spelled alike, whatever the case."""
    asked = given.lower()
    parts = [name for name in names if len(asked) > 2 and asked in name.lower()]
    if parts:
        return parts[:NEAR_MAX]
    by_lower = {name.lower(): name for name in names}
    for likeness in LIKENESS:
        found = difflib.get_close_matches(asked, by_lower, NEAR_MAX, likeness)
        if found:
            return [by_lower[name] for name in found]
    return []
