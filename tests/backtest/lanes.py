"""The same strategies on the same rows, through everything and by the direct lane."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tapewire.backtest import group
from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig, RuleConfig, StrategyConfig
from tapewire.common.events import Commission, Fill, Quote, Tick
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import table_of
from tapewire.strategy import Strategy
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.lane.lane import Lane
from tapewire.virtual.world import World

START_NS = 1_704_724_200 * 10**9
REST_NS = 12 * 10**9
SYMBOLS = ("AAPL", "MSFT")
TICK = Decimal("0.01")
KINDS = (
    "market", "sized", "limit", "stop", "trail", "bracket", "cancel", "modify", "close", "timer",
    "bars",
)  # fmt: skip
WITH_ORDERS = ("cancel", "modify", "close")


class ActorParameters(msgspec.Struct, frozen=True):
    """At which of its ticks it does what, with which quantity and how far from the price."""

    acts: list[tuple[int, str, int, int]]


class Actor(Strategy[ActorParameters]):
    """Does what its parameters say, on the symbol and about the price of the tick in hand."""

    def on_start(self) -> None:
        self.number, self.is_quiet = 0, False
        self.left = sorted(self.parameters.acts, reverse=True)
        self.symbol, self.price = SYMBOLS[0], Decimal(0)

    def on_tick(self, tick: Tick) -> None:
        self.number += 1
        price = tick.bid if isinstance(tick, Quote) else tick.price
        if price is not None:
            self.symbol, self.price = tick.symbol, Decimal(str(price)).quantize(TICK)
        while self.left and self.left[-1][0] <= self.number:
            self.act(*self.left.pop()[1:])

    def on_timer(self, interval_ms: int) -> None:
        if interval_ms % 7 == 0 and not self.is_quiet:
            self.buy(self.symbol, 1)

    def on_bar(self, bar: object) -> None:
        if not self.is_quiet:
            self.sell(self.symbol, 1)

    def act(self, kind: str, quantity: int, steps: int) -> None:
        sign = 1 if quantity > 0 else -1
        self.distance, self.size = TICK * steps, abs(quantity)
        self.away, self.beyond = (
            self.price - self.distance * sign,
            self.price + self.distance * sign,
        )
        trade = self.buy if quantity > 0 else self.sell
        if kind in WITH_ORDERS:
            self.with_orders(kind)
        elif kind == "quiet":
            self.is_quiet = True
        elif kind == "sized":  # every cent that the account is worth shows in the quantity
            trade(self.symbol, 1 + int((self.account.equity or 0) * 100) % 50)
        elif kind == "timer":
            self.every(1_000 * steps)
        elif kind == "bars":
            self.bars(self.symbol, "time", 1_000 * steps)
        else:
            trade(self.symbol, self.size, **self.prices(kind))

    def prices(self, kind: str) -> dict[str, Decimal]:
        found = {
            "limit": {"limit": self.away},
            "stop": {"stop": self.beyond},
            "trail": {"trail": self.distance},
            "bracket": {"stop_loss": self.away, "take_profit": self.beyond},
        }
        return found.get(kind, {})

    def with_orders(self, kind: str) -> None:
        if kind == "close":
            self.close(self.symbol)
            return
        for order in self.orders:
            if kind == "cancel":
                self.cancel(order.id)
            elif "limit" in order.terms.prices:
                self.modify(order.id, limit=self.away, quantity=order.terms.quantity + self.size)


class Done(NamedTuple):
    """An execution, as the two ways are compared."""

    account: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    ts_ns: int
    commission: Decimal | None


def executions(world: World) -> list[Done]:
    """All that were journaled, in order."""
    events = world.events(roles.GATEWAY)
    fees = {one.exec_id: one.amount for one in events if isinstance(one, Commission)}
    return [
        Done(e.account, e.symbol, e.side, e.quantity, e.price, e.ts_ns, fees.get(e.exec_id))
        for e in events
        if isinstance(e, Fill)
    ]


def configuration(
    *acts: Sequence[tuple[int, str, int, int]], rules: Sequence[RuleConfig] = ()
) -> Config:
    """A strategy for each list of acts."""
    actors = [
        StrategyConfig(
            name=f"actor-{number}",
            strategy="tests.backtest.lanes:Actor",
            parameters={"acts": [[*one] for one in own]},
        )
        for number, own in enumerate(acts)
    ]
    config = Config(
        instruments=tuple(InstrumentConfig(symbol=symbol) for symbol in SYMBOLS),
        strategies=tuple(actors),
    )
    return config.model_copy(
        update={"risk": config.risk.model_copy(update={"rules": tuple(rules)})}
    )


def both(config: Config, rows: Sequence[Row], *, full: bool = True) -> tuple[World, World, Lane]:
    """Run it through everything, unless that is not wanted, and by the lane."""
    derived = group.derived(config, config.all_instruments(), config.strategies)
    first_ns, end_ns = rows[0].ts_ns, rows[-1].ts_ns + REST_NS
    broker = group.simulator_settings(derived)
    direct, lane = group.build_lane(
        derived, Flow(table_of(rows)), first_ns, lambda _failure: None, broker
    )
    lane.run_until(end_ns)
    if not full:
        return direct, direct, lane
    whole = group.build(derived, iter(rows), first_ns, 0, lambda _failure: None, broker)
    whole.scheduler.run_until(end_ns)
    return whole, direct, lane


def turns(config: Config, rows: Sequence[Row]) -> World:
    """Run it in turns at the exchange itself, where the lane never goes ahead."""
    derived = group.derived(config, config.all_instruments(), config.strategies)
    broker = group.simulator_settings(derived)
    world, lane = group.build_lane(
        derived, Flow(table_of(rows)), rows[0].ts_ns, lambda _failure: None, broker
    )
    lane.obstacle = "this is to run in turns"
    lane.run_until(rows[-1].ts_ns + REST_NS)
    assert not lane.skipped
    return world


def made(seed: int, count: int, gaps_ns: Sequence[int]) -> list[Row]:
    """Rows of a walk; the time between two of them is one of `gaps_ns`."""
    chosen, ts_ns = random.Random(seed), START_NS
    prices = dict.fromkeys(SYMBOLS, 10_000)
    rows: list[Row] = []
    for _ in range(count):
        symbol = chosen.choice(SYMBOLS)
        prices[symbol] += chosen.choice((-3, -1, 0, 0, 1, 3))
        bid, ask = (f"{(prices[symbol] + side) / 100:.2f}" for side in (0, chosen.choice((1, 2))))
        size, traded = str(chosen.choice((1, 3, 100))), chosen.random() < 0.3
        rows.append(
            Row(
                ts_ns,
                symbol,
                bid,
                ask,
                size,
                size,
                bid if traded else None,
                size if traded else None,
            )
        )
        ts_ns += chosen.choice(gaps_ns)
    return rows
