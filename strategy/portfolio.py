"""Portfolio: a strategy's own orders, its executions, and the position that they add up to.

Orders come from the executor's stream and executions from the gateway's. The gateway's other events
about orders are left out, so a strategy never sees a state that the executor does not have yet.

What a flatten does to the position
-----------------------------------
A flatten closes what an account holds, whoever traded it. Risk's closing orders are not the
strategy's, so no execution of its own says that its position is gone. Instead a completed flatten
draws a line: in its scope, only orders that the gateway took afterwards make up the position. An
execution of an older order may be reported late, but it was closed with the rest.

The line is a place in the gateway's journal: how far it went when the flatten was over. An order
that stands there before it is older. So the result depends neither on the order in which the
streams arrive nor on any clock, and a restart, which reads all of them again, comes to the same
position. So does one that begins with a checkpoint: what that carries counts as executions of an
order that the gateway took at `gateway_seq`.

Risk's journal may outlive the gateway's: on the simulator that is started over each time. A line
far ahead in it would then close what is bought there afterwards. Risk sees that at its start, when
no order is taken yet, and writes down how far the gateway's journal goes (`JournalShortened`): no
line counts beyond that.
"""

from collections import defaultdict
from decimal import Decimal

from tapewire.common.accounting.book import ZERO, Book, Key
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.accounting.groups import Groups
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    Event,
    ExecutionsCarried,
    Fill,
    FlattenCompleted,
    JournalShortened,
    LegRole,
    OrderCreated,
    OrderIntended,
    OrderState,
    OrderStateChanged,
    Scope,
    StrategyPositionCarried,
)
from tapewire.strategy.live_group import LiveGroup, shown
from tapewire.strategy.live_order import LiveOrder, shown_order


