"""What a checkpoint may leave out of a process's state, and whether that is all it has left out."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tapewire.common import roles
from tapewire.common.accounting.carried import commission_entry
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.executor.executor import Executor
from tapewire.gateway.gateway import Gateway
from tapewire.risk.monitor import RiskMonitor
from tapewire.strategy.runner import Runner
from tests import replay
from tests.replay import differences

State = dict[str, Any]


def gateway(live: Gateway, whole: Gateway) -> Iterator[str]:
    """Where a gateway that may have begun with a checkpoint is not what all of its journal makes:
    but for orders that are over, what was denied, and executions of which the id is carried."""
    registry, known, state = live.registry, live.snapshot(), whole.snapshot()
    commissions, answers = registry.costs.carried, state["modifies"]["answers"]
    state |= {
        "orders": _remembered(state["orders"], live.orders, whole.orders),
        "denied": _known(state["denied"], known["denied"]),
        "executions": [one for one in state["executions"] if not registry.is_carried(one)],
        "commissions": [
            one for one in state["commissions"] if commission_entry(one) not in commissions
        ],
        "modifies": {
            **state["modifies"], "answers": _known(answers, known["modifies"]["answers"]),
        },
    }  # fmt: skip
    yield from differences(known, state)
    mine, all_of_it = registry.accounts.book, whole.registry.accounts.book
    yield from differences(mine.snapshot(), all_of_it.snapshot(), "own book.")


def executor(live: Executor, whole: Executor) -> Iterator[str]:
    """The same of an executor: but for orders that are over, and signals that were answered."""
    known, state = live.snapshot(), whole.snapshot()
    orders = live.ledger.orders
    state["orders"] = _remembered(state["orders"], orders, whole.ledger.orders)
    groups = live.keeper.groups
    state["groups"] = {
        name: one
        for name, one in state["groups"].items()
        if name in groups or one["state"] != "DONE"
    }
    state["answered"] = [one for one in state["answered"] if one in known["answered"]]
    yield from differences(known, state)


def risk(live: RiskMonitor, whole: RiskMonitor) -> Iterator[str]:
    """The same of risk: but for orders that are over."""
    known, state = live.snapshot(), whole.snapshot()
    state["orders"] = _remembered(state["orders"], live.accounts.orders, whole.accounts.orders)
    yield from differences(known, state)


def strategy(live: Runner, whole: Runner, symbols: Sequence[str]) -> Iterator[str]:
    """The same of what a strategy can ask: positions, and orders that work."""
    yield from differences(_asked(live, symbols), _asked(whole, symbols))


def of_strategies(
    config: Config, events: Mapping[str, Sequence[Event]], live: Mapping[str, Runner]
) -> Iterator[str]:
    """The same of all strategies."""
    symbols = [one.symbol for one in config.all_instruments()]
    for name, runner in live.items():
        for fault in strategy(runner, replay.strategy(config, events, name), symbols):
            yield f"{roles.strategy_role(name)}: {fault}"


def _asked(runner: Runner, symbols: Sequence[str]) -> dict[str, Any]:
    held: dict[str, Decimal] = {one: runner.context.position(one) for one in symbols}
    return {"positions": held, "orders": {one.id: one for one in runner.context.orders()}}


def _remembered(state: State, live: Orders[Any], whole: Orders[Any]) -> State:
    """The orders that are known, and those that work: these nobody may forget."""

    def is_remembered(intent_id: str) -> bool:
        order: Order | None = whole.get(intent_id)
        return intent_id in live or (order is not None and order.live)

    return {name: one for name, one in state.items() if is_remembered(name)}


def _known(state: State, known: State) -> State:
    return {name: one for name, one in state.items() if name in known}
