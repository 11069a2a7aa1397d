"""Faults of the line and of the session: connections, bytes, notices, client ids, pacing."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from tapewire.simulator.faults.kinds import OnClose, OnRequest, OnTime
from tapewire.simulator.faults.lines import Lines
from tapewire.simulator.faults.tws import NS_PER_S, Tws
from tapewire.simulator.protocol.messages import NO_ID
from tapewire.simulator.protocol.requests import BadRequest, Identify, Request, StartApi
from tapewire.simulator.protocol.session import Session

Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Reset(OnTime, frozen=True, kw_only=True):
    """`client_id` none: all clients."""

    does = "The connection is dropped, and what TWS had not sent yet is lost."
    advice = "Connect again, and ask for open orders, executions and positions before trading."
    is_anytime: ClassVar[bool] = True
    client_id: int | None = None

    def act(self, tws: Tws) -> bool:
        """Drop every connection that is meant."""
        for session in (found := tws.sessions(self.client_id)):
            tws.reset(session)
        return bool(found)


class Close(OnTime, frozen=True, kw_only=True):
    """`client_id` none: all clients."""

    does = "TWS closes the connection after what it has sent so far, as when it shuts down."
    advice = "Act on what has arrived, then as after a reset."
    is_anytime: ClassVar[bool] = True
    client_id: int | None = None

    def act(self, tws: Tws) -> bool:
        """Close every connection that is meant."""
        for session in (found := tws.sessions(self.client_id)):
            tws.close(session, "closed by a fault")
        return bool(found)


class Restart(OnTime, frozen=True, kw_only=True):
    """For `seconds` TWS resets whoever connects. Without `new_day` it comes back the same day."""

    does = (
        "TWS restarts: it resets all connections, for `seconds` new ones too, and DAY orders end."
    )
    advice = "Connect again until it answers. GTC and GTD orders live on; what was held is lost."
    seconds: Seconds = 60.0
    new_day: bool = True

    def act(self, tws: Tws) -> bool:
        """Drop every connection, and what TWS held alone: orders that nobody has transmitted."""
        for session in tws.sessions():
            tws.reset(session)
        tws.down_until_ns = tws.now_ns + int(self.seconds * NS_PER_S)
        tws.parts.orders.restart(tws.now_ns, new_day=self.new_day)
        return True


class OnOpenLines(OnTime, frozen=True, kw_only=True):
    """What becomes of lines that are open for `seconds`: `upset` does it to one."""

    client_id: int | None = None
    seconds: Seconds = 30.0

    def act(self, tws: Tws) -> bool:
        """Upset the lines of `client_id`; none: of all clients that are connected now."""
        until_ns = tws.now_ns + int(self.seconds * NS_PER_S)
        for session in (found := tws.sessions(self.client_id)):
            self.upset(tws.parts.outbox.lines, session.conn, until_ns)
        return bool(found)

    def upset(self, lines: Lines, conn: int, until_ns: int) -> None:
        """Do it to one line, up to a moment of the simulator's clock."""
        raise NotImplementedError


class HalfOpen(OnOpenLines, frozen=True, kw_only=True):
    """`client_id` none: all clients that are connected now."""

    does = "The line carries nothing either way for `seconds`, then TWS reads what was sent to it."
    advice = "After silence ask for the time, and write nothing else until it is answered."

    def upset(self, lines: Lines, conn: int, until_ns: int) -> None:
        """Freeze it."""
        lines.freeze(conn, until_ns)


class Hang(OnTime, frozen=True, kw_only=True):
    """All clients, and those that connect meanwhile."""

    does = "TWS accepts connections but neither reads nor writes for `seconds`, then goes on."
    advice = "Limit the time a handshake may take; otherwise as for a half-open line."
    seconds: Seconds = 30.0

    def act(self, tws: Tws) -> bool:
        """Freeze every line."""
        tws.parts.outbox.lines.freeze_all(tws.now_ns + int(self.seconds * NS_PER_S))
        return True


class NotReading(OnOpenLines, frozen=True, kw_only=True):
    """`client_id` none: all clients that are connected now."""

    does = "TWS goes on sending and reads nothing for `seconds`, then reads what was sent to it."
    advice = "Ask for the time when answers are late; do not take ticks for proof that TWS reads."

    def upset(self, lines: Lines, conn: int, until_ns: int) -> None:
        """Leave it unread."""
        lines.leave_unread(conn, until_ns)


class Delay(OnTime, frozen=True, kw_only=True):
    """All clients."""

    does = "For `seconds`, whatever TWS sends arrives `delay_s` later."
    advice = "Do not take slow for dead: wait for answers as long as they can take."
    delay_s: Seconds = 0.5
    seconds: Seconds = 10.0

    def act(self, tws: Tws) -> bool:
        """Slow every line down."""
        until_ns = tws.now_ns + int(self.seconds * NS_PER_S)
        tws.parts.outbox.lines.lag(int(self.delay_s * NS_PER_S), until_ns)
        return True


class Split(OnTime, frozen=True, kw_only=True):
    """`client_id` none: all clients."""

    does = "TWS's next output stops after `at` bytes, and goes on `pause_s` later."
    advice = "Keep an incomplete message until the rest of it arrives."
    client_id: int | None = None
    at: Count = 1
    pause_s: Seconds = 0.05

    def act(self, tws: Tws) -> bool:
        """Cut the next output of every line that is meant."""
        for session in (found := tws.sessions(self.client_id)):
            tws.parts.outbox.lines.cut(session.conn, self.at, int(self.pause_s * NS_PER_S))
        return bool(found)


