"""An executor with one group, and a gateway of a few lines that does what a test says."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.events import (
    CancelOrder,
    Event,
    GroupIntended,
    GroupLeg,
    GroupSignal,
    ModifyOrder,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderRejected,
    OrderTerms,
    PositionReported,
    SubmitGroup,
    SubmitOrder,
    signed,
)
from tapewire.executor.executor import Executor
from tapewire.executor.orders import ExecutorOrder
from tests.executor.orders import MS, NOW, SECOND, T0, executor, fill

GROUP = "s-e-1"


def leg(role: str, side: str, quantity: int, part: int = 0, **prices: Any) -> GroupLeg:
    """One order: a market order, or one of the prices that are given."""
    limit, stop = (Decimal(prices[n]) if n in prices else None for n in ("limit", "stop"))
    kind = "MKT" if not prices else ("LMT" if "limit" in prices else "STP")
    symbol = "MSFT" if role == "cover" else "AAPL"
    terms = OrderTerms(side, Decimal(quantity), kind, limit, stop)  # type: ignore[arg-type]
    return GroupLeg(role, symbol, terms, part)  # type: ignore[arg-type]


def group_signal(kind: str, *legs: GroupLeg, **more: Any) -> GroupSignal:
    given = {"account": "", "expires_ns": T0 + 5 * SECOND, **more}
    return GroupSignal(GROUP, T0, strategy="s", kind=kind, legs=legs, **given)  # type: ignore[arg-type]


def bracket(quantity: int = 10) -> GroupSignal:
    """Buy at 150; sell at 160, or at 140 at the latest."""
    return group_signal(
        "bracket",
        leg("entry", "BUY", quantity, limit=150),
        leg("target", "SELL", quantity, limit=160),
        leg("stop", "SELL", quantity, stop=140),
    )


class Desk:
    """`asked` are the commands that the executor gave, `journal` its own, `gateway` the gateway's.

    The gateway takes every order and every modify, and the broker accepts what was taken; unless
    `denies` says why the gateway does not.
    """

    def __init__(self, signal: GroupSignal | None = None, limit: int = 100) -> None:
        self.now = NOW
        self.limit = limit
        self.journal: list[Event] = []
        self.gateway: list[Event] = []
        self.asked: list[Event] = []
        self.alarms: list[str] = []
        self.denies = ""
        self.held = {"AAPL": Decimal(0), "MSFT": Decimal(0)}
        self.executor = executor(limit)
        if signal is not None:
            self.send(signal)

    def send(self, signal: GroupSignal) -> None:
        """The strategy gives a signal, and the gateway takes what comes of it."""
        events, commands = self.executor.on_signal(signal, self.now)
        self.journal += events
        self._obey(commands)

    # ---- what the gateway reports --------------------------------------------------------------

    def report(self, *events: Event) -> None:
        for event in events:
            self.gateway.append(event)
            self.journal += self.executor.on_broker(event, self.now)

    def accept(self, *numbers: int) -> None:
        for number in numbers:
            one = self.order(number).order
            self.report(OrderAccepted(T0, one.account, one.intent_id, one.intent_id, "1"))

    def fill(self, number: int, quantity: int | None = None) -> None:
        one = self.order(number)
        shares = int(one.terms.quantity - one.filled) if quantity is None else quantity
        self.report(fill(one.order, shares, f"e{len(self.gateway)}.01"))
        self.move(one.order.symbol, signed(one.order.terms.side, Decimal(shares)))
        if one.filled >= one.terms.quantity:
            self.report(OrderFilled(T0, one.order.account, one.intent_id))

    def move(self, symbol: str, change: Decimal) -> None:
        """The broker reports the position."""
        self.held[symbol] += change
        self.report(PositionReported(T0, "DU1", symbol, self.held[symbol], Decimal(100)))

    def end(self, number: int, how: str = "CANCELLED") -> None:
        one = self.order(number).order
        about = (T0, one.account, one.intent_id)
        self.report({
            "CANCELLED": OrderCancelled(*about, "by TWS"),
            "REJECTED": OrderRejected(*about, 201, "no"),
            "LOST": OrderLost(*about, "nobody knows it"),
            "DENIED": OrderDenied(T0, one.account, "s", "gateway", "no", one.intent_id),
        }[how])  # fmt: skip

    # ---- time ----------------------------------------------------------------------------------

    def pass_s(self, seconds: float) -> None:
        """Time passes, and the executor has its turns; what it asks for is done."""
        for _ in range(max(1, round(seconds * 10))):
            self.now += 100 * MS
            self.journal += self.executor.look_after_groups(self.now)
            self._obey(self.executor.tick(self.now))
            self.alarms += self.executor.keeper.alarms
            self.executor.keeper.alarms.clear()

    def restart(self, *, forget: int = 0) -> None:
        """The executor dies, with the last events of its journal not written; and comes back."""
        self.journal = self.journal[: len(self.journal) - forget]
        again: Executor = executor(self.limit, self.journal, live=False)
        for event in self.gateway:
            self.journal += again.on_broker(event, self.now)
        self.journal += again.caught_up(self.now)
        self.executor = again

    def _obey(self, commands: Sequence[Event]) -> None:
        for command in commands:
            self.asked.append(command)
            if isinstance(command, SubmitGroup):
                self.report(GroupIntended(T0, command))
                for order in command.orders:
                    self.report(OrderIntended(T0, order.intent_id, order))
            elif isinstance(command, SubmitOrder):
                self._take(command)
            elif isinstance(command, ModifyOrder):
                self.report(OrderModifyIntended(T0, "DU1", command))
                self.report(OrderModified(T0, "DU1", command.intent_id, command.id, command.terms))
            elif isinstance(command, CancelOrder):
                answer = OrderAnswer(command.id, accepted=True)
                self.journal += self.executor.on_answer(answer, self.now)

    def _take(self, order: SubmitOrder) -> None:
        if self.denies:
            denied = OrderDenied(T0, "DU1", "s", "gateway", self.denies, order.intent_id)
            self.report(denied)
            answer = OrderAnswer(order.intent_id, accepted=False, reason=self.denies)
            self.journal += self.executor.on_answer(answer, self.now)
            return
        self.report(OrderIntended(T0, order.intent_id, order))
        self.report(OrderAccepted(T0, "DU1", order.intent_id, order.intent_id, "1"))

    # ---- what is known -------------------------------------------------------------------------

    @property
    def group(self) -> OrderGroup[ExecutorOrder]:
        return self.executor.keeper.groups.by_id[GROUP]

    @property
    def state(self) -> str:
        return self.group.state

    def order(self, number: int) -> ExecutorOrder:
        return self.executor.ledger.orders[f"{GROUP}/{number}"]

    def orders(self) -> list[str]:
        """The intents that were sent, each once: the group's own numbers."""
        sent: list[str] = []
        for command in self.asked:
            if isinstance(command, SubmitGroup):
                sent += [one.intent_id.rpartition("/")[2] for one in command.orders]
            elif isinstance(command, SubmitOrder):
                sent.append(command.intent_id.rpartition("/")[2])
        return sent

    def cancelled(self) -> set[str]:
        """The numbers of the orders that the gateway was asked to cancel."""
        return {
            one.intent_id.rpartition("/")[2] for one in self.asked if isinstance(one, CancelOrder)
        }

    def new(self) -> SubmitOrder:
        """The order that was added last."""
        return next(one for one in reversed(self.asked) if isinstance(one, SubmitOrder))


def protecting(desk: Desk | None = None) -> Desk:
    """A bracket that is entered, its exits at the broker."""
    one = desk or Desk(bracket())
    one.accept(1, 2, 3)
    one.fill(1)
    one.pass_s(0.1)
    assert one.state == "PROTECTING"
    return one
