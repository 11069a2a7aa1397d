"""Faults of single messages: duplicated, late, reordered, missing, altered."""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta

from tapewire.common.config.near import expected
from tapewire.simulator.faults.connection import Count, Seconds
from tapewire.simulator.faults.kinds import Message, OnMessage
from tapewire.simulator.faults.tws import Tws
from tapewire.simulator.protocol.session import Session

MESSAGES: Final[Mapping[str, str]] = {
    "orderStatus": "3",
    "error": "4",
    "openOrder": "5",
    "accountValue": "6",
    "portfolioValue": "7",
    "nextValidId": "9",
    "contractDetails": "10",
    "execDetails": "11",
    "managedAccounts": "15",
    "currentTime": "49",
    "contractDetailsEnd": "52",
    "openOrderEnd": "53",
    "accountDownloadEnd": "54",
    "execDetailsEnd": "55",
    "commissionReport": "59",
    "position": "61",
    "positionEnd": "62",
    "accountSummary": "63",
    "accountSummaryEnd": "64",
    "completedOrder": "101",
    "completedOrdersEnd": "102",
}
"""The messages that such a fault can name, with TWS's id for each."""


class OfMessage(OnMessage, frozen=True, kw_only=True):
    """A fault of the messages with this name."""

    message: str = "orderStatus"

    def refusal(self, _tws: Tws) -> str:
        """A message that is not in the table."""
        if self.message in MESSAGES:
            return ""
        return f"message is {self.message!r:.80}; {expected(self.message, MESSAGES)}"

    def concerns(self, message: Message) -> bool:
        """A message of this name."""
        return message[0] == MESSAGES.get(self.message)


class Duplicate(OfMessage, frozen=True, kw_only=True):
    """`copies` more of the message."""

    does = "A `message` arrives twice."
    advice = "Apply each event once: executions by their id, statuses by what they change."
    copies: Count = 1

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """The message and its copies."""
        return [message] * (1 + self.copies)


class Late(OfMessage, frozen=True, kw_only=True):
    """`seconds` late."""

    does = "A `message` arrives `seconds` late, behind others that were sent after it."
    advice = "Do not conclude from a status what executions say, nor from the order of either."
    seconds: Seconds = 2.0

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """Nothing for now."""
        tws.after(self.seconds, lambda: tws.parts.outbox.send_as_it_is(session, message))
        return []


class Reorder(OfMessage, frozen=True, kw_only=True):
    """Behind the next message of the connection, `at_most_s` late."""

    does = "A `message` arrives behind the one that was sent after it."
    advice = "As for a late message."
    message: str = "execDetails"
    at_most_s: Seconds = 1.0

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """Nothing before the next message."""
        tws.parts.outbox.send_behind(session, message)
        tws.after(self.at_most_s, lambda: tws.parts.outbox.send_what_is_behind(session))
        return []


class Missing(OfMessage, frozen=True, kw_only=True):
    """Lost for good."""

    does = "A `message` is never sent."
    advice = "Ask: open orders, executions and positions tell what was missed."

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """Nothing."""
        return []


class MissingEnd(Missing, frozen=True, kw_only=True):
    """As `missing`, for the ends of answers."""

    does = "An answer has no end `message`."
    advice = "Limit the time to wait for an end; take what came for incomplete, and ask again."
    message: str = "execDetailsEnd"


class LateCommission(Late, frozen=True, kw_only=True):
    """As `late`, for what an execution cost."""

    does = "The commission of an execution arrives `seconds` late."
    advice = "Book the execution without it, and its cost when that comes."
    message: str = "commissionReport"


class MissingCommission(Missing, frozen=True, kw_only=True):
    """As `missing`, for what an execution cost."""

    does = "The commission of an execution is never sent."
    advice = "Ask for executions: TWS sends their commissions with them."
    message: str = "commissionReport"


class ExtraField(OfMessage, frozen=True, kw_only=True):
    """At the end of the message."""

    does = "A `message` has one field more than this server version should send."
    advice = "Keep what cannot be read with its bytes and raise an alarm; never drop it silently."
    message: str = "error"
    value: str = ""

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """The message with a field more."""
        return [[*message, self.value]]


class IdRollBack(OnMessage, frozen=True, kw_only=True):
    """`by` how many ids."""

    does = "nextValidId is `by` lower than it has to be, as after a restart of TWS."
    advice = "Never use an id that is not above all that you used before."
    by: Annotated[int, Meta(ge=1)] = 4

    def concerns(self, message: Message) -> bool:
        """The next valid id."""
        return message[0] == MESSAGES["nextValidId"]

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """A lower id, 1 at least."""
        return [[*message[:2], str(max(1, int(message[2]) - self.by))]]
