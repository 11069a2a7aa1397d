"""Synchronising with the broker: when all that it knows is known here, and when to ask it again.

After a connection the gateway is not READY before it knows what the broker knows: positions, open
orders, executions, completed orders and the values of accounts are asked for, and `connection.up`
follows when all were listed, or after `request_timeout_ms` (an end may never come; then the answer
is not used to call anything LOST). While the broker's side has lost its own server, nothing that it
reports is believed, and the same round begins again when it has it back. What state that makes the
connection is decided in `gateway.connection`.

Later the same questions are asked again where an answer is missing: an order that the broker does
not answer for, or that the last round did not name; a modify without an answer; executions that are
claimed but did not come; a cancel of an order that the broker does not know; a position that no
execution explains (see `unexplained`). One schedule serves them all (see `inquiry`). What it means
that the broker does not name an order is decided in `silence`. None of it keeps the gateway from
being READY. While the line is held the questions wait: they would not be written, time out, and be
put again, and a broker that is busy with a long list would get several more at once.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    ConnectionLost,
    ConnectionUp,
    Event,
)
from tapewire.gateway import broker
from tapewire.gateway.at_most import AtMost
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.connection import Connection
from tapewire.gateway.orders.cancels import Cancels
from tapewire.gateway.orders.inquiry import Inquiry
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.positions import PositionLists
from tapewire.gateway.orders.reconciliation import Reconciler
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.silence import EXECUTIONS_LATE_NS, Silence, lacking
from tapewire.gateway.orders.snapshot import Snapshot
from tapewire.gateway.orders.unexplained import Unexplained
from tapewire.gateway.orders.waits import Waits

STARTS_MAX: Final = 5
STARTS_NS: Final = 10_000_000_000
READING: Final = "waiting for the broker to report its orders and executions"
SERVER_AWAITED: Final = "logged in, but the broker's side has lost its own server"
KNOWN: Final = "everything that the broker knows has been read"


class Synchroniser:
    """What is known of the broker on this connection. None of it is durable.

    `settle_ms` is how long the broker has to read what an earlier connection left in its socket
    before its silence about an order counts; after `answer_ms` without a word about an order that
    was written, it is asked; a list has `request_timeout_ms` to end. `ask_values` asks for the
    values of accounts, where they are needed. `apply` makes events the state and returns them.
    """

    def __init__(
        self,
        adapter: Broker,
        connection: Connection,
        registry: Registry,
        positions: PositionLists,
        unexplained: Unexplained,
        reconciler: Reconciler,
        ask_values: Callable[[Now], None] | None,
        waits: Waits,
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self._broker = adapter
        self._connection = connection
        self._ask_values = ask_values
        self._has_values = False  # of accounts, since they were asked for at the login
        self._accounts: frozenset[str] = frozenset()  # those that it was logged in with last
        self._is_up = False  # by the last event about it
        self._is_expected = False  # that it is not
        self._begun_mono_ns = 0  # when all was asked for
        self._starts = AtMost(STARTS_MAX, STARTS_NS)  # on this connection
        self._is_to_start = False  # all is to be asked for
        self._first_positions = 0  # the list of positions that was asked for then
        self._first_is_over = False  # the first snapshot since then
        self._timeout_ns = waits.request_timeout_ms * 1_000_000
        self._registry = registry
        self._positions = positions
        self._unexplained = unexplained
        self._reconciler = reconciler
        self._apply = apply
        self._version = 0
        self._snapshot: Snapshot | None = None
        self._orders_listed = False  # on this connection
        self._connected_mono_ns = 0
        self._settle_ns = waits.settle_ms * 1_000_000
        # Longer than it takes to settle: a snapshot that is begun then could name the order.
        self._answer_ns = max(waits.answer_ms * 1_000_000, self._settle_ns + 1)
        self._inquiry = Inquiry(self._settle_ns)
        self._silence = Silence(registry, self._inquiry, self._answer_ns)
        self._awaiting: deque[Intent] = deque()  # written, in their order; some have an answer
        self.cancels = Cancels(self._answer_ns)

    @property
    def synchronised(self) -> bool:
        """Whether all that the broker knows is known here."""
        return self._connection.is_synchronised

    @property
    def is_server_lost(self) -> bool:
        """Whether what the broker reports now is worth nothing."""
        return self._connection.is_server_lost

    @property
    def orders_reported(self) -> bool:
        """Whether the broker has listed its open orders on the present connection."""
        return self.synchronised and self._orders_listed

    @property
    def quiet(self) -> bool:
        """Whether nothing is asked, nor to be asked as far as is known now."""
        return self._snapshot is None and self._inquiry.quiet

    # ---- what the broker reports ---------------------------------------------------------------

    def note(self, report: BrokerEvent) -> None:
        """Take note of any report while a snapshot is under way, or positions are listed."""
        if type(report) is broker.Unreadable:
            self._positions.unreadable()
        elif type(report) is broker.AccountsComplete:
            self._has_values = True
        if self._snapshot is not None:
            self._snapshot.note(report)
        self._reconciler.note(report)

    def named(self, intent_id: str, *, working: bool) -> None:
        """A list names the order of this intent, and shows whether it works, uncancelled."""
        if self._snapshot is not None:
            self._snapshot.seen.add(intent_id)
            if working:
                self._snapshot.working.add(intent_id)

    def tagged(self, intent_id: str, report: broker.OrderReport) -> None:
        """A list has an order with this intent's tag, and does not say whose order it is."""
        if self._snapshot is not None:
            self._snapshot.tagged[intent_id].append(report)

    def over(self, intent: Intent, report: broker.OrderReport) -> None:
        """The broker reports the order as filled, or lists it as over; its executions are the truth
        about what was filled."""
        if self._snapshot is not None:
            self._snapshot.over[intent.intent_id] = (intent, report)

    def executed(self) -> None:
        """An execution is news. In a snapshot it may be one of long ago, which the positions that
        were listed before it have in them: then they are read again."""
        if self._snapshot is not None:
            self._snapshot.executed = True

    def on_progress(self, report: broker.SessionProgress, now: Now) -> list[Event]:
        """The login takes its steps."""
        self._connection.step("opened", now, report.waiting_for)
        self._connected_mono_ns = now.mono_ns
        return []

    def on_ready(self, report: broker.SessionReady, now: Now) -> list[Event]:
        """Logged in: ask for all that is needed before trading."""
        was_logged_in, self._version = self._connection.is_logged_in, report.version
        before, self._accounts = self._accounts, frozenset(report.accounts)
        self._connection.step("logged_in", now, SERVER_AWAITED if self.is_server_lost else READING)
        if was_logged_in and not self._accounts <= before:
            self._connection.step("accounts_added", now, READING)
            self._forget()
            self._positions.doubt("since the login has more accounts")
        elif was_logged_in:
            return []
        if not self.is_server_lost:
            self._restart(now)
        return []

    def on_refused(self, report: broker.SessionRefused, now: Now) -> list[Event]:
        """This login must not be traded on."""
        self._connection.step("refused", now, report.reason)
        self._forget()
        self._positions.doubt("since the login was refused")
        return self._down(report.reason, now)

    def on_lost(self, report: broker.SessionLost, now: Now) -> list[Event]:
        """The connection is gone, and all that was known of the broker with it."""
        if report.refused:
            self._connection.step("refused", now, report.reason)
        self._connection.lost(now, report.reason)
        self._forget()
        self._starts.clear()
        self._positions.lost()
        return self._down(report.reason, now)

    def on_server_lost(self, report: broker.ServerLost, now: Now) -> list[Event]:
        """The broker's side has lost its own server: it knows nothing for certain any more."""
        self._connection.step("server_lost", now, report.reason)
        self._forget()
        self._positions.doubt("since it lost its server")
        return self._down(report.reason, now) if report.is_line else []

    def on_server_restored(self, _report: broker.ServerRestored, now: Now) -> list[Event]:
        """It has its server back, and reads its orders again: let that settle."""
        self._connection.step("server_restored", now, READING)
        self._connected_mono_ns = now.mono_ns
        if self._connection.is_logged_in:
            self._restart(now)
        return []

    def on_query_complete(self, report: broker.QueryComplete, _now: Now) -> list[Event]:
        """One of the lists has come to its end."""
        self._orders_listed |= report.query == "open_orders" and not self.is_server_lost
        return []

    def executions_missing(self, now: Now) -> None:
        """The broker claims more than its executions show: ask for them, if they do not come."""
        self._inquiry.soon(now.mono_ns + EXECUTIONS_LATE_NS)

    def written(self, intent: Intent) -> None:
        """The bytes of an order are handed over: its answer is waited for."""
        self._awaiting.append(intent)

    def ask(self, intent: Intent, now: Now) -> None:
        """An order is in doubt: ask for all that the broker knows of orders."""
        self._inquiry.again(intent.intent_id, now.mono_ns)

    # ---- timed work ----------------------------------------------------------------------------

    def tick(self, now: Now) -> list[Event]:
        """A snapshot that is due, or one that is complete or will not end."""
        events: list[Event] = []
        if self._is_expected and not self._connection.held_back(now):
            self._is_expected = False  # and was: the restart takes too long
            events.append(ConnectionLost(now.wall_ns, self._connection.reason[:TEXT_MAX]))
        if self.is_server_lost:
            return events
        if self._connection.is_logged_in:
            self._start_if_due(now)
            self._positions.tick(now)
        snapshot = self._snapshot
        if snapshot is not None and (snapshot.complete or snapshot.timed_out(now)):
            if not snapshot.complete:
                self._broker.give_up_query()
            events += self._conclude(snapshot, now)
        is_reading = self._connection.state == "SYNCHRONISING"
        if is_reading and self._first_is_over and not (self._is_to_start or self._lacks(now)):
            events += self._up(now)
        self._ask_about_orders(now)
        self._ask_about_modifies()
        self._ask_about_cancels(now)
        self._ask_about_executions(now)
        self._ask_about_everything(now)
        may_ask = self._connection.is_logged_in and not self._snapshot
        if may_ask and self._inquiry.due(now.mono_ns) and not self._broker.held(now):
            self._begin_snapshot(now)
        if compared := self._reconciler.tick(now):
            events += self._apply(compared)
        return events

    def _restart(self, now: Now) -> None:
        """All is to be asked for before trading. A broker's side whose server comes and goes would
        have the questions pile up, so they are asked at most `STARTS_MAX` times within `STARTS_NS`
        on a connection; the rest wait, and nothing is READY before they were asked."""
        self._snapshot, self._first_is_over, self._is_to_start = None, False, True
        self._start_if_due(now)

    def _start_if_due(self, now: Now) -> None:
        if self._is_to_start and self._starts.has_room(now.mono_ns):
            self._starts.happened(now.mono_ns)
            self._start(now)

    def _start(self, now: Now) -> None:
        """Ask for all that is needed before trading."""
        self._begun_mono_ns, self._is_to_start = now.mono_ns, False
        self._first_positions = self._positions.asked(now)
        self._broker.start()
        self._has_values = self._ask_values is None
        if self._ask_values is not None:
            self._ask_values(now)
        self._reconciler.logged_in()
        self._begin_snapshot(now)

    def _lacks(self, now: Now) -> bool:
        """Whether to wait on for what was asked for beside orders and executions."""
        if now.mono_ns - self._begun_mono_ns > self._timeout_ns:
            return False
        return not self._has_values or self._positions.confirmed < self._first_positions

    def _up(self, now: Now) -> list[Event]:
        """All is known, or as much as the broker says."""
        self._connection.step("synchronised", now, KNOWN)
        self._is_up, self._is_expected = True, False
        accounts = tuple(self._broker.accounts)
        return [ConnectionUp(now.wall_ns, self._version, accounts)]

    def _down(self, reason: str, now: Now) -> list[Event]:
        """The session is over, if it was up by the last event about it."""
        if not self._is_up:
            return []
        self._is_up, self._is_expected = False, self._connection.state == "RESTARTING"
        return [ConnectionLost(now.wall_ns, reason[:TEXT_MAX], self._is_expected)]

    def _forget(self) -> None:
        """What the broker has reported is worth nothing any more."""
        self._snapshot, self._first_is_over, self._is_to_start = None, False, False
        self._inquiry.forget()
        self._unexplained.forget()
        self._reconciler.forget()
        self._awaiting.clear()
        self.cancels.forget()
        self._orders_listed = False
        self._registry.modifies.disconnected()

    def _begin_snapshot(self, now: Now) -> None:
        self._snapshot = Snapshot(
            now, self._connected_mono_ns, self._settle_ns, self._timeout_ns, self._broker.accounts
        )
        self._inquiry.asking()
        self._broker.query()
        self._reconciler.begun(now)

    def _ask_about_orders(self, now: Now) -> None:
        """An order whose answer is late: the broker is asked whether it has it."""
        while self._awaiting:
            intent = self._awaiting[0]
            if intent.state == "INTENDED" and intent.written is not None:
                if now.mono_ns - intent.written.mono_ns < self._answer_ns:
                    return
                self._inquiry.soon(now.mono_ns)
            self._awaiting.popleft()

    def _ask_about_modifies(self) -> None:
        """A modify whose answer is late: the broker is asked for the order's terms, once it had
        time to settle."""
        if not self._registry.modifies.under_way:
            return
        if not self.synchronised or self._snapshot is not None:
            return
        for modify_id, since_ns in self._registry.modifies.waiting():
            if not self._inquiry.knows(modify_id):
                self._inquiry.soon(max(since_ns, self._connected_mono_ns) + self._settle_ns + 1)

    def _ask_about_cancels(self, now: Now) -> None:
        """A cancel that changes nothing: the broker is asked whether the order still works."""
        for name in self.cancels.late(now.mono_ns):
            if not self._inquiry.knows(name):
                self._inquiry.soon(now.mono_ns)

    def _ask_about_executions(self, now: Now) -> None:
        """A position that executions do not explain, or a foreign order that may have filled: the
        broker is asked for the executions of everybody."""
        if not self.synchronised or self._snapshot is not None:
            return
        for name in self._unexplained.late(now):
            if not self._inquiry.knows(name):
                self._inquiry.soon(now.mono_ns)

    def _ask_about_everything(self, now: Now) -> None:
        """A reconciliation is due."""
        if self.synchronised and self._snapshot is None and self._reconciler.due(now):
            self._inquiry.soon(now.mono_ns)

    def _conclude(self, snapshot: Snapshot, now: Now) -> list[Event]:
        """The snapshot is over: what it did not name is in doubt, and lost in the end."""
        self._snapshot, self._first_is_over = None, True
        missing = self._silence.missing(snapshot)
        unnamed = [one for one in missing if one.intent_id not in snapshot.tagged]
        self._reconciler.concluded(snapshot, unnamed, now, believed=snapshot.believed)
        events = self._silence.verdicts(missing, snapshot, now.wall_ns)
        if snapshot.believed:
            modifies, cancels = self._registry.modifies, self.cancels
            events += modifies.settled(snapshot, snapshot.written_before_ns, now.wall_ns)
            events += cancels.ignored(snapshot, now.wall_ns)
            events += cancels.over(snapshot, now.wall_ns)
        # First what became of the modifies: with its new quantity an order may be filled.
        events = self._apply(events)
        if ended := self._apply(self._silence.ended(snapshot, now)):
            events += ended
            self._positions.doubt("since an order was filled without executions")
        self._ask_again(missing, snapshot, now)
        if snapshot.executed:
            self._positions.doubt("since it reported executions that were not known")
        return events

    def _ask_again(self, missing: list[Intent], snapshot: Snapshot, now: Now) -> None:
        """What is still in doubt after a snapshot is asked about again."""
        doubtful = [intent.intent_id for intent in missing if intent.live]
        doubtful += [modify_id for modify_id, _ in self._registry.modifies.waiting()]
        doubtful += self.cancels.late(now.mono_ns)
        if not snapshot.whole:  # or two of them were agreed on
            doubtful += lacking(snapshot)
        if snapshot.has_executions:
            self._unexplained.listed(snapshot.begun.mono_ns, now)
        doubtful += [*self._unexplained.unlisted, *self._unexplained.late(now)]
        self._inquiry.concluded(doubtful, snapshot.seen | snapshot.tagged.keys(), now.mono_ns)
