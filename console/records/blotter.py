"""The blotter: orders, fills and positions from the journals, with the group up or down.

The journals are folded by `common.accounting`, as every process folds them. What is added here is
what only a person asks for: filters, and the latency of an order.
"""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.currencies import Amounts
from tapewire.common.accounting.groups import Groups, OrderGroup, realised
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    AccountUpdated,
    Event,
    Fill,
    ForeignOrderReported,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderStateChanged,
    OrderTermsChanged,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.console.records.books import read_journal
from tapewire.console.records.journals import FOREVER_NS, Journals

SOURCES: Final = (*roles.GATEWAYS, roles.EXECUTOR)
REPEATED: Final = (OrderStateChanged, OrderTermsChanged)
"""The executor's account of what the gateways report; it may be behind them, so it is not read."""


class Only(NamedTuple):
    """The part of all trading that is asked for; None stands for all."""

    account: str | None = None
    strategy: str | None = None
    symbol: str | None = None
    live: bool = False

    def fits(self, account: str, strategy: str | None, symbol: str) -> bool:
        """Whether an order or a fill of these three is asked for. `strategy` is None where no
        strategy of ours placed the order."""
        return (
            self.account in (None, account)
            and self.strategy in (None, strategy)
            and self.symbol in (None, symbol)
        )

    def fits_order(self, order: SubmitOrder) -> bool:
        """Whether an order is asked for: a combo, if one of its legs is."""
        return any(self.fits(order.account, order.strategy, symbol) for symbol in order.symbols)

    def none(self, nouns: str) -> str:
        """That there are none, such as `no live orders of dip in AAPL yet`."""
        live = "live " if self.live else ""
        of = f" of {self.strategy}" if self.strategy else ""
        in_symbol = f" in {self.symbol}" if self.symbol else ""
        in_account = f" in account {self.account}" if self.account else ""
        return f"no {live}{nouns}{of}{in_symbol}{in_account}{'' if self.live else ' yet'}"


class BlotterOrder(Order):
    """An order with what the blotter shows of it beside its state."""

    trigger_price: float | None = None
    """The price of the tick that caused it, whatever that tick was of."""

    @property
    def created_ns(self) -> int:
        """When the executor made it of a signal."""
        return self.order.ts_ns

    @property
    def latency_us(self) -> float | None:
        """Microseconds from the tick that caused it to its bytes going to TWS; None if unknown."""
        if self.sent_ns is None or not self.order.cause_ns:
            return None
        return (self.sent_ns - self.order.cause_ns) / 1000

    @property
    def seen_price(self) -> Decimal | None:
        """The price of its own symbol that its strategy saw; None where a tick of another symbol
        caused it, or none did."""
        if self.trigger_price is None or f"/tick.{self.order.symbol}/" not in self.order.cause_id:
            return None
        return Decimal(str(self.trigger_price))


class Trading(Accounts[BlotterOrder]):
    """All that the journals add up to."""

    def __init__(
        self, instruments: Iterable[Instrument] = (), day_of: TradingDays | None = None
    ) -> None:
        self.day_of = day_of or TradingDays()
        self.account_values: dict[str, AccountUpdated] = {}
        known = list(instruments)
        super().__init__(known, BlotterOrder, self.day_of)
        self.groups: Groups[BlotterOrder] = Groups(self.orders)
        self._multipliers = {one.symbol: one.multiplier for one in known}

    def apply(self, event: Event, source: str = "") -> BlotterOrder | None:
        """Take in an event of any journal, each journal in its order."""
        if isinstance(event, AccountUpdated):
            self.account_values[event.account] = event
        found = None if isinstance(event, REPEATED) else super().apply(event, source)
        if isinstance(event, OrderCreated) and found is not None:
            found.trigger_price = event.trigger_price
        self.groups.apply(event)
        return found

    def realised_by(self, group: OrderGroup[BlotterOrder]) -> Amounts:
        """P&L of what a group has entered and left, by currency, commissions not taken off."""
        fills = group.fills()
        return {
            currency: realised(
                (one for one in fills if self.currency(one.symbol) == currency), self._multipliers
            )
            for currency in sorted({self.currency(one.symbol) for one in fills})
        }

    def attributed(self, fill: Fill) -> Fill:
        """The fill with its order and the strategy of that."""
        order = self.orders.of_execution(fill.exec_id)
        if fill.strategy is not None or order is None:
            return fill
        return replace(fill, intent_id=order.intent_id, strategy=self.strategy_of(fill))

    def strategies(self) -> set[str]:
        """Every strategy that has placed an order."""
        return {one.order.strategy for one in self.orders.by_intent.values()}

    def symbols(self) -> set[str]:
        """Every symbol that was ordered, was traded, or is held by an account."""
        return {symbol for _, symbol in self.seen()}

    def accounts(self) -> set[str]:
        """Every account that has an order, a fill, a position or values."""
        return {account for account, _ in self.seen()} | self.account_values.keys()

    def seen(self) -> set[Key]:
        """Every account and symbol that appears anywhere in the journals."""
        orders = (one.order for one in self.orders.by_intent.values())
        places = {(order.account, symbol) for order in orders for symbol in order.symbols}
        return self.keys() | places


