"""A small model of a gateway with two accounts: it writes a journal, and knows the truth about it.

The model has no fold and no table of its own users: it keeps numbers, and emits only what a gateway
could emit. What `Step` asks for and makes no sense at that moment is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    PositionReported,
    Side,
    SubmitOrder,
)

ACCOUNTS = ("DU1", "DU2")
SYMBOLS = ("AAPL", "MSFT")
STRATEGY = "s"
Action = Literal[
    "intend", "accept", "unknown", "lose", "reject", "cancel", "deny", "fill", "correct",
    "modify", "modified", "modify_rejected", "changed_elsewhere", "repeat", "report",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = Action.__args__  # type: ignore[attr-defined]
Step = tuple[Action, int, int]
"""What happens, to which order, and with which number."""
LIVE = ("INTENDED", "ACCEPTED", "UNKNOWN")
GIVEN_UP = ("LOST", "CANCELLED", "REJECTED")

OFTEN = ("intend", "accept", "fill", *ACTIONS)  # or most lists would be about nothing

steps = st.lists(
    st.tuples(st.sampled_from(OFTEN), st.integers(0, 5), st.integers(1, 9)), max_size=40
)


@dataclass
class Truth:
    """One order as it is at the broker."""

    order: SubmitOrder
    terms: OrderTerms
    state: str = "INTENDED"
    modify: ModifyOrder | None = None
    fills: list[Fill] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        if self.state not in LIVE:
            return Decimal(0)
        quantity = self.terms.quantity
        if self.modify is not None:
            quantity = max(quantity, self.modify.terms.quantity)
        return max(quantity - self.filled, Decimal(0))


class GatewayModel:
    """Makes a journal of steps; `orders` is the truth about it."""

    def __init__(self) -> None:
        self.orders: list[Truth] = []
        self.journal: list[Event] = []
        self.reported: dict[tuple[str, str], Decimal] = {}
        self._executions = 0
        self._modifies = 0

    def run(self, taken: Sequence[Step]) -> list[Event]:
        """The journal of these steps."""
        for action, which, number in taken:
            if action == "intend":
                self._intend(which, number)
            elif action == "report":
                self._report(which, number)
            elif self.orders:
                one = self.orders[which % len(self.orders)]
                getattr(self, f"_{action}")(one, number)
        return self.journal

    # ---- what is true --------------------------------------------------------------------------

    def position(self, account: str, symbol: str) -> Decimal:
        return sum(
            (
                one.filled if one.terms.side == "BUY" else -one.filled
                for one in self._of(account, symbol)
            ),
            Decimal(0),
        )

    def working(self, account: str, symbol: str, side: Side) -> Decimal:
        of = self._of(account, symbol)
        return sum((one.remaining for one in of if one.terms.side == side), Decimal(0))

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one in self.orders:
            counts[one.state] = counts.get(one.state, 0) + 1
        return counts

    def _of(self, account: str, symbol: str) -> list[Truth]:
        return [o for o in self.orders if (o.order.account, o.order.symbol) == (account, symbol)]

    # ---- what happens --------------------------------------------------------------------------

    def _emit(self, *events: Event) -> None:
        self.journal += events

    def _now(self) -> int:
        return 1 + len(self.journal)

    def _about(self, one: Truth) -> tuple[int, str, str]:
        return self._now(), one.order.account, one.order.intent_id

    def _intend(self, which: int, number: int) -> None:
        n = len(self.orders) + 1
        side: Side = "BUY" if number % 3 else "SELL"
        terms = OrderTerms(side, Decimal(number), "LMT", Decimal(100))
        order = SubmitOrder(
            f"{STRATEGY}-e-{n}/1", self._now(), ACCOUNTS[which % 2], STRATEGY,
            SYMBOLS[which // 2 % 2], terms, 10**18, f"{STRATEGY}-e-{n}",
        )  # fmt: skip
        self.orders.append(Truth(order, terms))
        self._emit(OrderIntended(self._now(), str(n), order))

    def _accept(self, one: Truth, _: int) -> None:
        if one.state in ("INTENDED", "UNKNOWN", *GIVEN_UP):
            self._emit(OrderAccepted(*self._about(one), "1", "9"))
            one.state = "ACCEPTED"

    def _unknown(self, one: Truth, _: int) -> None:
        if one.state == "INTENDED":
            self._emit(OrderUnknown(*self._about(one), "cut off"))
            one.state = "UNKNOWN"

    def _deny(self, one: Truth, _: int) -> None:
        if one.state == "INTENDED" and not one.fills:
            ts_ns, account, intent_id = self._about(one)
            self._emit(OrderDenied(ts_ns, account, STRATEGY, "gateway", "halted", intent_id))
            one.state = "DENIED"

    def _end(self, one: Truth, state: str, event: Event) -> None:
        if one.state in LIVE:
            self._emit(event)
            one.state = state

    def _lose(self, one: Truth, _: int) -> None:
        self._end(one, "LOST", OrderLost(*self._about(one), "not named"))

    def _reject(self, one: Truth, _: int) -> None:
        self._end(one, "REJECTED", OrderRejected(*self._about(one), 201, "no"))

    def _cancel(self, one: Truth, _: int) -> None:
        self._end(one, "CANCELLED", OrderCancelled(*self._about(one)))

    def _fill(self, one: Truth, number: int) -> None:
        """An execution in any state that the broker may have it in, a cancelled one included."""
        quantity = min(Decimal(number), one.terms.quantity - one.filled)
        if one.state == "DENIED" or quantity <= 0:
            return
        self._executions += 1
        fill = Fill(
            self._now(), one.order.account, f"x{self._executions}.01", "9", one.order.symbol,
            one.terms.side, quantity, Decimal(100 + number), one.order.intent_id, STRATEGY,
        )  # fmt: skip
        one.fills.append(fill)
        self._emit(fill, Commission(self._now(), fill.account, fill.exec_id, Decimal(1), "USD"))
        worst = max(one.terms.quantity, one.modify.terms.quantity if one.modify else Decimal(0))
        if one.filled >= worst and one.state != "FILLED":
            self._emit(OrderFilled(*self._about(one)))
            one.state = "FILLED"

    def _correct(self, one: Truth, number: int) -> None:
        if not one.fills:
            return
        old = one.fills[number % len(one.fills)]
        key, _, version = old.exec_id.rpartition(".")
        quantity = min(Decimal(number), old.quantity)
        exec_id = f"{key}.{int(version) + 1:02}"
        corrected = replace(old, exec_id=exec_id, quantity=quantity, ts_ns=self._now())
        one.fills[one.fills.index(old)] = corrected
        self._emit(corrected)

    def _modify(self, one: Truth, number: int) -> None:
        if one.state == "ACCEPTED" and one.modify is None and number > one.filled:
            self._modifies += 1
            terms = replace(one.terms, quantity=Decimal(number))
            one.modify = ModifyOrder(
                f"{STRATEGY}-m-{self._modifies}", self._now(), one.order.intent_id, terms, 10**18
            )
            self._emit(OrderModifyIntended(self._now(), one.order.account, one.modify))

    def _modified(self, one: Truth, _: int) -> None:
        if one.modify is not None:
            self._emit(OrderModified(*self._about(one), one.modify.id, one.modify.terms))
            one.terms, one.modify = one.modify.terms, None

    def _modify_rejected(self, one: Truth, _: int) -> None:
        if one.modify is not None:
            self._emit(OrderModifyRejected(*self._about(one), one.modify.id, 104, "no"))
            one.modify = None

    def _changed_elsewhere(self, one: Truth, number: int) -> None:
        """A person changed the order at the broker."""
        if one.state == "ACCEPTED" and number > one.filled:
            one.terms = replace(one.terms, quantity=Decimal(number))
            self._emit(OrderModified(*self._about(one), "", one.terms))

    def _repeat(self, one: Truth, number: int) -> None:
        """An execution is reported once more, as it is or as it was before its correction."""
        if one.fills:
            fill = one.fills[number % len(one.fills)]
            old = replace(fill, exec_id=f"{fill.exec_id.rpartition('.')[0]}.01")
            self._emit(fill if number % 2 else old)

    def _report(self, which: int, _: int) -> None:
        key = (ACCOUNTS[which % 2], SYMBOLS[which // 2 % 2])
        self.reported[key] = self.position(*key)
        self._emit(PositionReported(self._now(), *key, self.reported[key], Decimal(100)))
