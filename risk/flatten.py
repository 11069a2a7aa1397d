"""Flatten: cancel what works in a scope and close its positions, until the broker shows it flat.

    cancel -> wait for the halt -> list -> close -> list -> ... -> the list shows the scope flat

Two things can go wrong with closing a position that others may trade too: it is left open, or it is
closed twice, which opens it on the other side. Everything below is about one of the two.

It is never left open
---------------------
*   A flatten has no end but one: the broker's own list of positions, read after the last closing
    order was over, has nothing in the scope, and nothing in the scope works any more. What fills
    add up to decides nothing.
*   It never gives up. What was denied, rejected, lost or does not fill is tried again, with a wait
    that grows to half a minute (`closing`). What keeps it from going on is reported once, for a
    person, and it goes on. Meanwhile nobody can resume trading.
*   A closing order that does not end is cancelled again and again. If one ended and the
    news was lost, the refusal of a cancel is how the liquidation gateway learns of it (see its
    `cancels`). It has to: it counts with the order, and would not take another.
*   It goes on after a restart of risk: the journal has its beginning, and no end.

Nothing is closed twice
-----------------------
*   Cancels go out at once, and again with a wait that grows, for as long as anything works, orders
    of others included: one that rests would open again what was closed.
*   Closing begins when the halt is in force at the gateway (`halting`). From then on no new order
    comes up beside it: nothing that adds risk because of the halt, nothing that reduces because of
    the flatten. What went out until then is known here, and cancelled too.
*   Then positions and open orders are listed: after the cancels, after the halt, after the end of
    each closing order, and not within a second of an execution in the scope, so that a broker
    whose list is behind its executions is not believed.
*   An order that may fill on the closing side is waited for. If it outlives the wait, the closing
    order is smaller by as much as that one could still fill. An order that the gateway's journal
    has as working, and that a list does not name, is over: the gateway may be dead, and its journal
    with it. That list must have been asked for some time after the halt was in force, so that the
    broker had read all that was ever written to it. Where the halt is in force because the
    gateway's process is over, that time has passed already (see `departure`).
*   Nobody reports how such an order ended. It may have filled just now, as a stop does at the price
    that breaks a limit. So its end counts as an execution: positions are listed a second later.
*   The liquidation gateway admits only what reduces the position that it has, its own orders
    counted.

How the cancels go out, and to whom, is in `cancels`.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.orders import Order
from tapewire.common.amounts import counted
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    TEXT_MAX,
    Event,
    ForeignOrderReported,
    ListPositions,
    OrderDenied,
    OrdersTakenOver,
    OrderTerms,
    PositionsListed,
    Scope,
    SubmitOrder,
)
from tapewire.common.logins import ONLY_LOGIN, Login
from tapewire.risk.cancels import Cancels
from tapewire.risk.closing import ORDER_TTL_NS, SECOND_NS, Asked, Closing, terms_of
from tapewire.risk.departure import WRITTEN_NS
from tapewire.risk.halting import LEASE_NS, Halting, Standing
from tapewire.risk.lists import Lists

PATIENCE_NS: Final = 3 * SECOND_NS
"""How long orders that are being cancelled are waited for, before closing counts with them."""
SETTLE_NS: Final = SECOND_NS
"""A list of positions may be behind an execution by this much."""
ATTEMPTS_ALARM: Final = 3
LATE_NS: Final = 10 * SECOND_NS

Phase = Literal["CANCELLING", "CLOSING", "DONE"]


class Flatten:
    """One flatten at one login, from its start to its end; after a restart of risk it begins again.

    `keep` is what it leaves of each position, long or short: then "flat" is to be read as that.
    `id` and the time of asking make its intents' ids, so that none is one of an earlier run.
    `price_of` gives the newest price of a symbol, if there is one. Times are monotonic. `alarms`
    are for a person; whoever reports them takes them from there.
    """

    def __init__(
        self,
        flatten_id: str,
        scope: Scope = EVERYTHING,
        lease_ns: int = LEASE_NS,
        keep: Decimal = ZERO,
        price_of: Callable[[str], Decimal | None] = lambda symbol: None,
        login: Login = ONLY_LOGIN,
    ) -> None:
        self.id = flatten_id
        self.login = login
        self.scope = scope
        self.keep = keep
        self._price_of = price_of
        self.phase: Phase = "CANCELLING"
        self.alarms: list[str] = []
        self._alarmed: set[str] = set()
        self._halting = Halting(lease_ns)
        self._began_ns: int | None = None
        self._in_force_ns: int | None = None
        self._written_ns: int | None = None  # the broker has read all that was written until then
        self._cancels = Cancels(flatten_id, scope, lease_ns, self._alarm, login)
        self._lists = Lists(flatten_id)
        self._changed_ns = 0  # a closing order was over: an older list is worth nothing
        self._traded_ns: int | None = None  # the last execution in the scope
        self._quantities: dict[Key, Decimal] | None = None
        self._gone: set[str] = set()  # orders that are over by the broker's list alone
        self._closings: dict[Key, Closing] = {}
        self._orders = 0
        self._waits_for = ""

    def __repr__(self) -> str:
        return f"<Flatten {self.id}: {self}>"

    def __str__(self) -> str:
        """How far it is, for a person."""
        attempts = max((one.attempts for one in self._closings.values()), default=0)
        attempt = f", attempt {attempts}" if attempts and self.phase == "CLOSING" else ""
        waits = f", waiting for {self._waits_for}" if self._waits_for else ""
        return f"{self.phase}{attempt}{waits}"

    # ---- what comes in -------------------------------------------------------------------------

    def on_liquidation(self, event: Event, now_ns: int) -> None:
        """An event of the liquidation gateway's journal."""
        if isinstance(event, PositionsListed):
            self._lists.on_listed(event)
        elif isinstance(event, OrdersTakenOver):
            self._cancels.on_taken_over(event, now_ns)
        elif isinstance(event, OrderDenied):
            for one in self._closings.values():
                if one.denied(event.intent_id, event.reason):
                    self._changed_ns = now_ns

    @property
    def is_closing(self) -> bool:
        """Whether a closing order of it works, or may."""
        return any(one.busy for one in self._closings.values())

    def is_taking_over(self, now: Now) -> bool:
        """Whether it takes over the client id of a gateway that is silent."""
        return self._cancels.is_taking_over(now)

    def tick(
        self,
        accounts: Accounts[Order],
        standing: Standing,
        now: Now,
        others: Sequence["Flatten"] = (),
    ) -> list[Asked]:
        """What to ask of the gateways now, beside `others` that are in progress."""
        self._began_ns = now.mono_ns if self._began_ns is None else self._began_ns
        self._waits_for = ""
        self._note_trades(accounts, now)
        force = self._halting.force(standing, now)
        if force and self._in_force_ns is None:
            self._in_force_ns = now.mono_ns
            self._written_ns = now.mono_ns + (0 if force == "gone" else WRITTEN_NS)
        if force == "expired":
            self._alarm("halt", "the gateway does not acknowledge the halt; its lease is over")
        asked = self._follow(accounts, now)
        working = self._working(accounts)
        is_silent = self._cancels.is_silent(standing, now)
        is_door_taken = is_silent and any(one.is_taking_over(now) for one in others)
        asked += [] if is_door_taken else self._cancels.ask(
            working, standing, now,
            more=self._unknown_open(),
            closing=self.is_closing or any(one.is_closing for one in others),
            foreign=len(self._foreign(accounts)),
        )  # fmt: skip
        if not standing.reachable:
            self._waits_for = "the liquidation gateway"
            if now.mono_ns - self._began_ns > LATE_NS:
                self._alarm("liquidation", "the liquidation gateway is not READY")
        elif not force:
            self._waits_for = "the gateway to acknowledge the halt"
        elif not self._is_listed(working, now):
            asked += self._list(accounts, now)
        else:
            asked += self._close(accounts, working, now)
        return asked

    # ---- cancels -------------------------------------------------------------------------------

    def _working(self, accounts: Accounts[Order]) -> list[Order]:
        """The orders in the scope that may still fill, but for closing orders."""
        return [one for one in self._live(accounts) if not self._is_gone(one)]

    def _live(self, accounts: Accounts[Order]) -> list[Order]:
        """Those that work by their journal."""
        return [
            one
            for one in accounts.orders.live()
            if one.order.is_in(self.scope)
            and self.login.has(one.order.account)
            and one.order.strategy != roles.RISK
        ]

    def _foreign(self, accounts: Accounts[Order]) -> list[ForeignOrderReported]:
        """The orders of others that work in a part of everything; those of all are not told apart
        (see `_unknown_open`)."""
        foreign = accounts.orders.foreign
        if self.scope == EVERYTHING or not foreign:
            return []
        return [
            one
            for one in foreign.counted()
            if one.is_in(self.scope) and self.login.has(one.account)
        ]

    def _is_gone(self, one: Order) -> bool:
        """Whether the broker's list shows that an order is over, whatever its journal says."""
        listed, since_ns = self._lists.newest, self._written_ns
        if listed is None or since_ns is None or listed.asked_ns < since_ns:
            return False
        return one.intent_id not in listed.open

    def _unknown_open(self) -> bool:
        """Whether the broker lists an open order that is not a closing order, in a flatten of
        everything: of a smaller one's scope nobody here knows whose it is."""
        if self.scope != EVERYTHING or (listed := self._lists.newest) is None:
            return False
        ours = {name for one in self._closings.values() for name in one.intents}
        return bool(listed.open - ours)

    # ---- the broker's list ---------------------------------------------------------------------

    def _is_listed(self, working: list[Order], now: Now) -> bool:
        """Whether positions are known as they were after all that may have changed them; and, with
        orders that work by their journal, whether the broker confirms it."""
        in_force_ns = self._in_force_ns or 0
        settled_ns = self._traded_ns + SETTLE_NS if self._traded_ns is not None else 0
        since_ns = max(in_force_ns, self._cancels.last_ns, self._changed_ns, settled_ns)
        if working and self._written_ns is not None and now.mono_ns >= self._written_ns:
            since_ns = max(since_ns, self._written_ns)
        listed = self._lists.newest
        return listed is not None and listed.asked_ns >= since_ns

    def _list(self, accounts: Accounts[Order], now: Now) -> list[Asked]:
        """Ask for the list, of the account alone where the scope has one. Where others have orders,
        both gateways are asked, as both report these."""
        self._waits_for = "the broker's list of positions"
        if self._lists.wait(now.mono_ns) > LATE_NS:
            self._alarm("list", "the broker does not list its positions")
        if self._traded_ns is not None and now.mono_ns < self._traded_ns + SETTLE_NS:
            return []
        if not self._lists.is_due(now.mono_ns):
            return []
        name = self._lists.ask(now)
        own, account = self.login, self.scope.account
        asked = own.gateways if self._foreign(accounts) else (own.liquidation,)
        return [Asked(role, ListPositions(name, now.wall_ns, account)) for role in asked]

    def _note_trades(self, accounts: Accounts[Order], now: Now) -> None:
        """When something in the scope was executed last, or may have been, as far as is known."""
        quantities = {
            key: position.quantity
            for key, position in accounts.book.positions.items()
            if self._covers(key)
        }
        gone = {one.intent_id for one in self._live(accounts) if self._is_gone(one)}
        has_traded = self._quantities is not None and quantities != self._quantities
        if has_traded or gone - self._gone:
            self._traded_ns = now.mono_ns
        self._quantities, self._gone = quantities, gone

    def _to_close(self, accounts: Accounts[Order]) -> Mapping[Key, Decimal]:
        """What is to be closed of the positions that the broker lists, signed as they are."""
        held = accounts.reported.of(self.login.liquidation).items()
        return {
            key: (abs(quantity) - self.keep).copy_sign(quantity)
            for key, quantity in sorted(held)
            if abs(quantity) > self.keep and self._covers(key)
        }

    def _covers(self, key: Key) -> bool:
        is_own = self.login.has(key[0])
        return is_own and self.scope.covers(key[0], self.scope.strategy, key[1])

    # ---- closing -------------------------------------------------------------------------------

    def _follow(self, accounts: Accounts[Order], now: Now) -> list[Asked]:
        """What became of the closing orders, those of an earlier start of risk included."""
        for one in accounts.orders.live():
            key = (one.order.account, one.order.symbol)
            if one.order.strategy == roles.RISK and self._covers(key):
                self._closings.setdefault(key, Closing(self.login.liquidation)).adopt(one, now)
        asked: list[Asked] = []
        for closing in self._closings.values():
            wanted, ended = closing.follow(accounts.orders, now)
            asked += wanted
            if ended:
                self._changed_ns = now.mono_ns
            self._alarm_endless(closing, accounts)
        return asked

    def _close(self, accounts: Accounts[Order], working: list[Order], now: Now) -> list[Asked]:
        left = self._to_close(accounts)
        busy = any(one.busy for one in self._closings.values())
        foreign = self._foreign(accounts)
        if working or foreign or self._unknown_open():
            self._waits_for = f"{counted(len(working) + len(foreign), 'order')} to be cancelled"
            if now.mono_ns - (self._in_force_ns or 0) <= PATIENCE_NS:
                return []
            self._alarm_working(working)
        elif not left and not busy:
            self.phase = "DONE"
            return []
        elif not left:
            self._waits_for = "its closing orders to end"
        self.phase = "CLOSING"
        return [one for key in left for one in self._close_one(accounts, key, left[key], now)]

    def _close_one(
        self, accounts: Accounts[Order], key: Key, quantity: Decimal, now: Now
    ) -> list[Asked]:
        closing = self._closings.setdefault(key, Closing(self.login.liquidation))
        if closing.attempts >= ATTEMPTS_ALARM:
            self._alarm(f"closing {key}", (
                f"{key[1]} {quantity:f} in account {key[0]} is still open after"
                f" {closing.attempts} attempts: {closing.reason or 'no reason is known'}"
            ))  # fmt: skip
        if closing.busy or now.mono_ns < closing.next_ns:
            return []
        if self._is_doubted(closing, now):
            self._waits_for = "the broker's list of positions"
            return []
        gone = {one.intent_id for one in accounts.orders.live() if self._is_gone(one)}
        side: Literal["BUY", "SELL"] = "SELL" if quantity > 0 else "BUY"
        left = abs(quantity) - accounts.orders.may_fill(*key, side, gone)
        if left <= 0:
            return []
        attempt, symbol = closing.attempts + 1, key[1]
        instrument = accounts.instruments.get(symbol)
        terms = terms_of(side, left, attempt, self._price_of(symbol), instrument)
        return [closing.ask(self._order(key, terms, now), now)]

    def _is_doubted(self, closing: Closing, now: Now) -> bool:
        """Whether the liquidation gateway would deny a closing order: a list of all accounts that
        is out has positions in doubt. Where lists are late, another one is out whenever one comes,
        and each denial asks for the next. The list of an account may put nothing in doubt, so there
        the first order shows it."""
        is_certain = not self.scope.account or closing.attempts > 0
        return is_certain and self._lists.is_out(now.mono_ns)

    def _order(self, key: Key, terms: OrderTerms, now: Now) -> SubmitOrder:
        self._orders += 1
        return SubmitOrder(
            intent_id=f"{self.id}-{now.wall_ns:x}-{self._orders}",
            ts_ns=now.wall_ns,
            account=key[0],
            strategy=roles.RISK,
            symbol=key[1],
            terms=terms,
            expires_ns=now.wall_ns + ORDER_TTL_NS,
            expires_mono_ns=now.mono_ns + ORDER_TTL_NS,
        )

    # ---- what a person has to know -------------------------------------------------------------

    def _alarm_working(self, working: list[Order]) -> None:
        names = ", ".join(f"{one.intent_id} ({one.state})" for one in working[:5])
        what = f"of ours: {names}" if names else "none of them is ours"
        self._alarm("working", f"orders in the scope may still fill after the cancels: {what}")

    def _alarm_endless(self, closing: Closing, accounts: Accounts[Order]) -> None:
        """A closing order that nobody can cancel, for example one that filled on a day whose
        executions the broker does not list: it may still fill, as far as is known."""
        for name in closing.endless:
            self._alarm(f"endless {name}", (
                f"closing order {name} is {accounts.orders[name].state} and does not end, however"
                " often it is cancelled. Look at it in the broker's own program; if it is over"
                " there and UNKNOWN here,"
                f" say so with `tapewire orders resolve {name} filled|cancelled --reason TEXT`"
            ))  # fmt: skip

    def _alarm(self, stage: str, text: str) -> None:
        """Report what keeps it from going on, once for each stage."""
        if stage not in self._alarmed:
            self._alarmed.add(stage)
            self.alarms.append(text[:TEXT_MAX])
