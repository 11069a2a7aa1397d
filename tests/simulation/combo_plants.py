"""Planted bugs in the fold of combo orders: see `plants`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.leg_executions import LegExecutions
from tapewire.common.accounting.order import Order
from tapewire.common.accounting.orders import Orders
from tapewire.common.events import Event, OrderIntended
from tapewire.executor import composition as executor_composition
from tapewire.executor.service import ExecutorService
from tapewire.gateway import composition
from tapewire.gateway.service import GatewayService
from tapewire.virtual.node import Build, Node
from tests.simulation.group_plants import FIRED

Spoil = Callable[[Orders[Any]], None]
tws = partial(composition.tws, check_login=False)


def _gateway(spoil: Spoil) -> Build:
    def build(node: Node) -> GatewayService:
        service = composition.build(node, adapt=tws)
        spoil(service.gateway.orders)
        return service

    return build


def _executor(spoil: Spoil) -> Build:
    def build(node: Node) -> ExecutorService:
        service = executor_composition.build(node)
        spoil(service.executor.ledger.orders)
        return service

    return build


def leg_forgotten(orders: Orders[Any]) -> None:
    """It counts what works of a combo under the symbol of its first leg alone."""
    counts = orders._counts
    add = counts._add

    def update(one: Order) -> None:
        for number, (symbol, side, ratio) in enumerate(one.order.parts):
            left = one.left_on(symbol, ratio)
            change = left - counts._share(one, symbol)
            if change:
                counts._of_legs[one.intent_id, symbol] = left
                if number:
                    FIRED["combo-leg-forgotten"] += 1
                else:
                    add((one.order.account, symbol), side, change)

    counts._update_legs = update  # type: ignore[method-assign]


def ratio_ignored(orders: Orders[Any]) -> None:
    """It takes what was executed of a leg for so many whole combos, whatever its ratio is."""
    apply = orders.apply

    def spoiled(event: Event) -> Any:
        one = apply(event)
        if isinstance(event, OrderIntended) and event.order.legs:
            _spoil(one.executions)
        return one

    orders.apply = spoiled  # type: ignore[method-assign]


def _spoil(executions: LegExecutions) -> None:
    add_up, parts = executions._add_up, executions._parts

    def units() -> None:
        add_up()
        whole = executions.quantity
        executions.quantity = max(executions.on(symbol) for symbol, _, _ in parts)
        FIRED["combo-ratio-ignored"] += executions.quantity != whole

    executions._add_up = units  # type: ignore[method-assign]


COMBO_PLANTS: Final[Mapping[str, dict[str, Build]]] = {
    "combo-leg-forgotten": {
        roles.GATEWAY: _gateway(leg_forgotten),
        roles.EXECUTOR: _executor(leg_forgotten),
    },
    "combo-ratio-ignored": {roles.GATEWAY: _gateway(ratio_ignored)},
}
