"""The routes of programs and pages, as a table: what each takes, what it gives, who may ask it.

The server is made of this table, and so is the OpenAPI document: neither can know another route.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from tapewire.common.events.scans import Scan
from tapewire.web import queries
from tapewire.web.access import Principal, Refused, Role
from tapewire.web.actions import Part
from tapewire.web.console import Console
from tapewire.web.nonces import Wanted

TABLES: Final = (
    "desk", "processes", "positions", "orders", "fills", "strategies", "headroom", "halts",
    "decisions", "events", "instruments", "curve", "warnings",
)  # fmt: skip
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Asked(NamedTuple):
    """A request that was let in: who asks, the names in its path, and its query or body."""

    console: Console
    principal: Principal
    path: dict[str, str]
    given: Any


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body or a query without anything in it."""


class HaltBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to halt; everything without any of them."""

    account: Text = ""
    strategy: Text = ""
    symbol: Text = ""


class ActionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action to be confirmed; `parameters` are the action's own."""

    action: Text
    target: Text
    parameters: dict[str, Any] = {}


class ConfirmedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same once more, with its nonce and what was typed."""

    nonce: Text
    action: Text
    target: Text
    typed: Text
    parameters: dict[str, Any] = {}


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events: from and to a time (UTC, or back from now such as -10m), of types that begin
    so (several with commas), the newest `limit`."""

    since: Text | None = None
    to: Text | None = None
    type: Text = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=queries.EVENTS_MAX)] = 200


class TraceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An id of a fill, an order or a signal, or how one alone begins."""

    id: Text


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many lines."""

    lines: Annotated[int, msgspec.Meta(ge=1, le=queries.LOG_LINES_MAX)] = 200


class ScanQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scan in TWS's words; see `tapewire data scan`."""

    code: Annotated[str, msgspec.Meta(pattern="^[A-Z0-9_]{1,40}$")]
    instrument: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9_.]{1,40}$")] = "STK"
    location: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9_.]{1,40}$")] = "STK.US.MAJOR"
    rows: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class Route(NamedTuple):
    """One route. `does` runs on a thread of its own; `takes` is what its query or body must be.
    One that `is_slow` reads files or asks the broker."""

    method: Literal["GET", "POST"]
    path: str
    about: str
    role: Role
    takes: type[msgspec.Struct]
    does: Callable[[Asked], Any]
    is_slow: bool = False


def _session(asked: Asked) -> Any:
    return {"role": asked.principal.role, "groups": asked.console.hub.groups}


def _groups(asked: Asked) -> Any:
    hub = asked.console.hub
    return {name: hub.tables(name).get("desk", {}) for name in hub.groups}


def _table(asked: Asked) -> Any:
    name = asked.path["table"]
    if name not in TABLES:
        raise Refused(404, f"{name[:40]!r} is not a table; there are {', '.join(TABLES)}")
    return asked.console.desk(asked.path["group"]).table(name)


def _chart(asked: Asked) -> Any:
    desk, symbol = asked.console.desk(asked.path["group"]), asked.path["symbol"]
    fills = [row for row in desk.table("fills").values() if row["symbol"] == symbol]
    return {"symbol": symbol, "points": desk.points(symbol), "fills": fills}


def _events(asked: Asked) -> Any:
    given: EventsQuery = asked.given
    types = tuple(filter(None, given.type.split(",")))
    desk = asked.console.desk(asked.path["group"])
    return queries.events(desk, given.since, given.to, types, given.limit)


def _trace(asked: Asked) -> Any:
    return queries.traced(asked.console.desk(asked.path["group"]), asked.given.id)


def _days(asked: Asked) -> Any:
    return queries.days(asked.console.desk(asked.path["group"]))


def _audit(asked: Asked) -> Any:
    return queries.decisions(asked.console.desk(asked.path["group"]))


def _log(asked: Asked) -> Any:
    desk = asked.console.desk(asked.path["group"])
    return queries.log(desk, asked.path["process"], asked.given.lines)


def _scan(asked: Asked) -> Any:
    given: ScanQuery = asked.given
    scan = Scan(given.code, given.instrument, given.location, given.rows)
    return asked.console.scans.ask(asked.console.desk(asked.path["group"]), scan)


def _halt(asked: Asked) -> Any:
    given: HaltBody = asked.given
    part = Part(given.account, given.strategy, given.symbol)
    return asked.console.halt(asked.principal, asked.path["group"], part)._asdict()


def _confirm(asked: Asked) -> Any:
    return asked.console.confirm(asked.principal, _wanted(asked))._asdict()


def _act(asked: Asked) -> Any:
    given: ConfirmedBody = asked.given
    done = asked.console.act(asked.principal, _wanted(asked), given.nonce, given.typed)
    return done._asdict()


def _wanted(asked: Asked) -> Wanted:
    given = asked.given
    return Wanted(asked.path["group"], given.action, given.target, given.parameters)


GROUP: Final = "/api/groups/{group}"
HALT: Final = f"{GROUP}/halt"

ROUTES: Final = (
    Route("GET", "/api/session", "Who is logged in, and which groups there are.", "viewer", Body,
          _session),
    Route("GET", "/api/groups", "Each group with its state and its day.", "viewer", Body, _groups),
    Route("GET", f"{GROUP}/tables/{{table}}", "One live table: rows by their keys.", "viewer", Body,
          _table),
    Route("GET", f"{GROUP}/charts/{{symbol}}", "Prices by the second, and fills.", "viewer", Body,
          _chart),
    Route("GET", f"{GROUP}/events", "Events by time and type.", "viewer", EventsQuery,
          _events, True),
    Route("GET", f"{GROUP}/trace", "The way of an order or a fill.", "viewer", TraceQuery,
          _trace, True),
    Route("GET", f"{GROUP}/days", "What each trading day came to.", "viewer", Body, _days, True),
    Route("GET", f"{GROUP}/audit", "Risk's decisions, with causes.", "viewer", Body, _audit, True),
    Route("GET", f"{GROUP}/logs/{{process}}", "The last lines of a log.", "viewer", LogQuery,
          _log, True),
    Route("GET", f"{GROUP}/scan", "A ranking of the broker's, with its age.", "viewer", ScanQuery,
          _scan, True),
    Route("POST", HALT, "Halt, at once.", "viewer", HaltBody, _halt),
    Route("POST", f"{GROUP}/confirmations", "A nonce for an action.", "trader", ActionBody,
          _confirm),
    Route("POST", f"{GROUP}/actions", "Do what was confirmed.", "trader", ConfirmedBody, _act),
)  # fmt: skip
