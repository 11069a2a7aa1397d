"""The link of a virtual gateway: what `gateway.projectx.link` and project-x-py do, without sockets.

It takes the lines of the gateway's adapter, asks a simulated Gateway, and gives the lines of the
answers. It waits and gives up as the two of them do: a change waits for the answer to the one
before it, but not for long; what is not answered is uncertain; a hub that is gone is connected to
again, and one that stays away ends the link.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import msgspec

from tapewire.gateway.projectx.link import CHANGES, HUB_AWAY_MAX_S, IN_TURN, TURN_MAX_S
from tapewire.simulator.projectx.line import Asked, Item, Said
from tapewire.virtual.plain_line import END as ANSWERED

NS: Final = 1_000_000_000
RECORD_END: Final = "\x1e"
PING_NS: Final = 10 * NS
AGAIN_NS: Final = NS
TARGETS: Final = {
    "GatewayUserAccount": "account",
    "GatewayUserOrder": "order",
    "GatewayUserPosition": "position",
    "GatewayUserTrade": "trade",
    "GatewayQuote": "quote",
    "GatewayTrade": "market_trade",
}
"""What a hub calls, as the link names it."""
TURNED_AWAY: Final = {401: "expired", 429: "limited"}
UNTRIED: Final = -1
"""In place of a status: nothing was asked yet."""
Json = dict[str, Any]
Heard = Callable[[int, Json], None]


class Door(Protocol):
    """How a link reaches the Gateway."""

    def open(self) -> int:
        """A new connection."""

    def send(self, conn: int, *items: Item) -> None:
        """Send on it."""

    def close(self, conn: int) -> None:
        """Close it."""


class Wanted(msgspec.Struct, eq=False):
    """A request of the gateway. `before` is the change that it waits for, from `read_ns` on."""

    number: int
    path: str
    body: Json
    read_ns: int
    before: "Wanted | None" = None
    is_over: bool = False
    tries: int = 0

    def may_go(self, now_ns: int) -> bool:
        """Whether it has waited long enough."""
        waited_ns = now_ns - self.read_ns
        return self.before is None or self.before.is_over or waited_ns >= TURN_MAX_S * NS


class Member(msgspec.Struct):
    """One of the two hubs: its connection, and when to try again where there is none."""

    conn: int | None = None
    again_ns: int = 0
    away_ns: int | None = None
    rest: str = ""


class VirtualLink:
    """One session. `say` takes a line for the gateway; `end` ends the link."""

    def __init__(
        self, door: Door, say: Callable[[bytes], None], end: Callable[[], None], now_ns: int
    ) -> None:
        self._door, self._out, self._end = door, say, end
        self._now_ns = self._alive_ns = self._ping_ns = now_ns
        self._rest = b""
        self._login: Json = {}
        self._token = ""
        self._heard: dict[int, Heard] = {}  # who waits for an answer, by connection
        self._answers: dict[int, bytes] = {}  # as far as they have come
        self._waiting: list[Wanted] = []
        self._changing: Wanted | None = None
        self._accounts: list[int] = []
        self._hubs: dict[str, Member] = {}
        self._watched: list[str] = []
        self._is_over = False

    @property
    def connections(self) -> Iterator[int]:
        """All that it has open."""
        yield from self._heard
        yield from (one.conn for one in self._hubs.values() if one.conn is not None)

    def say(self, **found: Any) -> None:
        """A line to the gateway."""
        self._out(msgspec.json.encode(found) + b"\n")

    def _refuse(self, reason: str) -> None:
        """End, and say why."""
        self.say(refused=reason)
        self._is_over = True
        self._end()

    # ---- what comes in ---------------------------------------------------------------------------

    def take(self, data: bytes, now_ns: int) -> None:
        """Lines of the gateway."""
        if self._is_over:
            return
        self._now_ns = now_ns
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._obey(msgspec.json.decode(line))

    def _obey(self, line: Json) -> None:
        if "login" in line:
            self._login = line["login"]
            self._log_in(self._list_accounts)
        elif "connect" in line:
            self._accounts = line["connect"]
            self._hubs = {name: Member(again_ns=self._now_ns) for name in ("market", "user")}
            self.pass_time(self._now_ns)
        elif "watch" in line or "unwatch" in line:
            self._watch(line)
        else:
            self._read(line)

    def pass_time(self, now_ns: int) -> None:
        """Do what is due: signs of life, hubs that are away, changes that have waited enough."""
        if self._is_over:
            return
        self._now_ns = now_ns
        if now_ns >= self._alive_ns:
            self._alive_ns = now_ns + NS
            self.say(alive=True)
        for name, hub in self._hubs.items():
            self._look_after(name, hub)
        if now_ns >= self._ping_ns:
            self._ping_ns = now_ns + PING_NS
            for hub in self._hubs.values():
                self._call(hub, {"type": 6})
        self._go_on()

    def due_ns(self) -> int | None:
        """When to call `pass_time` next; None once the link has ended."""
        if self._is_over:
            return None
        due = [one.read_ns + int(TURN_MAX_S * NS) for one in self._waiting]
        due += [one.again_ns for one in self._hubs.values() if one.conn is None]
        return max(min([self._alive_ns, *due]), self._now_ns + 1)

    def heard(self, conn: int, data: bytes, now_ns: int) -> None:
        """The Gateway has sent something."""
        self._now_ns = now_ns
        for name, hub in self._hubs.items():
            if hub.conn == conn:
                *records, hub.rest = (hub.rest + data.decode()).split(RECORD_END)
                for record in records:
                    self._on_record(name, hub, msgspec.json.decode(record))
                return
        whole = self._answers.pop(conn, b"") + data
        if not whole.endswith(ANSWERED):
            self._answers[conn] = whole
            return
        status, _, body = whole.partition(b" ")
        self._door.close(conn)
        self._heard.pop(conn)(int(status), msgspec.json.decode(body) if body.strip() else {})

    def ended(self, conn: int, now_ns: int) -> None:
        """The Gateway has closed a connection."""
        self._now_ns = now_ns
        for name, hub in self._hubs.items():
            if hub.conn == conn:
                hub.conn, hub.again_ns, hub.rest = None, now_ns + AGAIN_NS, ""
                if hub.away_ns is None:
                    hub.away_ns = now_ns
                    self.say(hub=name, up=False)
                return
        self._answers.pop(conn, None)
        if (heard := self._heard.pop(conn, None)) is not None:
            heard(0, {})

    # ---- REST ------------------------------------------------------------------------------------

    def _post(self, path: str, body: Json, heard: Heard) -> None:
        conn = self._door.open()
        self._heard[conn] = heard
        asked = Asked("POST", f"/api{path}", {}, self._token, msgspec.json.encode(body))
        self._door.send(conn, asked)

    def _log_in(self, then: Callable[[], None]) -> None:
        def heard(_status: int, found: Json) -> None:
            if not found.get("token"):
                self._refuse("the ProjectX Gateway has not taken the login")
                return
            self._token = found["token"]
            then()

        self._post(
            "/Auth/loginKey", {"userName": self._login["user"], "apiKey": self._login["key"]}, heard
        )

    def _list_accounts(self) -> None:
        def heard(_status: int, found: Json) -> None:
            if "accounts" in found:
                self.say(accounts=found["accounts"])
            else:
                self._refuse("the ProjectX Gateway does not list the accounts of the login")

        self._post("/Account/search", {"onlyActiveAccounts": True}, heard)

    def _read(self, line: Json) -> None:
        path = line["path"]
        before = self._changing if path in IN_TURN else None
        wanted = Wanted(line["n"], path, line["body"], self._now_ns, before)
        if path in CHANGES:
            self._changing = wanted
        self._waiting.append(wanted)
        self._go_on()

    def _go_on(self) -> None:
        """Send what has waited for its turn."""
        due = [one for one in self._waiting if one.may_go(self._now_ns)]
        self._waiting = [one for one in self._waiting if one not in due]
        for one in due:
            self._ask(one)

    def _ask(self, wanted: Wanted) -> None:
        wanted.tries += 1

        def heard(status: int, found: Json) -> None:
            if status == 401 and wanted.tries == 1 and wanted.path not in CHANGES:
                self._log_in(lambda: self._ask(wanted))
                return
            self._answer(wanted, status, found)
            wanted.is_over = True
            self._go_on()

        self._post(wanted.path, wanted.body, heard)

    def _answer(self, wanted: Wanted, status: int, found: Json) -> None:
        number = wanted.number
        if status == 200:
            self.say(n=number, found=found)
        elif status == 401 and wanted.path in CHANGES:
            self._log_in(lambda: self.say(n=number, fault="status 401", expired=True))
        elif status in TURNED_AWAY:
            self.say(n=number, fault=f"status {status}", **{TURNED_AWAY[status]: True})
        else:
            self.say(n=number, fault=f"status {status}", uncertain=wanted.path in CHANGES)

    # ---- hubs ------------------------------------------------------------------------------------

    def _look_after(self, name: str, hub: Member) -> None:
        """Connect to a hub that is away, if it is time; end where it stays away."""
        if hub.away_ns is not None and self._now_ns - hub.away_ns >= HUB_AWAY_MAX_S * NS:
            self._refuse("a hub of the ProjectX Gateway did not come back")
        elif hub.conn is None and self._now_ns >= hub.again_ns:
            hub.conn, hub.rest = self._door.open(), ""
            self._door.send(hub.conn, Asked("", f"/hubs/{name}", {}, self._token))
            self._call(hub, {"protocol": "json", "version": 1})

    def _on_record(self, name: str, hub: Member, record: Json) -> None:
        if not record:  # the greeting
            self._subscribe(name, hub)
            hub.away_ns = None
            self.say(hub=name, up=True)
        elif (target := TARGETS.get(record.get("target", ""))) is not None:
            *contract, data = record["arguments"]
            about = {"contract_id": contract[0], "data": data} if contract else data
            self.say(said=target, about=about)

    def _subscribe(self, name: str, hub: Member) -> None:
        if name == "market":
            for contract_id in self._watched:
                self._about(hub, "Subscribe", contract_id)
            return
        self._invoke(hub, "SubscribeAccounts")
        for number in self._accounts:
            for subject in ("Orders", "Positions", "Trades"):
                self._invoke(hub, f"Subscribe{subject}", number)

    def _watch(self, line: Json) -> None:
        verb, contract_id = (
            ("Subscribe", line.get("watch"))
            if "watch" in line
            else ("Unsubscribe", line["unwatch"])
        )
        self._watched = [one for one in self._watched if one != contract_id]
        if verb == "Subscribe":
            self._watched.append(str(contract_id))
        if (hub := self._hubs.get("market")) is not None:
            self._about(hub, verb, str(contract_id))

    def _about(self, hub: Member, verb: str, contract_id: str) -> None:
        for subject in ("Quotes", "Trades"):
            self._invoke(hub, f"{verb}Contract{subject}", contract_id)

    def _invoke(self, hub: Member, target: str, *arguments: Any) -> None:
        self._call(hub, {"type": 1, "target": target, "arguments": arguments})

    def _call(self, hub: Member, record: Json) -> None:
        if hub.conn is not None:
            text = msgspec.json.encode(record).decode() + RECORD_END
            self._door.send(hub.conn, Said(text))
