r"""Taking over: a short session under the gateway's client id, to cancel its orders one by one.

    IDLE --begin--> CONNECTING --logged in--> CANCELLING --its open orders are listed--> IDLE
                        \___client id in use, refused, cut off, or too late______________/^

TWS lets a client cancel its own orders only. When the gateway is dead, its client id is free after
a while, and whoever connects with it may cancel what was placed under it. So the liquidation
gateway does, beside its own session, and gives the id back at once: the gateway that supervisord
starts again tries until it is free. A gateway that hangs still has its connection; then TWS says
that the id is in use, and nothing can be done this way.

Nothing but cancels is ever written under that id. The list of its open orders is asked for behind
them: TWS answers in order, so at the list's end it has read every cancel. What became of the orders
is not said here; risk sees it in the broker's list.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.clock import Clock, Now
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.events import Event, OrdersTakenOver, TakeOver
from tapewire.gateway.broker import CLOSED, DATA, OPENED, BrokerError
from tapewire.gateway.deputy import Deputy
from tapewire.gateway.tws import errors
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.raw_log import RawLog
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.session import TwsSession
from tapewire.gateway.tws.socket import TwsSocket

PATIENCE_MS: Final = 5000
PATIENCE_NS: Final = PATIENCE_MS * 1_000_000


class TwsDeputy:
    """The session under another client's id, without its socket; satisfies `gateway.deputy.Deputy`.
    `refuses` is as in `TwsSession`, `hang_up` closes the connection.

    One take-over at a time. None of it is durable: risk asks again.
    """

    def __init__(
        self, client_id: int, refuses: Callable[[tuple[str, ...]], str] = lambda _accounts: ""
    ) -> None:
        self.hang_up: Callable[[], None] = lambda: None
        self._session = TwsSession(client_id, MarketData(), refuses)
        self._command: TakeOver | None = None
        self._begun_mono_ns = 0
        self._asked = False
        self._out = b""
        self._reason: str | None = None

    def __repr__(self) -> str:
        return f"<TwsDeputy {self._session!r}, {'busy' if self.wanted else 'idle'}>"

    @property
    def wanted(self) -> bool:
        """Whether a connection is needed: one that stands otherwise is to be closed."""
        return self._command is not None

    def begin(self, command: TakeOver, now: Now) -> str:
        """Cancel the orders of `command`; returns why not, if another take-over is under way."""
        if self._command is not None:
            return "another take-over is under way"
        self._command, self._begun_mono_ns = command, now.mono_ns
        self._asked, self._reason, self._out = False, None, b""
        return ""

    def take(self, frames: list[bytes], now: Now) -> None:
        """What the socket brought."""
        if self._command is None:
            return
        if frames[0] == OPENED:
            self._out = self._session.opened(*(frame.decode() for frame in frames[1:]))
        elif frames[0] == CLOSED:
            self._end(frames[1].decode(errors="replace"))
        elif frames[0] == DATA:
            try:
                for message in self._session.received(frames[1], now.wall_ns):
                    self._on(message)
            except BrokerError as error:
                self._end(str(error))

    def release(self) -> bytes:
        """What is to be written."""
        out, self._out = self._out, b""
        return out

    def tick(self, now: Now) -> list[Event]:
        """How the take-over ended, once it has."""
        command = self._command
        if command is None:
            return []
        if self._reason is None and now.mono_ns - self._begun_mono_ns > PATIENCE_NS:
            self._end(f"TWS did not take the cancels within {PATIENCE_NS // 1_000_000_000} s")
        if self._reason is None or self._out:
            return []
        self._command = None
        self._session.closed()
        self.hang_up()
        return [OrdersTakenOver(now.wall_ns, command.id, self._reason)]

    def _on(self, message: tws.TwsMessage) -> None:
        session = self._session
        if isinstance(message, tws.IdentityAsked):
            self._out += session.encode.identify()
        elif isinstance(message, tws.SessionStarted):
            self._out += session.encode.start_api()
        elif isinstance(message, tws.TwsError) and message.code == errors.CLIENT_ID_IN_USE:
            self._end(f"TWS says that client id {session.client_id} is in use (326)")
        elif session.refusal:
            self._end(session.refusal)
        elif session.state == "UP" and not self._asked:
            self._cancel()
        elif isinstance(message, tws.OpenOrdersEnd) and self._asked:
            self._end("")

    def _cancel(self) -> None:
        assert self._command is not None
        self._asked, encode = True, self._session.encode
        for order_id in self._command.order_ids:
            self._out += encode.cancel_order(int(order_id))
        self._out += encode.open_orders()

    def _end(self, reason: str) -> None:
        self._reason = reason if self._reason is None else self._reason


class DeputySocket(TwsSocket):
    """Connects only while its deputy needs it; the rest is as in `TwsSocket`."""

    def __init__(
        self,
        deputy: Deputy,
        find: Callable[[], TwsAddress],
        reconnect: Reconnect,
        clock: Clock,
        timeout_ms: int = 10_000,
        raw_log: RawLog | None = None,
    ) -> None:
        super().__init__(find, reconnect, clock, timeout_ms, raw_log)
        self._deputy = deputy

    def ready(self) -> list[list[bytes]]:
        """See `TwsSocket.ready`."""
        return super().ready() if self._deputy.wanted else []
