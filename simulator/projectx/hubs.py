"""The two hubs: who is connected to which, and what each has subscribed to."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from tapewire.simulator.projectx import signalr
from tapewire.simulator.projectx.signalr import Invoked, Records

PING_NS: Final = 15_000_000_000
SILENT_NS: Final = 30_000_000_000
Hub = Literal["user", "market"]
SUBJECTS: Final[dict[Hub, tuple[str, ...]]] = {
    "user": ("Accounts", "Orders", "Positions", "Trades"),
    "market": ("ContractQuotes", "ContractTrades", "ContractMarketDepth"),
}
"""What can be subscribed to."""
METHODS: Final[dict[Hub, dict[str, tuple[str, bool]]]] = {
    hub: {
        f"{verb}{subject}": (subject, verb == "Subscribe")
        for subject in subjects
        for verb in ("Subscribe", "Unsubscribe")
    }
    for hub, subjects in SUBJECTS.items()
}
"""What each hub can be asked to do: about which subject, and whether that is to begin."""
EVERY: Final = ""
"""What a subscription is about that names nothing: all accounts of the login."""


class Member(msgspec.Struct, eq=False):
    """One connection to a hub. `wants` has the subject and the account or contract."""

    hub: Hub
    heard_ns: int
    spoke_ns: int
    user: str = ""
    records: Records = msgspec.field(default_factory=Records)
    wants: set[tuple[str, str]] = msgspec.field(default_factory=set)
    is_silent: bool = False

    def due_ns(self) -> int:
        """When it must hear something, or is given up."""
        return min(self.spoke_ns + PING_NS, self.heard_ns + SILENT_NS)


class Hubs:
    """All connections to both hubs, by their numbers."""

    def __init__(self) -> None:
        self.members: dict[int, Member] = {}

    def join(self, conn: int, hub: Hub, user: str, now_ns: int) -> None:
        """A connection is one to a hub from now on."""
        self.members[conn] = Member(hub, now_ns, now_ns, user)

    def of(self, hub: Hub) -> list[int]:
        """The connections to a hub."""
        return [conn for conn, one in self.members.items() if one.hub == hub]

    def call(self, conn: int, call: Invoked, known: set[str]) -> str:
        """Let a call change what a connection wants; returns why it cannot, or "". `known` are the
        accounts or the contracts that there are."""
        member = self.members[conn]
        found = METHODS[member.hub].get(call.target)
        if found is None:
            return f"Unknown hub method '{call.target}'"
        subject, starts = found
        about = EVERY if subject == "Accounts" else _only(call.arguments)
        if about != EVERY and about not in known:
            return f"An unexpected error occurred invoking '{call.target}' on the server."
        (member.wants.add if starts else member.wants.discard)((subject, about))
        return ""

    def wanting(self, subject: str, about: str) -> Iterator[int]:
        """The connections that are to hear of a subject."""
        for conn, one in self.members.items():
            if (subject, about) in one.wants and not one.is_silent:
                yield conn

    def is_wanted(self, subject: str, about: str) -> bool:
        """Whether anybody is to hear of it."""
        return any(True for _ in self.wanting(subject, about))

    def due_ns(self) -> int | None:
        """When to ping, or to give somebody up."""
        return min((one.due_ns() for one in self.members.values()), default=None)

    def pass_time(self, now_ns: int) -> tuple[list[tuple[int, str]], list[int]]:
        """The pings that are due, and the connections that have been silent for too long."""
        pings, lost = [], []
        for conn, one in self.members.items():
            if now_ns - one.heard_ns >= SILENT_NS:
                lost.append(conn)
            elif now_ns - one.spoke_ns >= PING_NS:
                one.spoke_ns = now_ns
                pings.append((conn, signalr.ping()))
        return pings, lost


def _only(arguments: list[Any]) -> str:
    return str(arguments[0]) if len(arguments) == 1 else "?"