TEXTS = {
    1100: "Connectivity between IB and Trader Workstation has been lost.",
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained. "
    "The following farms are connected: simfarm; simhmds.",
    2103: "Market data farm connection is broken:simfarm",
    2104: "Market data farm connection is OK:simfarm",
    2106: "HMDS data farm connection is OK:simhmds",
    2110: "Connectivity between Trader Workstation and server is broken. "
    "It will be restored automatically.",
}


class Lost(OnTime, frozen=True, kw_only=True):
    """`restored` by 1101 or 1102; it is announced `times_announced` times."""

    does = (
        "1100: TWS loses IB. No ticks and no news of orders, which go on trading; after `seconds` "
        "`restored` follows."
    )
    advice = "Send nothing until 1101 or 1102, then ask for what happened meanwhile."
    seconds: Seconds = 10.0
    restored: Literal[1101, 1102] = 1102
    times_announced: Count = 1

    def act(self, tws: Tws) -> bool:
        """Cut TWS off, and restore it later."""
        for _ in range(self.times_announced):
            tws.notice(1100, TEXTS[1100])
        tws.is_cut_off = True
        tws.after(self.seconds, lambda: _restore(tws, self.restored))
        return True


def _restore(tws: Tws, code: int) -> None:
    tws.is_cut_off = False
    if code == 1101:
        tws.lose_subscriptions()
    tws.notice(code, TEXTS[code])


class DataLost(OnTime, frozen=True, kw_only=True):
    """All clients."""

    does = "1101: the connection to IB is back, and every market data subscription is gone."
    advice = "Subscribe again, and ask for orders and executions."

    def act(self, tws: Tws) -> bool:
        """Forget the subscriptions and say so."""
        _restore(tws, 1101)
        return True


class Restored(OnTime, frozen=True, kw_only=True):
    """All clients."""

    does = "1102: the connection to IB is back, and subscriptions go on."
    advice = "Ask for orders and executions; do not subscribe twice."

    def act(self, tws: Tws) -> bool:
        """Say so."""
        _restore(tws, 1102)
        return True


class CutOff(OnTime, frozen=True, kw_only=True):
    """`seconds` until 2104 and 2106 follow."""

    does = "2110: TWS loses its server; after `seconds` 2104 and 2106 follow, without 1101 or 1102."
    advice = "Take the farms' return for the end of it; do not wait for 1101 or 1102."
    seconds: Seconds = 5.0

    def act(self, tws: Tws) -> bool:
        """Cut TWS off, and let only the farms come back."""
        tws.notice(2110, TEXTS[2110])
        tws.is_cut_off = True
        tws.after(self.seconds, lambda: self._farms(tws))
        return True

    def _farms(self, tws: Tws) -> None:
        tws.is_cut_off = False
        for code in (2104, 2106):
            tws.notice(code, TEXTS[code])


class DeadFarm(OnTime, frozen=True, kw_only=True):
    """`seconds` until 2104 follows."""

    does = "2103: a data farm breaks; 2104 follows after `seconds`, but the subscriptions are dead."
    advice = "Subscribe again when no tick arrives for a while, whatever TWS says."
    seconds: Seconds = 5.0

    def act(self, tws: Tws) -> bool:
        """End the subscriptions without a word."""
        tws.notice(2103, TEXTS[2103])
        tws.lose_subscriptions()
        tws.after(self.seconds, lambda: tws.notice(2104, TEXTS[2104]))
        return True


class ClientIdTaken(OnClose, frozen=True, kw_only=True):
    """For `seconds` after the next close."""

    does = "TWS does not notice a close for `seconds`: who returns with that client id gets 326."
    advice = "Try again slowly with the same client id; another id cannot cancel these orders."
    seconds: Seconds = 30.0


class PacingViolation(OnRequest, frozen=True, kw_only=True):
    """With `closes` TWS hangs up as well, as it does the third time."""

    does = "A request is answered with error 100 (too many messages per second) and not served."
    advice = "Slow down, and send again what had no answer, except for orders: ask for those."
    closes: bool = False

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """Anything but the login."""
        return not isinstance(request, StartApi | Identify)

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Refuse it."""
        text = "Max rate of messages per second has been exceeded:max=50 rec=51 (1)"
        tws.parts.outbox.error(session, 100, text)
        if self.closes:
            tws.close(session, "too many requests per second")
        return True


class UnansweredRequest(OnRequest, frozen=True, kw_only=True):
    """`request` is the class of request, by TWS's name for it."""

    does = "TWS does not answer a request, for example for the open orders."
    advice = "Limit the time to wait for any answer, and ask again."
    request: Literal[
        "OpenOrders", "Executions", "CompletedOrders", "Positions", "AccountUpdates",
        "CurrentTime", "NextIds", "ManagedAccounts", "ContractDetails", "MarketData",
        "HistoricalData", "HistoricalTicks", "RealTimeBars", "MarketDepth", "Scan", "OptionChains",
    ] = "OpenOrders"  # fmt: skip

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """A request of this kind."""
        return type(request).__name__ == self.request

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Say nothing."""
        return True


class RefusedRequest(OnRequest, frozen=True, kw_only=True):
    """An error without a request id: see `advice`."""

    does = "A request is answered with the error `code`, under the id -1."
    advice = "Do not wait for an answer that carries your request's id."
    code: int = 321
    text: str = "Error validating request."

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """Anything but the login."""
        return not isinstance(request, StartApi | Identify)

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Refuse it."""
        raise BadRequest(NO_ID, self.code, self.text)
