"""SignalR's JSON protocol, from the server's side: records of JSON that end with one character.

Source: ASP.NET Core's hub protocol. A client first says which protocol it speaks (`{"protocol":
"json", "version": 1}`) and gets `{}`. From then on each record has a type: 1 is an invocation, with
an `invocationId` where it is to be answered by a completion (3); 6 is a ping; 7 is the end.
"""

from typing import Any, Final, NamedTuple

import msgspec

END: Final = "\x1e"
MESSAGE_MAX_CHARS: Final = 1024 * 1024
INVOCATION: Final = 1
COMPLETION: Final = 3
PING: Final = 6
CLOSE: Final = 7
TRANSPORTS: Final = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]


class HubFault(Exception):
    """What came is not the protocol: the connection has to end."""


class Invoked(NamedTuple):
    """A method of the hub was called; `answer_to` is empty where no answer is wanted."""

    target: str
    arguments: list[Any]
    answer_to: str


class Records:
    """The records of one connection, whatever way their texts are cut."""

    def __init__(self) -> None:
        self.has_greeted = False
        self._rest = ""

    def read(self, text: str) -> list[Invoked]:
        """What was called; raises HubFault for what is not a record."""
        *records, self._rest = (self._rest + text).split(END)
        if len(self._rest) > MESSAGE_MAX_CHARS:
            raise HubFault("the record is too long")
        calls = []
        for record in records:
            found = _object(record)
            if not self.has_greeted:
                self._greet(found)
            elif (call := _call(found)) is not None:
                calls.append(call)
        return calls

    def _greet(self, found: dict[str, Any]) -> None:
        protocol = found.get("protocol"), found.get("version")
        if protocol != ("json", 1):
            raise HubFault(f"the protocol {protocol[0]!r} {protocol[1]!r} is not supported")
        self.has_greeted = True


def _object(record: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(record)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise HubFault(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise HubFault("a record must be an object")
    return found


def _call(found: dict[str, Any]) -> Invoked | None:
    """The call in a record; None for one that is none, such as a ping."""
    if found.get("type") == CLOSE:
        raise HubFault("the client has left")
    if found.get("type") != INVOCATION:
        return None
    arguments = found.get("arguments")
    if not isinstance(arguments, list):
        raise HubFault("an invocation must have arguments")
    return Invoked(str(found.get("target", "")), arguments, str(found.get("invocationId") or ""))


def greeting(fault: str = "") -> str:
    """The answer to a client's first record."""
    return _record({"error": fault} if fault else {})


def invocation(target: str, *arguments: Any) -> str:
    """A call of one of the client's methods."""
    return _record({"type": INVOCATION, "target": target, "arguments": arguments})


def completion(answer_to: str, fault: str = "") -> str:
    """The answer to a call."""
    found: dict[str, Any] = {"type": COMPLETION, "invocationId": answer_to}
    return _record({**found, "error": fault} if fault else {**found, "result": None})


def ping() -> str:
    """A sign of life."""
    return _record({"type": PING})


def negotiated(connection_id: str) -> dict[str, Any]:
    """The answer to a negotiation."""
    return {
        "negotiateVersion": 0,
        "connectionId": connection_id,
        "availableTransports": TRANSPORTS,
    }


def _record(found: dict[str, Any]) -> str:
    return msgspec.json.encode(found).decode() + END
