"""Nonces: each allows one action, once, to whoever asked for it.

Whoever wants something done asks for a nonce first, and names what: the group, the action, its
target and its parameters. The server says in a sentence what it would do, and what has to be typed.
The nonce is good for exactly that, for 60 s, and for one attempt: one that is used for anything
else is gone as well. So nothing that was sent once can be sent again, and what a person has
confirmed is what is done.
"""

import hmac
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.common.clock import Now
from tapewire.web.access import Refused

VALID_NS: Final = 60_000_000_000
WAITING_MAX: Final = 20
"""So many confirmations of one login wait at most: its next one takes the place of its oldest."""


class Wanted(NamedTuple):
    """What is to be done: `action` on `target` in `group`, with these parameters. `launch` tells
    one start of the group from the next, which may trade another account."""

    group: str
    action: str
    target: str
    parameters: dict[str, Any]
    launch: str = ""

    @property
    def canonical(self) -> bytes:
        """The same bytes for the same wish."""
        return msgspec.json.encode(tuple(self), order="deterministic")


class _Issued(NamedTuple):
    owner: str
    canonical: bytes
    typed: str
    until_ns: int


class Nonces:
    """The nonces that wait for their use; `new` makes a text that nobody can guess."""

    def __init__(self, new: Callable[[], str]) -> None:
        self._new = new
        self._issued: dict[str, _Issued] = {}

    def issue(self, owner: str, wanted: Wanted, typed: str, now: Now) -> str:
        """A nonce for what `owner` wants, once `typed` has been typed."""
        nonce, until_ns = self._new(), now.mono_ns + VALID_NS
        self._make_room(owner, now)
        self._issued[nonce] = _Issued(owner, wanted.canonical, typed, until_ns)
        return nonce

    def _make_room(self, owner: str, now: Now) -> None:
        self._issued = {n: one for n, one in self._issued.items() if one.until_ns > now.mono_ns}
        waiting = [nonce for nonce, one in self._issued.items() if one.owner == owner]
        for oldest in waiting[: max(0, len(waiting) - WAITING_MAX + 1)]:
            del self._issued[oldest]

    def use(self, nonce: str, owner: str, wanted: Wanted, typed: str, now: Now) -> None:
        """Use a nonce up; raises `Refused` if it does not allow exactly this."""
        issued = self._issued.pop(nonce, None)
        if issued is None or issued.until_ns <= now.mono_ns:
            raise Refused(409, "the confirmation is unknown, used or older than 60 s; ask again")
        if not hmac.compare_digest(issued.owner, owner):
            raise Refused(409, "the confirmation was given to another login; ask again")
        if issued.canonical != wanted.canonical:
            raise Refused(409, "the confirmation was for something else; ask again")
        if not hmac.compare_digest(issued.typed.encode(), typed.encode()):
            raise Refused(409, f"typed was {typed[:40]!r}, expected {issued.typed!r}; ask again")