def read(
    run_dir: Path,
    instruments: Iterable[Instrument] = (),
    day_of: TradingDays | None = None,
    until_ns: int = FOREVER_NS,
) -> Trading:
    """What the journals of `run_dir` add up to at `until_ns`; `day_of` says which day each moment
    is in."""
    trading = Trading(instruments, day_of)
    with Journals(run_dir, sources=SOURCES) as journals:
        for entry in journals.until(until_ns):
            trading.apply(entry.event, entry.source)
    return trading


def orders(trading: Trading, only: Only) -> list[BlotterOrder]:
    """The orders that are asked for, oldest first; live ones are those that work, or may."""
    return [
        one
        for one in sorted(trading.orders.by_intent.values(), key=lambda one: one.created_ns)
        if only.fits_order(one.order) and (one.live or not only.live)
    ]


def groups(trading: Trading, only: Only) -> list[OrderGroup[BlotterOrder]]:
    """The groups of orders that are asked for, oldest first; live ones are those that are not
    DONE."""
    return [
        one
        for one in sorted(trading.groups, key=lambda one: one.plan.ts_ns)
        if only.fits_order(one.plan.orders[0]) and not (only.live and one.state == "DONE")
    ]


def foreign(trading: Trading, only: Only) -> list[ForeignOrderReported]:
    """Open orders at the broker that are none of ours; they have no strategy."""
    open_orders = trading.orders.foreign.counted()
    return [
        one
        for one in open_orders
        if any(only.fits(one.account, None, part.symbol) for part in one.parts)
    ]


def fills(trading: Trading, only: Only) -> list[Fill]:
    """The fills that are asked for, oldest first."""
    found = (trading.attributed(fill) for fill in trading.book.fills())
    return [
        fill
        for fill in sorted(found, key=lambda fill: fill.ts_ns)
        if only.fits(fill.account, fill.strategy, fill.symbol)
    ]


def commission_of(trading: Trading, found: Iterable[Fill]) -> dict[str, Decimal]:
    """What executions cost together, by currency; a cost that is not reported yet is missing."""
    total: dict[str, Decimal] = {}
    for fill in found:
        cost = trading.book.commission(fill.exec_id)
        if cost is not None:
            total[cost.currency] = total.get(cost.currency, ZERO) + cost.amount
    return total


def signals_without_order(config: Config, only: Only, until_ns: int = FOREVER_NS) -> str:
    """How many signals had no effect by then, with the last one's reason; empty if all had one."""
    journal = read_journal(config.run_dir.absolute(), roles.EXECUTOR)
    found = [
        e
        for e in journal
        if isinstance(e, OrderDenied | OrderExpired)
        and e.ts_ns <= until_ns
        and only.account in (None, e.account)
        and only.strategy in (None, e.strategy)
    ]
    if not found:
        return ""
    reason = found[-1].reason or "it had expired"
    return (
        f"{counted(len(found), 'signal')} had no effect. The last reason: {reason}."
        " `tapewire events --type order.denied --type order.expired` shows all of them"
    )
