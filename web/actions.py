"""What can be done from a page, each thing with the role that it needs and how it is confirmed.

Everything goes the way that it goes from the command line: halts, resumes and flattens to risk,
by `console.group.control`; orders and cancels as a person's signals, by `console.manual`;
strategies by supervisord. Only the halt needs no confirmation.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.events import (
    AnySignal,
    OrderTerms,
    Scope,
    Side,
    TimeInForce,
    terms_fault,
)
from tapewire.console import brake, manual
from tapewire.console.commands import order_entry
from tapewire.console.commands.scale import resize
from tapewire.console.group import control, status
from tapewire.console.group.changing import changing
from tapewire.console.group.control import Action as Asked
from tapewire.console.group.supervisor import Group
from tapewire.console.views import flattening
from tapewire.strategy.terms import prices_of, terms_of
from tapewire.web.access import Refused, Role
from tapewire.web.desk import Desk

FOLLOWED_S: Final = 3.0
"""How long an answer waits for what becomes of an order; the page shows what comes later."""
COUNT_MAX: Final = 100


class Done(NamedTuple):
    """What became of an action, in a sentence."""

    ok: bool
    text: str


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the group; everything without any of them."""

    account: str = ""
    strategy: str = ""
    symbol: str = ""

    @property
    def scope(self) -> Scope:
        """As risk has it."""
        return Scope(self.account, self.strategy, self.symbol)


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order. Numbers are text, so that none is rounded on the way."""

    side: Side
    quantity: str
    account: str
    limit: str | None = None
    stop: str | None = None
    trail: str | None = None
    tif: TimeInForce | None = None
    outside_hours: bool = False

    @property
    def terms(self) -> OrderTerms:
        """As the executor has them; raises `Refused` for terms that no order has."""
        prices = prices_of(self.limit, self.stop, self.trail, None, None)
        try:
            terms = terms_of(
                self.side, self.quantity, prices, tif=self.tif, outside_hours=self.outside_hours
            )
        except ValueError as fault:
            raise Refused(400, str(fault)) from None
        if fault_found := terms_fault(terms):
            raise Refused(400, fault_found)
        return terms


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many instances of a strategy; with `shards` they divide its symbols."""

    count: int
    shards: bool = False


class Plan(NamedTuple):
    """What an action would do, and what has to be typed for it."""

    text: str
    typed: str


class Action(NamedTuple):
    """One thing to be done: `plan` refuses what cannot be, `run` does it."""

    role: Role
    about: str
    parameters: type[msgspec.Struct]
    plan: Callable[[Desk, str, Any], Plan]
    run: Callable[[Desk, str, Any], Done]


# ---- risk ----------------------------------------------------------------------------------------


def halt(desk: Desk, part: Part, reason: str) -> Done:
    """Stop everything that adds risk, at once; of a part where one is named."""
    desk.require_scope(part.scope)
    return _ask(desk, "halt", part.scope, reason)


def _ask(desk: Desk, what: Asked, scope: Scope, reason: str) -> Done:
    reply = control.ask(desk.launched(), what, reason, scope)
    return Done(reply.ok, brake.sentence(reply, what, scope))


def _plan_resume(desk: Desk, target: str, part: Part) -> Plan:
    typed = _require_target(desk, target, part)
    return Plan(f"Lift the halt of {typed}: orders that add risk go again.", typed)


def _resume(desk: Desk, _target: str, part: Part) -> Done:
    return _ask(desk, "resume", part.scope, "web console")


def _plan_flatten(desk: Desk, target: str, part: Part) -> Plan:
    typed = _require_target(desk, target, part)
    if part.strategy:
        raise Refused(400, "a strategy alone is not flattened; name an account or a symbol")
    plan = flattening.plan(status.read(desk.config.run_dir), part.scope)
    return Plan(f"Halt {typed}, then flatten: {plan}.", typed)


def _flatten(desk: Desk, _target: str, part: Part) -> Done:
    return _ask(desk, "flatten", part.scope, "web console")


def _require_target(desk: Desk, target: str, part: Part) -> str:
    """What a part is called; the target must be just that."""
    desk.require_scope(part.scope)
    if target != (shown := desk.shown(part.scope)):
        raise Refused(400, f"target is {target[:80]!r}, and the parameters name {shown!r}")
    return shown


