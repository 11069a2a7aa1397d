"""Connections, by how long they wait for their client.

A server lets so many in and refuses all others, whoever they are. Somebody who opens that many and
sends nothing, half a request, or one after which the connection stays open, would keep a halt away
without being logged in. So only so many may wait for their client, and where there are more, one
is closed: of those that have had an answer, which nobody misses, since a browser opens again what
was closed; or else the one that has waited longest, and a halt comes within moments.
"""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

OWING: Final = (h11.IDLE, h11.SEND_BODY)
"""The states of a client that has a request to begin or to end."""


class Waiting:
    """The connections that wait for their client, `waiting_max` at most. Those that have had an
    answer and ask nothing are the first to be closed, then those that wait for the longest."""

    def __init__(self, waiting_max: int) -> None:
        self._waiting_max = waiting_max
        self._answered: dict[H11Protocol, asyncio.Transport] = {}
        self._asking: dict[H11Protocol, asyncio.Transport] = {}

    def look(self, connection: H11Protocol) -> None:
        """Something has come on a connection, or it is new."""
        if connection.conn.their_state not in OWING:
            self.forget(connection)
            return
        self._answered.pop(connection, None)
        self._asking.setdefault(connection, connection.transport)
        self._close_some()

    def answered(self, connection: H11Protocol) -> None:
        """All of an answer has gone."""
        self.forget(connection)
        if connection.conn.their_state in OWING:
            self._answered[connection] = connection.transport
            self._close_some()

    def forget(self, connection: H11Protocol) -> None:
        """It waits no longer."""
        self._answered.pop(connection, None)
        self._asking.pop(connection, None)

    def _close_some(self) -> None:
        while len(self._answered) + len(self._asking) > self._waiting_max:
            waiting = self._answered or self._asking
            waiting.pop(next(iter(waiting))).close()


def protocol(waiting_max: int) -> type[H11Protocol]:
    """HTTP as uvicorn speaks it, of one server, with at most so many connections that wait."""
    waiting = Waiting(waiting_max)

    class Bounded(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            waiting.look(self)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            waiting.look(self)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            waiting.answered(self)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            waiting.forget(self)

    return Bounded
