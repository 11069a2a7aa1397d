"""News: what executor, gateway and risk report, taken in and passed on to the strategy.

Each stream contributes only what it decides. The executor answers signals and follows orders, the
gateway reports executions, accounts and instruments, risk completes flattens. The gateway's other
order events are ignored, so a strategy never sees a state of an order that the executor does not
have yet.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tapewire.common import roles
from tapewire.common.events import (
    AccountUpdated,
    ConnectionUp,
    Event,
    ExecutionsCarried,
    Fill,
    FlattenCompleted,
    GroupCreated,
    GroupReleased,
    GroupStateChanged,
    InstrumentDescribed,
    JournalShortened,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderModifyPending,
    OrderStateChanged,
    OrderTermsChanged,
    StrategyPositionCarried,
)
from tapewire.strategy.context import Context

Call = Callable[[str, Event], None]
"""Gives an event to the callback of that name."""


class News:
    """Keeps the orders and the position in `context` up to date, and passes news on with `call`.

    Until `knows_past` the streams are read for the first time: then nothing in them is news.
    """

    def __init__(self, name: str, context: Context, call: Call) -> None:
        self.knows_past = False
        self._name = name
        self._portfolio = context.portfolio
        self._outgoing = context.outgoing
        self._call = call
        self._seq = 0  # of the event that is being taken in
        self._handlers: Mapping[tuple[str, type[Event]], Callable[[Any], None]] = {
            (roles.EXECUTOR, OrderCreated): self._on_created,
            (roles.EXECUTOR, GroupCreated): self._on_group_created,
            (roles.EXECUTOR, GroupStateChanged): self._on_group_moved,
            (roles.EXECUTOR, GroupReleased): self._on_group_released,
            (roles.EXECUTOR, OrderCancelPending): self._on_taken,
            (roles.EXECUTOR, OrderModifyPending): self._on_taken,
            (roles.EXECUTOR, OrderDenied): self._on_ended,
            (roles.EXECUTOR, OrderExpired): self._on_ended,
            (roles.EXECUTOR, OrderStateChanged): self._on_moved,
            (roles.EXECUTOR, OrderTermsChanged): self._on_moved,
            (roles.GATEWAY, OrderIntended): self._on_intended,
            (roles.GATEWAY, Fill): self._on_fill,
            (roles.GATEWAY, AccountUpdated): context.account_watch.apply,
            (roles.GATEWAY, InstrumentDescribed): context.instrument_watch.apply,
            (roles.GATEWAY, ConnectionUp): context.account_watch.on_login,
            (roles.GATEWAY, ExecutionsCarried): self._portfolio.on_carried_ids,
            (roles.GATEWAY, StrategyPositionCarried): self._on_carried,
            (roles.RISK, FlattenCompleted): self._portfolio.on_flatten,
            (roles.RISK, JournalShortened): self._portfolio.on_shortened,
        }

    def on_event(self, source: str, event: Event, seq: int) -> None:
        """Take in an event of a followed stream, with its number in that; one of another strategy
        changes nothing."""
        self._seq = seq
        handler = self._handlers.get((source, type(event)))
        if handler is not None:
            handler(event)

    def _on_created(self, event: OrderCreated) -> None:
        if event.order.strategy == self._name:
            self._portfolio.on_order(event)
            self._outgoing.answered(event.signal_id)

    def _on_group_created(self, event: GroupCreated) -> None:
        if event.group.strategy == self._name:
            self._portfolio.on_order(event)
            self._outgoing.answered(event.signal_id)

    def _on_group_moved(self, event: GroupStateChanged) -> None:
        if event.strategy == self._name:
            self._portfolio.on_order(event)
            if event.signal_id:
                self._outgoing.answered(event.signal_id)
            self._pass_on("on_group", event)

    def _on_group_released(self, event: GroupReleased) -> None:
        if event.strategy == self._name:
            self._portfolio.on_order(event)

    def _on_taken(self, event: OrderCancelPending | OrderModifyPending) -> None:
        if event.strategy == self._name:
            self._portfolio.on_order(event)
            self._outgoing.answered(event.signal_id)

    def _on_ended(self, event: OrderDenied | OrderExpired) -> None:
        if event.strategy == self._name:
            self._portfolio.on_order(event)
            self._outgoing.answered(event.signal_id)
            self._pass_on("on_order", event)

    def _on_moved(self, event: OrderStateChanged | OrderTermsChanged) -> None:
        if event.strategy == self._name:
            self._portfolio.on_order(event)
            self._pass_on("on_order", event)

    def _on_intended(self, event: OrderIntended) -> None:
        if event.order.strategy == self._name:
            self._portfolio.on_intended(event, self._seq)

    def _on_fill(self, fill: Fill) -> None:
        if fill.strategy == self._name and self._portfolio.on_fill(fill, self._seq):
            self._pass_on("on_fill", fill)

    def _on_carried(self, event: StrategyPositionCarried) -> None:
        if event.strategy == self._name:
            self._portfolio.on_carried(event)

    def _pass_on(self, callback: str, event: Event) -> None:
        if self.knows_past:
            self._call(callback, event)
