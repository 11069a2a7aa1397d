"""Requests that are out: each has a number, and whoever takes its answer."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import NamedTuple

import msgspec

from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.projectx.words import Json


class Answer(NamedTuple):
    """What became of a request. `found` is the Gateway's answer; without one, `fault` says why, and
    with `is_uncertain` it may have been served all the same. One that `is_turned_away` was not
    looked at: it may be sent again."""

    found: Json | None
    fault: str = ""
    is_uncertain: bool = False
    is_turned_away: bool = False

    @property
    def refusal(self) -> str:
        """Why the Gateway did not do it, in its own words; empty if it did, or gave no answer."""
        if self.found is None or self.found.get("success"):
            return ""
        code = self.found.get("errorCode")
        return self.found.get("errorMessage") or f"the Gateway refuses it with code {code}"

    @property
    def code(self) -> int:
        """The Gateway's code of a refusal, which each kind of request has its own of."""
        return int(self.found.get("errorCode") or 0) if self.found is not None else 0


Take = Callable[[Answer], Iterable[BrokerEvent]]


class Asked:
    """Numbers requests as lines for the link, and finds who waits for an answer."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, Take] = {}

    def line(self, path: str, body: Json, take: Take) -> bytes:
        """The line of a request."""
        number = next(self._numbers)
        self._waiting[number] = take
        return msgspec.json.encode({"n": number, "path": path, "body": body}) + b"\n"

    def answered(self, line: Json) -> Iterator[BrokerEvent]:
        """An answer has come; one that nobody waits for is none."""
        take = self._waiting.pop(line["n"], None)
        if take is None:
            return
        found = line.get("found")
        yield from take(
            Answer(
                found if isinstance(found, dict) else None,
                str(line.get("fault") or ""),
                bool(line.get("uncertain")),
                bool(line.get("limited") or line.get("expired")),
            )
        )

    def forget(self) -> None:
        """The connection is gone, and every answer with it."""
        self._waiting.clear()
