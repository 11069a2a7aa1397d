"""Access: who may ask what of which process.

A socket in the run directory is open to every program of the user, and a tcp port to every user of
the machine. So whoever wants something done sends a token along, in a frame of its own before the
message. A process makes new tokens at each start, one for each kind of client, and puts them where
that client finds them (`common.runtime.tokens`). A token of an earlier start is worth nothing: what
was on its way to a process that died must not be done by the next one.

`RIGHTS` is the whole table of what a token is good for. What is not in it is refused, and changes
nothing. Reading is free: a catch-up needs no token, as the streams themselves need none.

A process on another host has no token: its host shows a key, which has a role, and the door at home
presents the token of a client that this role may act as (`KEYS`).

Comparing two byte strings is all that a message costs. There is no signature over its content. It
would help against nobody: who can read the sockets' traffic can read the tokens as well.
"""

from collections.abc import Iterable, Iterator, Mapping
from hmac import compare_digest
from typing import Final, NamedTuple, get_args

from tapewire.common import roles
from tapewire.common.bus.endpoints import server_of
from tapewire.common.bus.ports import QUERIES as QUERY_SOCKET
from tapewire.common.bus.ports import SIGNALS
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    CancelSignal,
    CatchUp,
    CircuitChanged,
    Control,
    Event,
    GroupSignal,
    ListPositions,
    ModifyOrder,
    ModifySignal,
    OrderRequest,
    Reconcile,
    ResolveOrder,
    Signal,
    SubmitGroup,
    SubmitOrder,
    TakeOver,
    WhatIf,
    name_of,
)
from tapewire.common.events.queries import Query, QueryCancel

Kinds = tuple[type[Event], ...]


class Right(NamedTuple):
    """What one kind of client may send. `commands` are those in an `order.request`; with `fenced`
    they come under a fencing token, or the request is the hello that gets one."""

    messages: Kinds
    commands: Kinds = ()
    fenced: bool = False


CLOSING: Final = (SubmitOrder, CancelOrder, CancelAll, ListPositions, TakeOver)
"""What risk asks of a gateway, to close positions. The orders are its own, of strategy `risk`."""

QUERIES: Final[Kinds] = (*get_args(Query), QueryCancel)
"""What changes nothing, but takes a part of what a broker allows the whole login."""

RIGHTS: Final[Mapping[tuple[str, str], Right]] = {
    (roles.GATEWAY, roles.EXECUTOR): Right(
        (OrderRequest,), (SubmitOrder, SubmitGroup, CancelOrder, ModifyOrder, WhatIf), fenced=True
    ),
    (roles.GATEWAY, roles.RISK): Right((OrderRequest,), CLOSING),
    (roles.LIQUIDATION, roles.RISK): Right((OrderRequest,), CLOSING),
    (roles.EXECUTOR, roles.STRATEGY): Right(
        (Signal, GroupSignal, CancelSignal, ModifySignal, CircuitChanged)
    ),
    (roles.EXECUTOR, roles.CLI): Right((Signal, GroupSignal, CancelSignal, ModifySignal)),
    (roles.RISK, roles.CLI): Right((Control,)),
    (roles.GATEWAY, roles.STRATEGY): Right(QUERIES),
    (roles.GATEWAY, roles.CLI): Right((OrderRequest, *QUERIES), (ResolveOrder, Reconcile, WhatIf)),
    (roles.LIQUIDATION, roles.CLI): Right((OrderRequest,), (ResolveOrder,)),
}
"""By the kind of process that is asked and the kind of client. Orders of `risk` itself, which close
positions, come from risk alone, and it sends no others. Signals of `manual`, a person's, come from
the command line alone, and it sends no others."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    roles.READER: (),
    roles.STRATEGY: (roles.STRATEGY,),
    roles.OPERATOR: (roles.STRATEGY, roles.CLI),
}
"""By the role of another host's key, the kinds of clients in `RIGHTS` that it may act as. With each
of them it may read."""

FREE: Final = (CatchUp,)
"""What anybody may ask."""


def right_of(client: str, server: str) -> Right | None:
    """What a process, or a kind of client, may send to a process; None if it may send nothing."""
    return RIGHTS.get((roles.kind_of(server), roles.kind_of(client)))


def may_connect(role: str, socket: str) -> bool:
    """Whether a key with this role may connect to a socket. Where something can be read, each may;
    where not, it needs a right. Raises KeyError for a socket or a role that does not exist."""
    server, clients = server_of(socket), KEYS[role]
    if socket.partition(".")[0] not in (SIGNALS, QUERY_SOCKET):
        return True
    return any(right_of(client, server) is not None for client in clients)


def clients_of(server: str) -> Iterator[str]:
    """The kinds of clients that a process has."""
    return (client for of, client in RIGHTS if of == roles.kind_of(server))


class Access:
    """The door of one process: its clients' tokens, and what each is good for."""

    def __init__(self, server: str, tokens: Mapping[str, bytes]) -> None:
        self.server = server
        self._kind = roles.kind_of(server)
        self._tokens = tuple(tokens.items())

    def __repr__(self) -> str:
        return f"<Access to {self.server} for {', '.join(name for name, _ in self._tokens)}>"

    def refusal(self, token: bytes, event: Event) -> str:
        """Why a message under this token must not be taken; empty if it may."""
        if isinstance(event, FREE):
            return ""
        client = self._client(token)
        if client is None:
            return self._unknown(token, event)
        right = RIGHTS[self._kind, client]
        if type(event) not in right.messages:
            return f"{client} may not send {name_of(event)} to {self.server}"
        if isinstance(event, OrderRequest):
            return self._of_request(client, right, event)
        strategy = getattr(event, "strategy", None)
        if strategy is not None and (strategy == roles.MANUAL) != (client == roles.CLI):
            return f"{client} may not send signals of {strategy}"
        return ""

    def _client(self, token: bytes) -> str | None:
        """Whose token it is. All are compared, so the time it takes says nothing."""
        found = None
        for client, expected in self._tokens:
            if compare_digest(token, expected):
                found = client
        return found

    def _of_request(self, client: str, right: Right, request: OrderRequest) -> str:
        if right.fenced != bool(request.fencing_token or request.hello):
            needs = "needs a fencing token" if right.fenced else "has no fencing token"
            return f"{client} {needs} to ask {self.server} for something"
        of_risk = client == roles.RISK
        for command in request.commands:
            if type(command) not in right.commands:
                return f"{client} may not ask {self.server} for {name_of(command)}"
            for order in _orders_of(command):
                if (order.strategy == roles.RISK) != of_risk:
                    return f"{client} may not send orders of {order.strategy}"
        return ""

    def _unknown(self, token: bytes, event: Event) -> str:
        files = [
            f"tokens/{self.server}.{client}"
            for client in clients_of(self.server)
            if type(event) in RIGHTS[self._kind, client].messages
        ]
        if not files:
            return f"nobody may send {name_of(event)} to {self.server}"
        found = "a token that is not of this start" if token else "no token"
        return f"{name_of(event)} with {found}; expected that of {_either(files)}"


def _orders_of(command: Event) -> tuple[SubmitOrder, ...]:
    if isinstance(command, SubmitGroup):
        return (*command.orders, *command.later)
    return (command,) if isinstance(command, SubmitOrder) else ()


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)
