"""SessionBlockOutside: nothing adds risk while the market is closed, and the day ends flat.

    a break, or between two sessions          no order that adds risk goes
    `flat_minutes` before the close and on    nor then; and what is held is to be closed
    the rest of a session                     nothing

A calendar of exchange_calendars says when a market is open, with its holidays and half days,
by hours of one's own, or by both: then the calendar says on which days, and the own hours from when
to when. On a half day the market closes at the calendar's early close even so.

Two clocks are asked. An order passes only if the market is open by the wall clock and also by the
one that goes on as if nobody had set it, by which trading days go too. Positions are closed by the
latter alone: setting the wall clock by an hour closes none, and keeps none open.

A moment that the calendar does not know is a fault of the rule, so nothing that adds risk passes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import ClassVar, Final

import msgspec

from tapewire.common.calendars.hours import Hours, own_time
from tapewire.common.calendars.sessions import Session
from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.quiet import Quiet
from tapewire.risk.rules.view import View

MINUTE_NS: Final = 60_000_000_000
FLAT_MINUTES_MAX: Final = 24 * 60


class SessionBlockOutsideParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`calendar`: one of exchange_calendars, such as "CMES"; needs the extra `risk`. `opens` and
    `closes`: hours of one's own, `HH:MM` in `zone`, which is the calendar's unless it is given;
    without a calendar all three are needed, and hold from Monday to Friday. Hours that close before
    they open, or as they do, open on the evening before.

    `closed`: days without a session; `early_closes`: days with the time at which they close.
    `flat_minutes`: so long before the close positions are closed; 0: they may stay.
    `symbols`: those that trade at these hours; none: all.
    """

    calendar: str = ""
    opens: str = ""
    closes: str = ""
    zone: str = ""
    closed: tuple[date, ...] = ()
    early_closes: Mapping[date, str] = {}
    flat_minutes: float = 0
    symbols: tuple[str, ...] = ()


class SessionBlockOutside(Rule):
    """Orders that add risk are denied outside of the session. With `flat_minutes` whatever is held
    or ordered then is broken, and is closed where the enforcement says nothing else."""

    Parameters = SessionBlockOutsideParameters
    looks_at = ()
    default: ClassVar[Enforcement] = Enforcement(("close",))

    def __init__(
        self,
        parameters: SessionBlockOutsideParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        minutes = parameters.flat_minutes
        if not 0 <= minutes <= FLAT_MINUTES_MAX:
            raise ValueError(
                f"{self.name} flat_minutes is {minutes}; it must be from 0 to {FLAT_MINUTES_MAX}"
            )
        if minutes and scope.strategy:
            raise ValueError(
                f"{self.name} flat_minutes is {minutes}, but positions are an account's, not those"
                f" of {scope}; set it to 0"
            )
        self.flat_ns = round(minutes * MINUTE_NS)
        self.symbols = frozenset(parameters.symbols)
        self.hours = Hours(
            parameters.calendar,
            own_time("opens", parameters.opens),
            own_time("closes", parameters.closes),
            parameters.zone,
            parameters.closed,
            {day: own_time("early_closes", at) for day, at in parameters.early_closes.items()},
        )

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what could add risk outside of the session, by either clock; never an exit."""
        if not self._is_about(order.symbol) or view.is_reducing(order):
            return ""
        for ts_ns in (view.now.wall_ns, view.ago(0).wall_ns):
            if closed := self._closed(ts_ns):
                return f"{self.name}: {closed}, and this order could add risk in {order.symbol}"
        return ""

    def on_timer(self, view: View) -> Iterable[Violation]:
        """What is held or ordered when everything has to be flat."""
        if not self.flat_ns or not (closed := self._closed(view.ago(0).wall_ns, pauses=False)):
            return
        for account, symbol in view.keys(self.scope.account or None):
            covered = self._is_about(symbol) and self.scope.covers(account, "", symbol)
            if covered and view.exposure(account, symbol).certain:
                reason = f"{closed}, and {symbol} is held or ordered"
                yield self.violation(reason, account=account, symbol=symbol)

    def quiet(self, view: View) -> Quiet | None:
        """See `Rule.quiet`: until everything has to be flat, or need not be any more."""
        if not self.flat_ns:
            return Quiet()
        now_ns = view.ago(0).wall_ns
        session = self.hours.at(now_ns)
        if session is None:
            session = self.hours.after(now_ns)
            return Quiet(until_ns=None if session is None else session.opens_ns)
        flat_from_ns = session.closes_ns - self.flat_ns
        return Quiet(until_ns=flat_from_ns if now_ns < flat_from_ns else session.closes_ns)

    def _is_about(self, symbol: str) -> bool:
        return not self.symbols or symbol in self.symbols

    def _closed(self, ts_ns: int, *, pauses: bool = True) -> str:
        """Why nothing may add risk at a moment, in words; empty if it may."""
        session = self.hours.at(ts_ns)
        if session is None:
            following = self.hours.after(ts_ns)
            until = f" until {_moment(following.opens_ns)}" if following is not None else ""
            return f"{self.hours.name} is closed{until}"
        if pauses and not session.is_open(ts_ns):
            return f"{self.hours.name} has a break until {_moment(session.resumes_ns)}"
        return self._closing(session) if ts_ns >= session.closes_ns - self.flat_ns else ""

    def _closing(self, session: Session) -> str:
        return f"{self.hours.name} closes {_moment(session.closes_ns)}"


def _moment(ts_ns: int) -> str:
    """To the second in UTC."""
    return f"{datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
