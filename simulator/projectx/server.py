"""The simulated Gateway: takes bytes and time, returns bytes. It opens no socket."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator import audit
from tapewire.simulator.projectx import signalr
from tapewire.simulator.projectx.doors import Doors, Reply
from tapewire.simulator.projectx.faults import GatewayFaults, Late, Lost, OnCall
from tapewire.simulator.projectx.hubs import Hub, Hubs
from tapewire.simulator.projectx.line import Asked, Left, Line, LineFault, Ponged, Said
from tapewire.simulator.projectx.settings import GatewaySettings
from tapewire.simulator.projectx.venue import Venue
from tapewire.simulator.projectx.words import NS_PER_S

HUBS: Final[dict[str, Hub]] = {"/hubs/user": "user", "/hubs/market": "market"}
POLICY: Final = 1008


class GatewayServer:
    """One Gateway and its exchange. See `TwsServer` for how it is to be called. `line` makes what
    reads a connection, for one that is not of bytes."""

    def __init__(
        self, settings: GatewaySettings, instruments: Sequence[Instrument], market: Iterator[Row],
        now_ns: int, line: Callable[[], Any] = Line,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._line = line
        self.unsent_bytes = 0
        self._now_ns = now_ns
        self._lines: dict[int, Line] = {}
        self._out: dict[int, bytearray] = {}
        self._closing: list[int] = []
        self._resets: set[int] = set()
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._down_until_ns = 0
        self._connections = 0
        self._hubs = Hubs()
        year = datetime.fromtimestamp(now_ns // NS_PER_S, UTC).year
        self._venue = Venue(settings.market, instruments, market, year, self._hubs, self._say)
        self._doors = Doors(settings, self._venue.endpoints)
        self.faults = GatewayFaults(self, settings.market.fault_seed)
        self._audit: list[audit.Line] = []

    # ---- what the sockets call -------------------------------------------------------------------

    @property
    def counters(self) -> dict[str, int]:
        """Totals since the start; `messages_sent` counts only market data."""
        return {**self._venue.counters, "connections": self._connections}

    @property
    def market_began_ns(self) -> int | None:
        """When somebody first asked for market data; None before that."""
        return self._venue.market_began_ns

    @property
    def market_over(self) -> bool:
        """Whether the market has ended."""
        return self._venue.market_over

    def connected(self, conn: int, now_ns: int) -> None:
        """A client connected; `conn` is a number that no other open connection has."""
        self._at(now_ns)
        self._lines[conn], self._out[conn] = self._line(), bytearray()
        self._connections += 1
        if now_ns < self._down_until_ns:
            self._reset(conn)
            return
        self.faults.started(now_ns)

    def received(self, conn: int, data: Any, now_ns: int) -> None:
        """Bytes arrived. Whatever they are, they do not affect other connections."""
        line = self._lines.get(conn)
        if line is None or conn in self._closing:
            return
        self._at(now_ns)
        try:
            items = line.receive(data)
            while items:
                for item in items:
                    self._take(conn, line, item)
                items = [] if line.is_socket or conn not in self._lines else line.following()
        except (LineFault, signalr.HubFault) as fault:
            self._end(conn, line, str(fault))

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is closed. Its orders stay open."""
        self._at(now_ns)
        self._lines.pop(conn, None)
        self._out.pop(conn, None)
        self._hubs.members.pop(conn, None)
        self._resets.discard(conn)

    def tick(self, now_ns: int) -> None:
        """Let the market continue, and do what waited for its time."""
        self._at(now_ns)
        if not self._is_held():
            self._venue.pass_time(now_ns)
        due = [do for at_ns, do in self._later if at_ns <= now_ns]
        self._later = [one for one in self._later if one[0] > now_ns]
        for do in due:
            do()
        self.faults.passed(now_ns)
        pings, lost = self._hubs.pass_time(now_ns)
        for conn, text in pings:
            self._say(conn, text)
        for conn in lost:
            self._end(conn, self._lines[conn], "it was silent for too long")

    def next_due_ns(self) -> int | None:
        """When to call `tick` next; None: after the next input, or never."""
        market_ns = None if self._is_held() else self._venue.due_ns()
        due = (market_ns, self.faults.due_ns(), self._hubs.due_ns(), *(at for at, _ in self._later))
        return min((one for one in due if one is not None), default=None)

    def take_output(self) -> list[tuple[int, bytes]]:
        """The output since the last call: (conn, bytes)."""
        found = [(conn, bytes(data)) for conn, data in self._out.items() if data]
        for conn, _ in found:
            self._out[conn].clear()
        return found

    def take_closing(self) -> list[int]:
        """Connections to close once their output is sent."""
        taken, self._closing = self._closing, []
        return taken

    def is_reset(self, conn: int) -> bool:
        """Whether a connection of `take_closing` ends by a reset."""
        return conn in self._resets

    def take_audit(self) -> list[audit.Line]:
        """Audit lines since the last call."""
        taken = self._audit + self._venue.reports.audit
        self._audit, self._venue.reports.audit = [], []
        return taken

    def books(self) -> dict[str, Any]:
        """What the broker has, in JSON values: money and quantities as decimal text."""
        return self._venue.books()

    # ---- what faults do --------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        """See `Acts`; connections to the hubs end with the token that they were opened with."""
        self._doors.tokens.revoke_all()

    def drop(self, hub: str) -> None:
        """See `Acts`."""
        for conn in [conn for conn, one in self._hubs.members.items() if one.hub == hub]:
            self._reset(conn)

    def silence(self, hub: str, seconds: float) -> None:
        """See `Acts`."""
        self._silence(hub, is_silent=True)
        self._after(seconds, partial(self._silence, hub, is_silent=False))

    def go_down(self, seconds: float) -> None:
        """See `Acts`."""
        self._down_until_ns = self._now_ns + int(seconds * NS_PER_S)
        for conn in list(self._lines):
            self._reset(conn)

    def _silence(self, hub: str, *, is_silent: bool) -> None:
        for one in self._hubs.members.values():
            if one.hub == hub:
                one.is_silent = is_silent

    # ---- inside ----------------------------------------------------------------------------------

    def _at(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._venue.at(now_ns)

    def _is_held(self) -> bool:
        market = self.settings.market
        return not market.speed and self.unsent_bytes > market.unsent_max_bytes

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._later.append((self._now_ns + int(seconds * NS_PER_S), do))

    def _take(self, conn: int, line: Line, item: object) -> None:
        if isinstance(item, Asked):
            self._open(conn, line, item) if not item.method else self._serve(conn, line, item)
        elif isinstance(item, Said):
            self._hear(conn, item.text)
        elif isinstance(item, Ponged):
            self._send(conn, item.reply)
        elif isinstance(item, Left):
            self._send(conn, item.reply)
            self._close(conn)

    def _serve(self, conn: int, line: Line, asked: Asked) -> None:
        """Answer a request, as a fault may have it."""
        path, is_hub = self._doors.path_of(asked)
        fault = None if is_hub else self.faults.on_request(path, self._now_ns)
        self.faults.passed(self._now_ns)
        if conn not in self._lines or conn in self._closing:
            return
        if fault is not None and not fault.is_served:
            reply = Reply(fault.status, b"")
        else:
            reply = self._doors.serve(asked, self._now_ns)
        self._note("request", conn, path=path, status=reply.status, fault=_name(fault))
        if isinstance(fault, Late):
            self._after(fault.seconds, partial(self._answer, conn, line, reply))
        elif isinstance(fault, Lost) or not reply.status:
            self._reset(conn)
        else:
            self._answer(conn, line, reply)

    def _answer(self, conn: int, line: Line, reply: Reply) -> None:
        """Send an answer; one that was late may find that nobody waits for it."""
        if self._lines.get(conn) is not line:
            return
        self._send(conn, line.answer(reply.status, reply.body, reply.headers))
        if line.is_over:
            self._close(conn)

    def _open(self, conn: int, line: Line, asked: Asked) -> None:
        """Somebody wants to connect to a hub."""
        hub = HUBS.get(asked.path)
        user = self._doors.tokens.user_of(asked.token, self._now_ns)
        if hub is None or not user:
            self._send(conn, line.reject(404 if hub is None else 401))
            self._close(conn)
            return
        self._send(conn, line.accept())
        self._hubs.join(conn, hub, user, self._now_ns)
        self._note("hub", conn, hub=hub, event="opened")

    def _hear(self, conn: int, text: str) -> None:
        """Something came over a hub."""
        member = self._hubs.members[conn]
        member.heard_ns = self._now_ns
        had_greeted = member.records.has_greeted
        calls = member.records.read(text)
        if member.records.has_greeted and not had_greeted:
            self._say(conn, signalr.greeting())
        for call in calls:
            fault = self._hubs.call(conn, call, self._venue.known[member.hub])
            self._note("call", conn, target=call.target, arguments=call.arguments, fault=fault)
            if call.answer_to:
                self._say(conn, signalr.completion(call.answer_to, fault))
            if member.hub == "market" and not fault:
                self._venue.begin(self._now_ns)

    def _say(self, conn: int, text: str) -> None:
        line, member = self._lines.get(conn), self._hubs.members.get(conn)
        if line is None or member is None:
            return
        member.spoke_ns = self._now_ns
        self._send(conn, line.say(text))

    def _send(self, conn: int, data: bytes) -> None:
        if conn in self._out:
            self._out[conn] += data

    def _end(self, conn: int, line: Line, reason: str) -> None:
        """Close a connection that makes no sense, or no sound."""
        self._note("ended", conn, reason=reason)
        if conn in self._hubs.members:
            self._send(conn, line.leave(POLICY, reason[:100]))
        self._close(conn)

    def _close(self, conn: int) -> None:
        self._hubs.members.pop(conn, None)
        self._closing.append(conn)

    def _reset(self, conn: int) -> None:
        self._resets.add(conn)
        self._close(conn)

    def _note(self, kind: str, conn: int, **found: Any) -> None:
        self._audit.append({"kind": kind, "ts_ns": self._now_ns, "conn": conn, **found})


def _name(fault: OnCall | None) -> str:
    return "" if fault is None else type(fault).__name__.lower()
