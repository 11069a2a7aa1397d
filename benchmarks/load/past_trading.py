"""Journals of past trading: what gateway, executor and risk would have written in that many days.

One strategy trades one symbol in turn up and down: most orders fill, some are cancelled, some are
denied. It ends flat, so that a TWS which knows nothing of it agrees. The days are the ones before
today, the weekend included, and each has the same number of orders.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tapewire.common import roles
from tapewire.common.events import (
    EVERYTHING,
    Commission,
    ConnectionUp,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderStateChanged,
    OrderTerms,
    PositionReported,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RuleStateChanged,
    Side,
    SubmitOrder,
)
from tapewire.common.runtime.journal import SqliteJournal

ORDERS_PER_DAY: Final = 3000
DAY_NS: Final = 86_400_000_000_000
TTL_NS: Final = 5_000_000_000
CHUNK: Final = 5000

Record = tuple[str, Event]
"""An event, and the role that journals it."""


class PastTrading:
    """Orders of `strategy` on `symbol`, until the gateway has `records` of them."""

    def __init__(self, account: str, strategy: str, symbol: str, records: int) -> None:
        self.account = account
        self.strategy = strategy
        self.symbol = symbol
        self.held = 0
        self.counts = {roles.GATEWAY: 0, roles.EXECUTOR: 0, roles.RISK: 0}
        self._records = records
        self._orders = 0
        self._now_ns = 0

    def write(self, folder: Path) -> None:
        """Write the journals into `folder`."""
        folder.mkdir(mode=0o700, exist_ok=True)
        journals = {r: SqliteJournal(folder / f"{r}.sqlite", "NORMAL") for r in self.counts}
        waiting: dict[str, list[Event]] = {role: [] for role in self.counts}
        for role, event in self._records_of_all_days():
            waiting[role].append(event)
            if len(waiting[role]) >= CHUNK:
                journals[role].append(waiting[role])
                waiting[role] = []
        for role, journal in journals.items():
            journal.append(waiting[role])
            journal.close()

    def _records_of_all_days(self) -> Iterator[Record]:
        days = 1 + self._records // (5 * ORDERS_PER_DAY)
        first_ns = (time.time_ns() // DAY_NS - days - 1) * DAY_NS
        while self.counts[roles.GATEWAY] < self._records or self.held:
            day, number = divmod(self._orders, ORDERS_PER_DAY)
            self._now_ns = first_ns + day * DAY_NS + DAY_NS // 2
            self._now_ns += number * (DAY_NS // 4 // ORDERS_PER_DAY)
            records = [*self._morning()] if number == 0 else []
            for record in (*records, *self._order(self._orders + 1)):
                self.counts[record[0]] += 1
                yield record
            self._orders += 1

    def _at(self, later_ms: int) -> int:
        return self._now_ns + later_ms * 1_000_000

    def _morning(self) -> Iterator[Record]:
        yield roles.GATEWAY, ConnectionUp(self._at(0), 157, (self.account,))
        rule = "MaxContractsPerInstrument"
        yield roles.RISK, RuleStateChanged(self._at(0), "DailyLoss", b"the day's state")
        yield roles.RISK, RiskViolation(self._at(1), EVERYTHING, rule, "holds 11 of 10")
        yield roles.RISK, RiskHalted(self._at(1), EVERYTHING, f"{rule}: holds 11 of 10")
        yield roles.RISK, RiskResumed(self._at(9), EVERYTHING, "looked at")

    def _order(self, number: int) -> Iterator[Record]:
        at_end = self.counts[roles.GATEWAY] >= self._records
        sells = self.held >= 3 or (self.held > 0 and (at_end or number % 3 == 0))
        side: Side = "SELL" if sells else "BUY"
        order = self._intent(number, side if number % 16 else "BUY")
        yield roles.EXECUTOR, OrderCreated(order.ts_ns, order.signal_id, order)
        if number % 16 == 0:
            yield from self._denied(order)
            return
        yield roles.GATEWAY, OrderIntended(self._at(1), str(number), order)
        if number % 16 == 7:
            rejected = OrderRejected(self._at(2), self.account, order.intent_id, 201, "no margin")
            yield roles.GATEWAY, rejected
            yield roles.EXECUTOR, self._moved(order, "REJECTED", 0)
            return
        permanent_id = str(10**9 + number)
        accepted = OrderAccepted(
            self._at(2), self.account, order.intent_id, str(number), permanent_id, self._at(1)
        )
        yield roles.GATEWAY, accepted
        yield roles.EXECUTOR, self._moved(order, "ACCEPTED", 0)
        if number % 8 == 3 and side == "BUY":
            yield roles.GATEWAY, OrderCancelled(self._at(3), self.account, order.intent_id)
            yield roles.EXECUTOR, self._moved(order, "CANCELLED", 0)
            return
        yield from self._filled(order, permanent_id, number)

    def _intent(self, number: int, side: Side) -> SubmitOrder:
        signal_id = f"{self.strategy}-0000018f2b3c-{number}"
        limit = Decimal(1000 + number * 7 % 201) / 10
        return SubmitOrder(
            f"{signal_id}/1", self._at(0), self.account, self.strategy, self.symbol,
            OrderTerms(side, Decimal(1), "LMT", limit), self._at(0) + TTL_NS, signal_id,
            self._at(0) - 200_000, f"tick.{self.symbol}@0000018f2b3c:{number}",
            self._at(0) - 400_000,
        )  # fmt: skip

    def _denied(self, order: SubmitOrder) -> Iterator[Record]:
        reason = "trading is HALTED for everything, and the order would add risk"
        yield (
            roles.GATEWAY,
            OrderDenied(
                self._at(1), self.account, self.strategy, roles.GATEWAY, reason, order.intent_id
            ),
        )
        yield roles.EXECUTOR, self._moved(order, "DENIED", 0)

    def _filled(self, order: SubmitOrder, permanent_id: str, number: int) -> Iterator[Record]:
        terms, price = order.terms, order.terms.limit or Decimal(100)
        exec_id = f"0000e0d5.{number:08x}.01.01"
        self.held += 1 if terms.side == "BUY" else -1
        fill = Fill(
            self._at(3), self.account, exec_id, permanent_id, self.symbol, terms.side,
            terms.quantity, price, order.intent_id, self.strategy, order.cause_id, order.cause_ns,
            order.signal_ns,
        )  # fmt: skip
        yield roles.GATEWAY, fill
        yield roles.GATEWAY, OrderFilled(self._at(3), self.account, order.intent_id)
        yield roles.GATEWAY, Commission(self._at(4), self.account, exec_id, Decimal("1.25"), "USD")
        position = PositionReported(
            self._at(5), self.account, self.symbol, Decimal(self.held), price
        )
        yield roles.GATEWAY, position
        yield roles.EXECUTOR, self._moved(order, "FILLED", 1)

    def _moved(self, order: SubmitOrder, state: str, filled: int) -> OrderStateChanged:
        return OrderStateChanged(
            self._at(4), self.account, order.intent_id, self.strategy, state,  # type: ignore[arg-type]
            Decimal(filled),
        )  # fmt: skip
