"""The output of the core in one turn: bytes by connection, connections to close, audit lines."""

from collections.abc import Sequence

from tapewire.simulator import audit
from tapewire.simulator.protocol.messages import NO_ID, error, frame
from tapewire.simulator.protocol.session import Session, State


class Outbox:
    """Collects output until it is taken; `now_ns` is the time of the input being handled."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.audit: list[audit.Line] = []
        self._chunks: dict[int, list[bytes]] = {}
        self._closing: list[int] = []

    def open(self, conn: int) -> list[bytes]:
        """Start a connection's outgoing frames; market data is appended to them directly."""
        return self._chunks.setdefault(conn, [])

    def drop(self, conn: int) -> None:
        """Forget a connection and its output."""
        self._chunks.pop(conn, None)

    def chunks(self, conn: int) -> list[bytes]:
        """An open connection's outgoing frames."""
        return self._chunks[conn]

    def send(self, session: Session, fields: Sequence[str]) -> None:
        """Send a message and note it in the audit; a closed session gets nothing."""
        chunks = self._chunks.get(session.conn)
        if chunks is None or session.state is State.CLOSED:
            return
        chunks.append(frame(fields))
        self.audit.append(audit.message(self.now_ns, "message_out", session, fields))

    def error(self, session: Session, code: int, text: str, req_id: int = NO_ID) -> None:
        """Send an error or notice."""
        self.send(session, error(session.version, req_id, code, text))

    def close(self, session: Session, reason: str) -> None:
        """Close the connection once its output so far is sent."""
        session.close(reason)
        if session.conn not in self._closing:
            self._closing.append(session.conn)

    def take(self) -> list[tuple[int, bytes]]:
        """All bytes since the last call, by connection."""
        taken = []
        for conn, chunks in self._chunks.items():
            if chunks:
                taken.append((conn, b"".join(chunks)))
                chunks.clear()
        return taken

    def take_closing(self) -> list[int]:
        """Connections to close, since the last call."""
        taken, self._closing = self._closing, []
        return taken

    def take_audit(self) -> list[audit.Line]:
        """Audit lines since the last call."""
        taken, self.audit = self.audit, []
        return taken
