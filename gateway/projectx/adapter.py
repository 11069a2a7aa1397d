"""The gateway's side of ProjectX: one login, behind the broker port.

It decides, and says to the link in lines of JSON what to ask (see `link`). An order's tag is its
intent's id, and the Gateway takes a tag once per account: at most one order per intent can ever
be, whatever becomes of a request. So a request without an answer says nothing, and the core waits,
asks for all orders, and finds it by its tag or not at all.

The Gateway gives an order its id. Until it has, the tag alone says which order is ours, which is
enough as no other can have it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import InstrumentDescribed, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.metrics import Histogram
from tapewire.gateway import broker
from tapewire.gateway.broker import (
    CLOSED,
    OPENED,
    BrokerError,
    BrokerEvent,
    PositionsComplete,
    Query,
    QueryComplete,
    Released,
    Verdict,
)
from tapewire.gateway.outbox import Outbox, nothing_goes
from tapewire.gateway.projectx import reports, spoken
from tapewire.gateway.projectx.asked import Answer, Asked, Take
from tapewire.gateway.projectx.changes import Changes
from tapewire.gateway.projectx.listing import AccountLists, Listing, WholeList
from tapewire.gateway.projectx.market import Market
from tapewire.gateway.projectx.orders import ASKED_MAX, Orders
from tapewire.gateway.projectx.past import ProjectXQueries
from tapewire.gateway.projectx.requests import ALONE
from tapewire.gateway.projectx.rows import UNREADABLE, each, unreadable
from tapewire.gateway.projectx.session import Refuses, Session
from tapewire.gateway.projectx.spent import NOTHING_SPENT, Spent
from tapewire.gateway.projectx.spoken import Spoken
from tapewire.gateway.projectx.words import Json
from tapewire.gateway.query_port import QueryPort
from tapewire.gateway.tws.reconnect import Reconnect

RATE_MAX: Final = 180
RATE_S: Final = 60
"""Of the Gateway's 200 requests in 60 seconds, all but the client's own."""
ROUND: Final = "round"
"""The name of the question that the round of lists has in the outbox."""
SILENT_NS: Final = 10_000_000_000
LIMITED_NS: Final = 2_000_000_000
"""For how long nothing goes after the Gateway has turned a request away: it would do so again."""


class ProjectXBroker(Market):
    """One login at ProjectX; satisfies `gateway.broker.Broker`."""

    client_id = ""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        login: Callable[[], Mapping[str, str]],
        accounts: Collection[str],
        refuses: Refuses,
        rate_max: int = RATE_MAX,
        reconnect: Reconnect | None = None,
        spent: Spent = NOTHING_SPENT,
    ) -> None:
        self.messages = self.requests = 0
        self._login = login
        self._asked = Asked()
        self._outbox: Outbox[bytes] = Outbox(rate_max, RATE_S)
        self._reconnect = reconnect
        self._said = bytearray()  # to the link itself, which is beside the Gateway's limit
        self._rest = b""
        self._is_connected = False
        self._heard_ns = self._limited_until_ns = 0
        self._spent = spent
        for sent_ns in spent.times():
            self._outbox.pace.sent(sent_ns)
        session = Session(instruments, self._question, self._say, accounts, refuses)
        super().__init__(session, self._say)
        self._past = ProjectXQueries(
            self._asked, self._outbox.other, self._contract, lambda: session.is_up
        )
        self.queries: QueryPort = self._past
        self._listing = Listing(
            self._ask_in_round, partial(self._outbox.drop_request, ROUND), self._listed
        )
        self._orders = Orders(self._question, session.symbol_of, lambda: self._heard_ns)
        self._changes = Changes(self._outbox, self._asked, self._orders)
        self._spoken = Spoken(self._question, self._held)
        self._positions = WholeList(
            self._spoken.ask, spoken.PATH, "positions", self._held, PositionsComplete()
        )
        self._all_orders = WholeList(
            self._question, "/Order/searchOpen", "orders",
            partial(self._orders.on_order, listed=True), QueryComplete("all_orders"),
        )  # fmt: skip
        self._account_lists = AccountLists(
            self._spoken.ask, partial(self._orders.on_order, listed=True), self._held
        )
        self._now = Now(0, 0)
        self._decoder = msgspec.json.Decoder(float_hook=Decimal)

    def __repr__(self) -> str:
        return f"<ProjectXBroker {'up' if self._session.is_up else 'down'}>"

    @property
    def accounts(self) -> Collection[str]:
        """See `Broker.accounts`."""
        return self._session.accounts

    @property
    def waiting(self) -> int:
        """See `Broker.waiting`."""
        return len(self._outbox)

    @property
    def waits(self) -> Mapping[str, Histogram]:
        """See `Broker.waits`."""
        return self._outbox.waits

    # ---- what comes in ---------------------------------------------------------------------------

    def take(self, frames: list[bytes], now: Now) -> list[BrokerEvent]:
        """See `Broker.take`."""
        self._now, self._heard_ns = now, now.mono_ns
        if frames[0] == OPENED:
            self._is_connected = True
            try:
                self._say({"login": dict(self._login())})
            except (LookupError, ConfigError) as error:
                raise BrokerError(str(error)) from error
            return [broker.SessionProgress("waiting for the ProjectX Gateway to take the login")]
        if frames[0] == CLOSED:
            return [self.closed(frames[1].decode(errors="replace"))]
        *lines, self._rest = (self._rest + frames[1]).split(b"\n")
        events: list[BrokerEvent] = []
        for line in lines:
            events += self._read(line)
        return events

    def _read(self, data: bytes) -> list[BrokerEvent]:
        """What a line says. What cannot be read may have been part of a list."""
        try:
            line = self._decoder.decode(data)
        except UNREADABLE as error:
            return [*self._asked.garbled(data), unreadable(error, data)]
        try:
            if "said" in line:
                return self._hear(line["said"], line["about"])
            return list(self._progress(line))
        except BrokerError:
            raise
        except UNREADABLE as error:
            return [unreadable(error, data)]

    def _progress(self, line: Json) -> Iterator[BrokerEvent]:
        if "n" in line:
            if line.get("limited") or line.get("expired"):
                self._limited_until_ns = self._heard_ns + LIMITED_NS
            yield from self._asked.answered(line)
        elif "accounts" in line:
            yield from self._session.on_accounts(line["accounts"])
        elif "refused" in line:
            raise BrokerError(str(line["refused"]))
        elif line.get("hub") == "user":
            self._spoken.away()
            yield from self._session.on_user_hub(is_up=line["up"])
            if self._reconnect is not None and self._session.is_up:
                self._reconnect.logged_in(self._heard_ns)
        elif line.get("hub") == "market" and line["up"]:
            self.opened()

    def _hear(self, said: str, about: Json) -> list[BrokerEvent]:
        """Something came over a hub."""
        self.messages += 1
        if said in ("quote", "market_trade"):
            self.hear(said, about, self._now.wall_ns)
            return []
        data = about.get("data", about)
        if str(data["id" if said == "account" else "accountId"]) not in self.accounts:
            return []
        if said == "order":
            return list(self._orders.on_order(data, listed=False))
        if said == "trade":
            return list(self._orders.on_trade(data, listed=False))
        if said == "position":
            [position] = self._held(data)
            self._spoken.hub(position)
            return [position]
        return [reports.account_report(data)]

    def _held(self, found: Json) -> Iterator[broker.PositionReport]:
        session = self._session
        yield reports.position_report(found, session.symbol_of, session.multiplier_of)

    def overdue(self, now: Now) -> str:
        """See `Broker.overdue`: the link says each second that it lives. A user hub that does not
        show an order which the Gateway took says nothing of fills either."""
        if not self._is_connected:
            return ""
        if order_id := self._orders.unshown(now.mono_ns):
            return f"ProjectX's user hub has not shown order {order_id}, which the Gateway took"
        if now.mono_ns - self._heard_ns < SILENT_NS:
            return ""
        return f"the process of project-x-py said nothing for {SILENT_NS // 1_000_000_000} s"

    def held(self, now: Now) -> str:
        """See `Broker.held`."""
        return ""

    def closed(self, reason: str) -> BrokerEvent:
        """See `Broker.closed`. Orders stay queued: the core withdraws them."""
        self._is_connected, self._rest = False, b""
        self._said.clear()
        self._asked.forget()
        self._listing.give_up()
        self._positions.give_up()
        self._all_orders.give_up()
        self._outbox.forget_requests()
        self._session.closed()
        self._orders.closed()
        self._past.closed()
        return broker.SessionLost(reason)

    # ---- what goes out ---------------------------------------------------------------------------

    def _say(self, line: Json) -> None:
        self._said += msgspec.json.encode(line) + b"\n"

    def _question(self, path: str, body: Json, take: Take, name: str = "") -> None:
        """Ask, and again where the Gateway has not listened. With a `name` it takes the place of a
        question of that name that waits to be sent."""

        def taken(answer: Answer) -> Iterable[BrokerEvent]:
            if not answer.is_turned_away:
                return take(answer)
            self._question(path, body, take, name)
            return ()

        self._outbox.request(self._asked.line(path, body, taken), name)

    def _ask_in_round(self, path: str, body: Json, take: Take) -> None:
        """A question of the round of lists: it takes the place of one of a round that is over."""
        self._outbox.request(self._asked.line(path, body, take), ROUND)

    def start(self) -> None:
        """See `Broker.start`."""
        self.watch_all()
        self.query_positions()

    def query_positions(self) -> bool:
        """See `Broker.query_positions`: their changes come over the user hub by themselves."""
        return self._positions.begin(self._session.accounts)

    def list_account(self, name: str, account: str) -> bool:
        """See `Broker.list_account`."""
        if account not in self._session.accounts:
            return False
        self._account_lists.begin(name, account)
        return True

    def query_accounts(self) -> None:
        """See `Broker.query_accounts`."""
        self._ask_balances(ASKED_MAX)

    def _ask_balances(self, times: int) -> None:
        take = partial(self._balances, times)
        self._question("/Account/search", {"onlyActiveAccounts": True}, take)

    def _balances(self, times: int, answer: Answer) -> Iterator[BrokerEvent]:
        if why := answer.lacks("accounts"):
            if times > 1:
                self._ask_balances(times - 1)
                return
            yield broker.Complaint(f"ProjectX does not list its accounts: {why}")
            return
        yield from each(answer.rows("accounts"), self._balance)
        yield broker.AccountsComplete()

    def _balance(self, found: Json) -> Iterator[BrokerEvent]:
        if str(found["id"]) in self.accounts:
            yield reports.account_report(found)

    def descriptions(self, now: Now) -> list[InstrumentDescribed]:
        """See `Broker.descriptions`."""
        return self._session.descriptions(now)

    def query(self) -> None:
        """See `Broker.query`."""
        self._listing.begin(self._session.accounts, self._now.wall_ns)

    def give_up_query(self) -> None:
        """See `Broker.give_up_query`."""
        self._listing.give_up()

    def _listed(self, query: Query, found: Json) -> Iterator[BrokerEvent]:
        if query == "executions":
            yield from self._orders.on_trade(found, listed=True)
        else:
            yield from self._orders.on_order(found, listed=True)

    def query_all_orders(self) -> bool:
        """See `Broker.query_all_orders`: the Gateway knows no clients."""
        return self._all_orders.begin(self._session.accounts)

    def new_order_id(self) -> str:
        """See `Broker.new_order_id`: the Gateway gives it."""
        return ""

    def used_order_id(self, order_id: str) -> None:
        """See `Broker.used_order_id`: the Gateway sees to that."""

    def submit(
        self,
        order_id: str,
        order: SubmitOrder,
        parent_order_id: str = "",
        *,
        transmit: bool = True,
    ) -> None:
        """See `Broker.submit`."""
        if parent_order_id or not transmit:
            raise ValueError(ALONE)
        self._changes.place(order, self._contract(order.symbol))

    def _contract(self, symbol: str) -> str:
        contract_id = self._session.contracts.get(symbol)
        if contract_id is None:
            raise ValueError(f"ProjectX has described no contract of {symbol}")
        return contract_id

    def join(self, name: str, intents: Sequence[str]) -> None:
        """See `Broker.join`: `submit` takes no groups."""
        self._outbox.join(name, intents)

    def what_if(self, order_id: str, order: SubmitOrder) -> None:
        """See `Broker.what_if`."""
        raise ValueError("ProjectX has no what-if orders")

    def modify(
        self, order_id: str, order: SubmitOrder, modify_id: str, parent_order_id: str = ""
    ) -> None:
        """See `Broker.modify`."""
        if not order_id:
            raise ValueError("ProjectX has not confirmed the order yet, so it has no id to modify")
        self._changes.modify(order_id, order, modify_id)

    def cancel(self, order_id: str) -> None:
        """See `Broker.cancel`."""
        self._changes.cancel(order_id, self._orders.account_of(order_id))

    def cancel_all(self) -> None:
        """See `Broker.cancel_all`."""
        self._changes.cancel_all(self.accounts)

    def withdraw(self, name: str | None = None) -> list[str]:
        """See `Broker.withdraw`."""
        return self._outbox.withdraw(name)

    def release(self, now: Now, verdict: Callable[[str], Verdict]) -> Released:
        """See `Broker.release`. Orders wait until there is a session."""
        if not self._is_connected:
            return Released(b"", [])
        said = bytes(self._said)
        self._said.clear()
        if now.mono_ns < self._limited_until_ns:
            self._outbox.hold(now.mono_ns, verdict)
            return Released(said, [])
        self._past.release(now)
        asked = verdict if self._session.is_up else nothing_goes
        lines, names = self._outbox.release(now.mono_ns, asked)
        self._spent.note(now.mono_ns, len(lines))
        self.requests += len(lines)
        return Released(said + b"".join(lines), names)