class Portfolio:
    """Orders and positions of one strategy; the events that it is given are that strategy's."""

    def __init__(self) -> None:
        self._orders: Orders[Order] = Orders(Order)
        self._groups: Groups[Order] = Groups(self._orders)
        self._by_signal: dict[str, Order] = {}  # but for orders of groups
        self._executions = Book()
        self._held = Book()  # of the executions those that no flatten has closed
        self._positions: dict[str, Decimal] = {}  # what is held by symbol, over all accounts
        self._by_account: dict[Key, Decimal] = {}  # and in each of them
        self._intended_seq: dict[str, int] = {}
        self._first_seq: dict[str, int] = {}  # of executions whose order is not known
        self._flattened_seq: dict[Scope, int] = {}
        self._reported_filled: dict[str, Decimal] = {}  # by the executor, by intent
        self._unsettled: dict[str, Order] = {}  # where that is not what the executions add up to
        self._carried: list[StrategyPositionCarried] = []  # what is not kept of its executions

    def __repr__(self) -> str:
        held = ", ".join(f"{symbol} {q:f}" for symbol, q in self._positions.items() if q)
        return f"<Portfolio {len(self._orders.live())} live orders, {held or 'flat'}>"

    # ---- what comes in -------------------------------------------------------------------------

    def on_order(self, event: Event) -> None:
        """An event of the executor."""
        order = self._orders.apply(event)
        self._groups.apply(event)
        if order is not None and type(event) is OrderCreated:
            if not event.order.group_id:
                self._by_signal[event.signal_id] = order
        elif order is not None and type(event) is OrderStateChanged:
            self._reported_filled[event.intent_id] = event.filled
            self._compare(order)

    def on_intended(self, event: OrderIntended, seq: int) -> None:
        """The gateway took an order: only its place in the journal counts here."""
        self._intended_seq[event.order.intent_id] = seq

    def on_fill(self, fill: Fill, seq: int) -> bool:
        """An execution; False if it changed nothing. A correction takes the place of the first."""
        self._first_seq.setdefault(execution_key(fill.exec_id), seq)
        if not self._executions.apply_fill(fill):
            return False
        if (order := self._orders.apply(fill)) is not None:
            self._compare(order)
        if self._counts(fill):
            self._held.apply_fill(fill)
            self._add_up()
        return True

    def on_carried_ids(self, event: ExecutionsCarried) -> None:
        """Executions that are not kept: none of them is news."""
        self._executions.carry(event)

    def on_carried(self, event: StrategyPositionCarried) -> None:
        """What the executions of this strategy came to that are not kept."""
        self._carried.append(event)
        self._add_up()

    def on_flatten(self, event: FlattenCompleted) -> None:
        """What was held in its scope is no longer held, unless it was only reduced, or left open,
        as an older version could report it."""
        if event.reason or event.keep:
            return
        if event.gateway_seq <= self._flattened_seq.get(event.scope, 0):
            return
        self._flattened_seq[event.scope] = event.gateway_seq
        self._count_again()

    def on_shortened(self, event: JournalShortened) -> None:
        """The gateway's journal ends before a place up to which a flatten closed what it had."""
        for scope, seq in self._flattened_seq.items():
            self._flattened_seq[scope] = min(seq, event.head_seq)
        self._count_again()

    def _count_again(self) -> None:
        """Make up what is held, of the executions that no flatten has closed."""
        self._held = Book()
        for fill in self._executions.fills():
            if self._counts(fill):
                self._held.apply_fill(fill)
        self._add_up()

    def _counts(self, fill: Fill) -> bool:
        """Whether no flatten has closed it. A flatten closes positions, which have no strategy."""
        if not self._flattened_seq:
            return True
        first_seq = self._first_seq[execution_key(fill.exec_id)]
        taken_seq = self._intended_seq.get(fill.intent_id or "", first_seq)
        return not self._is_closed(fill.account, fill.symbol, taken_seq)

    def _is_closed(self, account: str, symbol: str, taken_seq: int) -> bool:
        return any(
            taken_seq <= flattened_seq and scope.covers(account, scope.strategy, symbol)
            for scope, flattened_seq in self._flattened_seq.items()
        )

    def _compare(self, order: Order) -> None:
        """Whether what the executor last said was filled is what the executions add up to."""
        intent_id, filled = order.intent_id, order.filled
        if self._reported_filled.get(intent_id, filled) != filled:
            self._unsettled[intent_id] = order
            return
        self._unsettled.pop(intent_id, None)
        if not order.live:
            self._reported_filled.pop(intent_id, None)

    def _add_up(self) -> None:
        by_account: defaultdict[Key, Decimal] = defaultdict(lambda: ZERO)
        for position in self._held.of():
            by_account[position.account, position.symbol] += position.quantity
        for one in self._carried:
            if not self._is_closed(one.account, one.symbol, one.gateway_seq):
                by_account[one.account, one.symbol] += one.quantity
        positions: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for (_, symbol), quantity in by_account.items():
            positions[symbol] += quantity
        self._by_account, self._positions = by_account, positions

    # ---- what is known -------------------------------------------------------------------------

    def position(self, symbol: str) -> Decimal:
        """What is held of `symbol`, in all accounts."""
        return self._positions.get(symbol, ZERO)

    def holders(self, symbol: str) -> list[str]:
        """The accounts in which `symbol` is held."""
        held = self._by_account.items()
        return [account for (account, name), quantity in held if name == symbol and quantity]

    def is_settled(self, symbol: str) -> bool:
        """Whether the executor and the fills agree on how much of each order on it was filled."""
        return all(symbol not in order.order.symbols for order in self._unsettled.values())

    def live(self, symbol: str) -> int:
        """How many orders on `symbol` work, or may."""
        return sum(symbol in one.order.symbols for one in self._orders.live())

    def live_orders(self) -> list[LiveOrder]:
        """The orders that work, or may, oldest first."""
        return [shown_order(one, self._groups.of(one)) for one in self._orders.live()]

    def live_groups(self) -> list[LiveGroup]:
        """The groups that are not DONE, oldest first."""
        return [shown(group) for group in self._groups if group.state != "DONE"]

    def exits_of(self, group_id: str, role: LegRole) -> list[str]:
        """The ids of a group's stops or targets that work."""
        group = self._groups.get(group_id)
        return [one.intent_id for one in group.of(role) if one.live] if group is not None else []

    def state_of(self, signal_id: str) -> OrderState | None:
        """The state of the order that came of a signal, or has this id in a group, or is the first
        of the group of this id; None if there is none."""
        order = self._by_signal.get(signal_id) or self._orders.get(signal_id)
        group = self._groups.get(signal_id)
        if order is None and group is not None:
            order = group.orders[0] if group.orders else None
        return order.state if order is not None else None
