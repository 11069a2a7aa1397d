"""Confirmation: a price that is wrong once must not break a rule.

A single bad tick, far from the market, makes any position a disaster for a moment. So what depends
on prices counts as broken when it has been so for a while without a break, and over several new
prices. Both are a rule's parameters. What was realised depends on no price and needs none of this.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from tapewire.risk.rules.view import View

MS: int = 1_000_000
Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Since:
    """When something began (monotonic), and how many prices had come by then."""

    mono_ns: int
    marks: int


class Confirmation(Generic[Subject]):
    """Whether something has been true for `ms` milliseconds and over `marks` new prices, for each
    subject. ValueError below 0. Kept in memory: a restart begins to wait again."""

    def __init__(self, ms: int, marks: int) -> None:
        if ms < 0 or marks < 0:
            raise ValueError(f"confirm_ms is {ms} and confirm_marks {marks}; neither is below 0")
        self._wait_ns = ms * MS
        self._marks = marks
        self._since: dict[Subject, Since] = {}

    def holds(self, subject: Subject, is_true: bool, marks: int, view: View) -> bool:
        """Whether it is confirmed; `marks` is how many prices of the subject have come so far."""
        if not is_true:
            self._since.pop(subject, None)
            return False
        since = self._since.setdefault(subject, Since(view.now.mono_ns, marks))
        if marks < since.marks:  # something was closed, and its prices do not count any more
            since = self._since[subject] = Since(since.mono_ns, marks)
        waited = view.now.mono_ns - since.mono_ns >= self._wait_ns
        return waited and marks - since.marks >= self._marks

    def keep(self, subjects: Collection[Subject]) -> None:
        """Forget all other subjects: what is not there any more has no beginning."""
        self._since = {one: since for one, since in self._since.items() if one in subjects}

    def forget(self, subject: Subject) -> None:
        """It begins to wait again."""
        self._since.pop(subject, None)
