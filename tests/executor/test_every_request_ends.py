"""Every cancel and modify that a strategy asked for ends, at the executor too, whatever is lost."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.events import (
    CancelSignal,
    Event,
    ModifyOrder,
    ModifySignal,
    OrderCancelled,
    OrderModifyPending,
    SubmitOrder,
    TermChanges,
)
from tapewire.executor.executor import Executor
from tests.executor.orders import AAPL, NOW, T0, accepted, executor, intended, modify, rules, signal
from tests.gateway.one_order import OneOrder
from tests.gateway.tws_messages import ACCOUNT, SECOND

RETRY_S = 1


class Both(OneOrder):
    """An executor on top of the gateway: commands, answers and its own life may be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.executor = Executor(rules(), [AAPL])
        self.own: list[Event] = []
        self.read_to = self.signals = 0
        self.follow()
        self.own += self.executor.caught_up(self.bench.now)

    def follow(self) -> None:
        """The executor reads on in the gateway's journal."""
        for event in self.bench.journal[self.read_to :]:
            self.own += self.executor.on_broker(event, self.bench.now)
        self.read_to = len(self.bench.journal)

    # ---- what may happen, besides what happens at TWS ----

    def modify(self) -> None:
        self.signals += 1
        changes = TermChanges(Decimal(12 if self.signals % 2 else 8), Decimal(150 + self.signals))
        self.signal(ModifySignal, changes=changes)

    def cancel(self) -> None:
        self.signals += 1
        self.signal(CancelSignal)

    def signal(self, kind: type[CancelSignal] | type[ModifySignal], **more: object) -> None:
        now_ns = self.bench.now.wall_ns
        wanted = kind(
            id=f"s-{100 + self.signals}", ts_ns=now_ns, account=ACCOUNT, strategy="s",
            signal_id="s-1", expires_ns=now_ns + 600 * SECOND, **more,
        )  # fmt: skip
        self.own += self.executor.on_signal(wanted, self.bench.now)[0]

    def ask(self, *, reaches: bool = True, returns: bool = True) -> None:
        """The executor's commands go to the gateway, whose answers come back."""
        self.bench.pass_s(RETRY_S)
        for command in self.executor.tick(self.bench.now):
            assert not isinstance(command, SubmitOrder)
            if reaches:
                answer = self.bench.obey(command)[0]
                if self.connected:
                    self.write()
                if returns:
                    self.own += self.executor.on_answer(answer, self.bench.now)

    def lose_command(self) -> None:
        self.ask(reaches=False)

    def lose_answer(self) -> None:
        self.ask(returns=False)

    def restart_executor(self) -> None:
        """It reads its own journal, and the gateway's from the beginning."""
        self.executor = Executor(rules(), [AAPL])
        for event in self.own:
            self.executor.apply(event)
        self.read_to = 0
        self.follow()
        self.own += self.executor.caught_up(self.bench.now)

    STEPS = (
        *OneOrder.STEPS[4:], modify, modify, cancel, ask, ask, ask, OneOrder.read, OneOrder.swallow,
        lose_command, lose_answer, restart_executor, follow,
    )  # fmt: skip

    def settle(self) -> None:
        for _ in range(4):
            self.ask()
            super().settle()
            self.follow()

    def requests(self) -> tuple[object, object]:
        order = self.executor.ledger.orders["s-1/1"]
        return order.cancel_request, order.modify_request


@settings(max_examples=300)
@given(st.lists(st.sampled_from(Both.STEPS), max_size=16))
def test_a_cancel_and_a_modify_end_at_the_executor_too(steps):
    world = Both()
    for step in steps:
        step(world)
        world.check()
    world.settle()
    assert world.pending() == []
    assert world.requests() == (None, None)
    world.restart_executor()
    assert world.requests() == (None, None)


def test_a_modify_that_never_reached_the_gateway_is_asked_for_though_its_order_is_over():
    one = executor()
    _, (order,) = one.on_signal(signal(limit=150), NOW)
    for event in (intended(order), accepted(order)):
        one.on_broker(event, NOW)
    (pending,), _ = one.on_signal(modify(limit="149"), NOW)
    assert isinstance(pending, OrderModifyPending)
    one.on_broker(OrderCancelled(T0, order.account, order.intent_id), NOW)
    assert [type(command) for command in one.tick(NOW + SECOND)] == [ModifyOrder]


def test_a_cancel_that_tws_swallowed_ends_once_tws_lists_the_order_as_working():
    world = Both()
    world.cancel()
    world.ask()
    world.swallow()
    world.settle()
    assert world.requests() == (None, None)
    assert world.order.status == "Submitted"