# ---- orders --------------------------------------------------------------------------------------


def _plan_cancel(desk: Desk, target: str, _: Nothing) -> Plan:
    order = desk.order(target)
    what = f"{order['side']} {order['quantity']} {order['symbol']} of {order['strategy']}"
    return Plan(f"Cancel {what} in {order['account']}.", order["symbol"])


def _cancel(desk: Desk, target: str, _: Nothing) -> Done:
    return _follow(desk, manual.cancel(target))


def _plan_order(desk: Desk, target: str, order: Order) -> Plan:
    launched, terms = desk.launched(), order.terms
    symbol, legs = order_entry.what(launched, target)
    account = order_entry.account_of(launched, order.account)
    sentences = [f"{terms} {symbol} in {account}."]
    try:
        estimate = manual.what_if(launched, account, symbol, terms, legs)
    except manual.NotAnswered as silence:
        sentences.append(f"No what-if: {silence}.")
    else:
        if estimate.reason:
            raise Refused(409, f"the broker would not take it: {estimate.reason}")
        sentences += [f"{line}." for line in order_entry.estimate_lines(estimate)]
    return Plan("\n".join(sentences), symbol)


def _order(desk: Desk, target: str, order: Order) -> Done:
    launched = desk.launched()
    symbol, legs = order_entry.what(launched, target)
    account = order_entry.account_of(launched, order.account)
    return _follow(desk, manual.order(account, symbol, order.terms, legs))


def _follow(desk: Desk, signal: AnySignal) -> Done:
    """Send a signal; what has become of it after a moment."""
    outcomes = [Outcome(signal.id), *manual.send(desk.launched(), signal, FOLLOWED_S)]
    outcome = outcomes[-1]
    return Done(outcome.ok, order_entry.sentence(outcome))


# ---- strategies ----------------------------------------------------------------------------------


def _plan_start(desk: Desk, target: str, _: Nothing) -> Plan:
    desk.require_instance(target)
    return Plan(f"Start the process of strategy {target}.", target)


def _start(desk: Desk, target: str, _: Nothing) -> Done:
    role = desk.require_instance(target)
    with changing(desk.config.run_dir):
        Group(desk.config).start(role)
    return Done(True, f"{target} starts")


def _plan_stop(desk: Desk, target: str, _: Nothing) -> Plan:
    desk.require_instance(target)
    return Plan(
        f"Stop the process of strategy {target}. Its orders and positions stay as they are.", target
    )


def _stop(desk: Desk, target: str, _: Nothing) -> Done:
    role = desk.require_instance(target)
    with changing(desk.config.run_dir):
        Group(desk.config).stop([role])
    return Done(True, f"{target} has stopped; its orders and positions stay")


def _plan_scale(desk: Desk, target: str, to: Count) -> Plan:
    desk.require_strategy(target)
    if not 1 <= to.count <= COUNT_MAX:
        raise Refused(400, f"count is {to.count}; it must be 1 to {COUNT_MAX}")
    divided = ", with its symbols divided among them" if to.shards else ""
    return Plan(f"Run {to.count} instances of {target}{divided}.", target)


def _scale(desk: Desk, target: str, to: Count) -> Done:
    return Done(True, str(resize(Group(desk.config), target, to.count, to.shards)))


ACTIONS: Final[Mapping[str, Action]] = {
    "resume": Action("trader", "lift a halt", Part, _plan_resume, _resume),
    "flatten": Action("trader", "close positions", Part, _plan_flatten, _flatten),
    "cancel": Action("trader", "cancel an order", Nothing, _plan_cancel, _cancel),
    "order": Action("trader", "place an order", Order, _plan_order, _order),
    "start": Action("admin", "start a strategy", Nothing, _plan_start, _start),
    "stop": Action("admin", "stop a strategy", Nothing, _plan_stop, _stop),
    "scale": Action("admin", "run more or fewer instances", Count, _plan_scale, _scale),
}


def parameters_of(action: Action, given: dict[str, Any]) -> Any:
    """Parameters as an action takes them; raises `Refused` for any others."""
    try:
        return msgspec.convert(given, action.parameters)
    except msgspec.ValidationError as fault:
        raise Refused(400, f"parameters: {fault}") from None
