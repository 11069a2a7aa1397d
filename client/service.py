"""The client's service: what comes from the group, and what goes to it. It binds and journals
nothing.

It is a service like a strategy's, turned by an asyncio loop in place of a process. Its streams
begin when it connects: what was before that is in the journals, which `tapewire` reads.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from weakref import WeakValueDictionary

from tapewire.client.bell import Bell
from tapewire.client.callbacks import Reports, Subscription
from tapewire.client.feeds import Feeds
from tapewire.client.listeners import Listeners
from tapewire.client.order import PlacedOrder
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.from_now import FollowerFromNow
from tapewire.common.bus.ports import QUERIES, SIGNALS
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.delivery.desk import Desk, signal_of
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.errors import TapewireError
from tapewire.common.events import (
    Event,
    Fill,
    GroupCreated,
    Heartbeat,
    OrderCreated,
    OrderTermsChanged,
    QueryAnswer,
)
from tapewire.common.events.queries import QueryProgress
from tapewire.common.logins import Logins
from tapewire.common.runtime.heads import with_remedy
from tapewire.common.runtime.service import Service
from tapewire.strategy.asking import Asking, Ended
from tapewire.strategy.service import MARKET, queries_of

SILENT_NS: Final = 3_000_000_000
BEATS: Final = 8
"""Without a heartbeat for so long, and for as long as so many take, a process counts as gone."""
TAKES: Final = ("READY", "HALTED")
"""The states of a process that answers; one that is HALTED still takes what reduces risk."""


class NotConnected(TapewireError):
    """A part of the group does not answer; says which, and why as far as that is known."""


class ClientService(Service):
    """Runs the desk, the queries, the feeds and the callbacks of one client."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        logins: Logins,
        feeds: Feeds,
        ttl_ns: int,
        heartbeat_ms: int = 250,
    ) -> None:
        follows = (roles.EXECUTOR, roles.RISK, *(one.gateway for one in logins))
        super().__init__(roles.strategy_role(name), transport, clock, epoch=epoch, follows=follows)
        self.followers.update({source: FollowerFromNow(source) for source in follows})
        self.name = name
        self.bell = Bell()
        self.reports = Reports()
        self.desk = Desk(ttl_ns)
        self.feeds = feeds
        self.listeners = Listeners(self.reports, self._is_own)
        self.asking = {
            queries_of(one): Asking("-".join(filter(None, (name, epoch, one.name))))
            for one in logins
        }
        self.watched: dict[str, Subscription] = {}  # who wants word of a query's progress, by id
        self.open: dict[str, PlacedOrder] = {}
        self._orders: WeakValueDictionary[str, PlacedOrder] = WeakValueDictionary()
        self._silent_ns = max(SILENT_NS, BEATS * heartbeat_ms * 1_000_000)
        self._heard_ns: dict[str, int] = {}
        self._epochs: dict[str, str] = {}

    # ---- what comes ----------------------------------------------------------------------------

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """An event of a stream: taken in first, then given to callbacks."""
        if source == roles.EXECUTOR:
            self._take(event)
        elif type(event) is Fill and event.intent_id:
            self._executed(event, event.intent_id)
        self.listeners.deliver(event)
        self.bell.ring()

    def _take(self, event: Event) -> None:
        """An event of the executor."""
        self.moved(self.desk.on_event(event))
        if isinstance(event, OrderCreated | GroupCreated):
            order = event.order if isinstance(event, OrderCreated) else event.group.orders[0]
            if (placed := self._orders.get(event.signal_id)) is not None:
                placed.created(order)
        elif isinstance(event, OrderTermsChanged):
            placed = self._orders.get(signal_of(event.intent_id))
            if placed is not None:
                placed.retermed(event.terms)

    def _executed(self, fill: Fill, intent_id: str) -> None:
        if (order := self._orders.get(signal_of(intent_id))) is not None:
            order.executed(fill)
            self._keep(order)

    def moved(self, outcomes: Iterable[Outcome]) -> None:
        """What the desk knows of some signals has changed."""
        for outcome in outcomes:
            if (order := self._orders.get(outcome.signal_id)) is not None:
                order.moved(outcome)
                self._keep(order)
            self.bell.ring()

    def add(self, order: PlacedOrder) -> None:
        """An order is being placed. It is kept until it is over; after that, as long as the program
        keeps it, it takes in what comes late."""
        self._orders[order.id] = order
        self._keep(order)

    def _keep(self, order: PlacedOrder) -> None:
        if order.is_over:
            self.open.pop(order.id, None)
        else:
            self.open[order.id] = order

    def on_heartbeat(self, source: str, beat: Heartbeat, now: Now) -> None:
        """A process lives. One that has started again has forgotten what it was asked."""
        self._heard_ns[source] = now.mono_ns
        follower = self.followers[source]
        before = self._epochs.get(source)
        self._epochs[source] = follower.epoch
        asking = self.asking.get(f"{source}.{QUERIES}")
        if asking is not None and before not in (None, follower.epoch):
            asking.ask_again()
        if source == roles.EXECUTOR:
            self.moved(self.desk.on_beat(beat, follower.epoch, caught_up=follower.caught_up))
        self.bell.ring()

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Market data, and answers to queries."""
        if channel in self.asking:
            answer = wire.decode_event(frames[-1])
            if isinstance(answer, QueryAnswer):
                self._end(self.asking[channel].take(answer, now))
            if isinstance(answer, QueryProgress) and answer.id in self.watched:
                self.watched[answer.id].take(answer)
        elif channel.startswith(MARKET):
            self.letters.add_all(self.feeds.on_frames(frames))

    # ---- once per turn -------------------------------------------------------------------------

    def on_tick(self, now: Now) -> None:
        """Send what is due, and end what is over."""
        for signal in self.desk.due(now):
            if not self.transport.send(SIGNALS, [wire.encode(signal)]):
                break  # the executor is not there: no other would be taken
            self.desk.sent(signal, now)
        self.moved(self.desk.give_up(now))
        for channel, asking in self.asking.items():
            self._ask(channel, asking, now)
        self._report_letters()

    def _ask(self, channel: str, asking: Asking, now: Now) -> None:
        if asking.is_idle:
            return
        for query in asking.due():
            if not self.transport.send(channel, [wire.encode(query)]):
                break
            asking.sent(query)
        for ended in asking.late(now):
            self._end(ended)

    def _end(self, ended: Ended | None) -> None:
        """A query is over: whoever asked it learns that."""
        if ended is not None and ended.callback is not None:
            ended.callback(ended.value)
            self.bell.ring()

    def _report_letters(self) -> None:
        """What could not be used: a process without a log of its own says it to its program."""
        while self.dead_letters:
            letter = self.dead_letters.popleft()
            self.reports.add(f"{letter.origin}: {letter.reason}", about=letter.origin)

    @property
    def waits(self) -> bool:
        """Whether something has to be done though nothing comes: sent again, or given up."""
        return (
            bool(self.desk.unanswered)
            or not all(one.is_idle for one in self.asking.values())
            or any(one.is_behind for one in self.followers.values())
        )

    # ---- what is known -------------------------------------------------------------------------

    def missing(self, sources: Sequence[str], now: Now) -> str:
        """What of these processes is not there, in a sentence; empty if all are."""
        return "; ".join(filter(None, (self._missing(source, now) for source in sources)))

    def _missing(self, source: str, now: Now) -> str:
        follower, beat = self.followers[source], self.beats.get(source)
        if follower.fault:
            return f"{source}: {with_remedy(source, follower.fault)}; connect again afterwards"
        if beat is None:
            return f"{source} sends nothing"
        silent_ns = now.mono_ns - self._heard_ns[source]
        if silent_ns > self._silent_ns:
            return f"{source} has been silent for {silent_ns / 1e9:.0f} s"
        if beat.state not in TAKES:
            return f"{source} is {beat.state}" + (f": {beat.reason}" if beat.reason else "")
        return "" if follower.caught_up else f"{source} has not sent yet what was missed of it"

    def _is_own(self, event: Event) -> bool:
        """Whether an event is about an order of this name, of this start or an earlier one."""
        about = getattr(event, "order", None) or getattr(event, "group", None) or event
        strategy = getattr(about, "strategy", None)
        if strategy is not None:
            return bool(strategy == self.name)
        intent_id = getattr(about, "intent_id", None)
        return intent_id is not None and self._sender_of(intent_id) == self.name

    @staticmethod
    def _sender_of(intent_id: str) -> str:
        """The name in an intent's id: NAME-EPOCH-NUMBER/ORDER."""
        return signal_of(intent_id).rsplit("-", 2)[0]
