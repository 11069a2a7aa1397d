"""One stream of events, every process that folds it: they agree, with each other and the truth.

Gateway, executor, risk, console and strategy fold the events about orders for themselves. A limit
holds only if all of them come to the same numbers, so one journal is given to all of them here.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import ConnectionUp, Event, Fill, OrderIntended
from tapewire.common.instruments import Instrument
from tapewire.executor.executor import Executor
from tapewire.gateway.orders.registry import Registry
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import RuleBook
from tapewire.strategy.portfolio import Portfolio
from tests import replay
from tests.gateway_journal import ACCOUNTS, SYMBOLS, GatewayModel, Step, steps

INSTRUMENTS = [Instrument(symbol=symbol, con_id=n) for n, symbol in enumerate(SYMBOLS)]
KEYS = [(account, symbol) for account in ACCOUNTS for symbol in SYMBOLS]
NOW = Now(1, 1)


class Everyone:
    """Every user of the fold, fed with one journal as the processes are."""

    def __init__(self) -> None:
        self.gateway = Registry()
        self.executor = Executor(RuleBook(), INSTRUMENTS)
        self.executor.on_broker(ConnectionUp(1, 157, ACCOUNTS), NOW)
        self.executor.caught_up(NOW)
        self.risk = RiskMonitor(RuleBook(), INSTRUMENTS)
        self.console: Accounts[Order] = Accounts(INSTRUMENTS, Order)
        self.strategy = Portfolio()
        self.own: list[Event] = []  # the executor's journal

    def take(self, journal: Sequence[Event]) -> "Everyone":
        for seq, event in enumerate(journal, 1):
            self.gateway.apply(event)
            emitted = self.executor.on_broker(event, NOW)
            self.risk.on_broker(event)
            self.console.apply(event)
            for one in emitted:
                self.strategy.on_order(one)
            if isinstance(event, Fill):
                self.strategy.on_fill(event, seq)
            elif isinstance(event, OrderIntended):
                self.strategy.on_intended(event, seq)
            self.own += emitted
        return self

    def accounts(self) -> dict[str, Accounts]:
        """Those that keep books."""
        return {
            "executor": self.executor.ledger,
            "risk": self.risk.accounts,
            "console": self.console,
        }

    def orders(self) -> dict[str, Callable[[str], Order]]:
        """Those that keep orders by intent."""
        folds = {name: of.orders for name, of in self.accounts().items()}
        return {name: of.by_intent.__getitem__ for name, of in folds.items()} | {
            "gateway": self.gateway.orders.by_intent.__getitem__
        }


def seen(taken: Sequence[Step]) -> tuple[GatewayModel, Everyone]:
    model = GatewayModel()
    return model, Everyone().take(model.run(taken))


@given(steps)
def test_all_agree_on_the_state_of_each_order_and_on_what_could_still_fill(taken: list[Step]):
    model, everyone = seen(taken)
    for truth in model.orders:
        for name, order_of in everyone.orders().items():
            one = order_of(truth.order.intent_id)
            assert (one.state, one.filled, one.remaining, one.terms, one.modify) == (
                truth.state, truth.filled, truth.remaining, truth.terms, truth.modify,
            ), name  # fmt: skip


@given(steps)
def test_all_agree_on_the_exposure_of_each_account_and_symbol(taken: list[Step]):
    model, everyone = seen(taken)
    for account, symbol in KEYS:
        reported = model.reported.get((account, symbol))
        truth = Exposure(
            model.position(account, symbol),
            model.working(account, symbol, "BUY"),
            model.working(account, symbol, "SELL"),
            reported,
        )
        for name, accounts in everyone.accounts().items():
            assert accounts.exposure(account, symbol) == truth, name
        assert everyone.gateway.orders.working(account, symbol) == (truth.buying, truth.selling)


@given(steps)
def test_an_exposure_without_one_order_is_that_of_the_others(taken: list[Step]):
    model, everyone = seen(taken)
    for one in everyone.gateway.orders.by_intent.values():
        account, symbol, side = one.order.account, one.order.symbol, one.order.terms.side
        left = {s: model.working(account, symbol, s) for s in ("BUY", "SELL")}
        left[side] -= one.remaining
        found = everyone.gateway.orders.working(account, symbol, without=one)
        assert found == (left["BUY"], left["SELL"])


@given(steps)
def test_all_agree_on_how_many_orders_are_in_each_state(taken: list[Step]):
    model, everyone = seen(taken)
    counts = model.counts()
    assert +everyone.gateway.orders.states == counts
    for name, accounts in everyone.accounts().items():
        assert +accounts.orders.states == counts, name


@given(steps)
def test_a_strategy_sees_its_orders_as_the_others_do(taken: list[Step]):
    model, everyone = seen(taken)
    live = {one.id: one for one in everyone.strategy.live_orders()}
    for truth in model.orders:
        signal_id = truth.order.signal_id
        assert everyone.strategy.state_of(signal_id) == truth.state
        assert (signal_id in live) == (truth.state in ("INTENDED", "ACCEPTED", "UNKNOWN"))
        if signal_id in live:
            one = live[signal_id]
            assert (one.state, one.filled, one.remaining, one.terms, one.account) == (
                truth.state, truth.filled, truth.remaining, truth.terms, truth.order.account,
            )  # fmt: skip
    for symbol in SYMBOLS:
        held = sum((model.position(account, symbol) for account in ACCOUNTS), Decimal(0))
        assert everyone.strategy.position(symbol) == held


@given(steps)
def test_all_books_agree_on_profit_and_fees(taken: list[Step]):
    _, everyone = seen(taken)
    books = [accounts.book.snapshot() for accounts in everyone.accounts().values()]
    assert books[0] == books[1] == books[2]


# ---- a restart ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def config() -> Config:
    return Config(instruments=tuple(map(InstrumentConfig.of, INSTRUMENTS)))


@settings(max_examples=50)
@given(taken=steps)
def test_a_replay_of_the_journals_comes_to_the_durable_state_that_lives(
    config: Config, taken: list[Step]
):
    model, everyone = seen(taken)
    journals = {roles.GATEWAY: model.journal, roles.EXECUTOR: everyone.own}
    executor, risk = replay.executor(config, journals), replay.risk(config, journals)
    assert list(replay.differences(everyone.executor.snapshot(), executor.snapshot())) == []
    assert replay.digest(executor) == replay.digest(everyone.executor)
    assert replay.digest(risk) == replay.digest(everyone.risk)
    registry, again = everyone.gateway, replay.gateway(config, journals).registry
    assert replay.canonical(again.snapshot()) == replay.canonical(registry.snapshot())
    assert replay.digest(replay.gateway(config, journals)) == replay.digest(
        replay.gateway(config, journals)
    )


@settings(max_examples=50)
@given(taken=steps)
def test_an_executor_that_forgot_its_own_journal_learns_all_of_it_from_the_gateways(
    config: Config, taken: list[Step]
):
    model, everyone = seen(taken)
    for kept in (0, len(everyone.own) // 2, len(everyone.own)):
        journals = {roles.GATEWAY: model.journal, roles.EXECUTOR: everyone.own[:kept]}
        one = replay.executor(config, journals)
        news = one.caught_up(NOW)
        for truth in model.orders:
            order = one.ledger.orders[truth.order.intent_id]
            assert (order.state, order.filled, order.remaining) == (
                truth.state, truth.filled, truth.remaining,
            )  # fmt: skip
        if kept == len(everyone.own):
            assert news == [], "all of it was announced before"


def test_digests_differ_where_a_value_does_and_not_where_it_is_written_differently():
    assert replay.canonical({"b": Decimal("1.50"), "a": 1}) == replay.canonical(
        {"a": 1, "b": Decimal("1.5")}
    )
    assert replay.canonical({"a": Decimal(100)}) == replay.canonical({"a": Decimal("1E+2")})
    assert replay.canonical({"a": Decimal(1)}) != replay.canonical({"a": Decimal(2)})
    assert list(replay.differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})) == [
        "a.b is 1, its replay has 3"
    ]
