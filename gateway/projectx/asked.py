"""Requests that are out: each has a number, and whoever takes its answer."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.projectx.words import Json, sentence

CODE_MAX: Final = 2**31
NUMBER: Final = re.compile(rb'\{"n": ?(\d{1,18}),')
"""How the link begins an answer."""


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
        if words := self.found.get("errorMessage"):
            return sentence(words)
        return f"the Gateway refuses it with code {sentence(self.found.get('errorCode'))}"

    @property
    def code(self) -> int:
        """The Gateway's code of a refusal, which each kind of request has its own of; 0 for what
        is not one."""
        code = (self.found or {}).get("errorCode")
        return code if isinstance(code, int) and 0 <= code < CODE_MAX else 0

    def lacks(self, name: str) -> str:
        """Why it has no list of this name, in a sentence; empty if it has one. A list that is
        missing says nothing, and not that there is nothing."""
        if self.found is None or self.refusal:
            return self.fault or self.refusal
        if isinstance(self.found.get(name), list):
            return ""
        return f"it answers without a list of {name}"

    def rows(self, name: str) -> list[Any]:
        """The list of this name, which it does not lack."""
        return list(self.found[name]) if self.found is not None else []


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
        found, fault = line.get("found"), str(line.get("fault") or "")
        if not isinstance(found, dict):
            found, fault = None, fault or f"it answers {sentence(found)}"
        yield from take(
            Answer(
                found,
                fault,
                bool(line.get("uncertain")),
                bool(line.get("limited") or line.get("expired")),
            )
        )

    def garbled(self, data: bytes) -> list[BrokerEvent]:
        """A line came that is not JSON, such as one with a number that is none. If it is an answer,
        who waits for it must know, or a list of positions would be waited for without end."""
        found = NUMBER.match(data)
        if found is None:
            return []
        fault = "its answer cannot be read"
        return list(self.answered({"n": int(found[1]), "fault": fault, "uncertain": False}))

    def forget(self) -> None:
        """The connection is gone, and every answer with it."""
        self._waiting.clear()
