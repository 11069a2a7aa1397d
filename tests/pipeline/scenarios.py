"""How each fault of the simulator is brought about in a group that trades, and what shows it."""

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from tapewire.common import roles
from tapewire.common.events import (
    BrokerErrorReported,
    Commission,
    ConnectionLost,
    ConnectionUp,
    FeedResumed,
    FeedSilent,
    Fill,
    ForeignOrderReported,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderConflict,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    PositionReported,
    ReconciliationCompleted,
    RiskHalted,
    TermChanges,
)
from tests.pipeline.night import ALARM, APART, SYMBOLS, Night

Script = Callable[[Night], object]
MARKET: Final = OrderTerms("BUY", Decimal(1))


def _comes_back(what: str, **given: object) -> Script:
    """The connection is lost, and made again."""

    def play(night: Night) -> None:
        night.inject(what, **given)
        night.until_event(ConnectionLost)
        night.until_event(ConnectionUp)

    return play


def _shows(text: str, what: str, **given: object) -> Script:
    """The gateway reports it."""

    def play(night: Night) -> None:
        night.inject(what, **given)
        night.until(lambda: text in night.read(), text)

    return play


def _half_open(night: Night) -> None:
    """Nothing is written while it lasts."""
    thaws_ns = time.time_ns() + 1_800_000_000
    night.inject("half_open", seconds=1.8)
    night.until(lambda: "has sent nothing" in night.read(), "the silence")
    noticed_ns = time.time_ns()
    night.until_ready()
    intended = [e for e in night.events(roles.GATEWAY) if isinstance(e, OrderIntended)]
    assert [e for e in intended if noticed_ns < e.ts_ns < thaws_ns] == []


def _hang(night: Night) -> None:
    """Both gateways hang up, each with an alarm."""
    night.inject("hang", seconds=2.6)
    night.until_event(ConnectionLost)
    for role in roles.GATEWAYS:
        night.until(lambda r=role: ALARM in night.log(r), f"an alarm of {role}")
    night.until_event(ConnectionUp)


def _not_reading(night: Night) -> None:
    """Ticks go on, and the gateways hang up for what is not answered; TWS reads it in the end."""
    night.inject("not_reading", seconds=5)
    night.until_event(ConnectionLost)
    night.until_event(ConnectionUp)


def _passes(what: str, **given: object) -> Script:
    """Nothing shows but that all goes on."""
    return lambda night: night.inject(what, **given)


def _is_read_again(what: str, **given: object) -> Script:
    """TWS sends a notice, and all that it knows is read again."""

    def play(night: Night) -> None:
        night.inject(what, **given)
        night.until_event(ConnectionUp)

    return play


def _after_it_a_login(what: str, **given: object) -> Script:
    """It shows at a login."""

    def play(night: Night) -> None:
        night.tws.inject(what, **given)
        night.inject("reset", client_id=1)
        night.until_event(ConnectionUp)

    return play


def _splits(night: Night) -> None:
    for at in (1, 3, 4, 5, 40):
        night.inject("split", at=at, client_id=1, pause_s=0.02)


def _2103(night: Night) -> None:
    night.inject("2103", seconds=0.3)
    night.until_event(FeedResumed, lambda e: set(e.symbols) == set(SYMBOLS))
    silent = [e for e in night.events(roles.GATEWAY) if isinstance(e, FeedSilent)]
    assert [set(one.symbols) for one in silent] == [set(SYMBOLS)]


def _client_id_taken(night: Night) -> None:
    night.tws.inject("client_id_taken", seconds=1.5)
    night.inject("reset", client_id=1)
    night.until(lambda: "in use (326)" in night.read(), "the refusal")
    night.until_event(ConnectionUp)
    assert night.log(roles.GATEWAY).count("in use (326)") == 1


def _of_messages(what: str, *messages: str, **given: object) -> Script:
    """What happens to a message that comes with each order that fills."""

    def play(night: Night) -> None:
        for message in messages:
            night.inject(what, message=message, **given)

    return play


def _extra_field(night: Night) -> None:
    night.tws.inject("extra_field", message="error", value="{}")
    night.inject("rejected", text="margin")
    night.until(lambda: "cannot be read" in night.read(), "the dead letter")


def _swallowed(night: Night) -> None:
    """What is not there when a later order of the same connection is, was lost."""
    night.inject("swallowed", on_order=1)
    night.until_event(OrderUnknown)
    night.until_it_trades()
    unknown = (e for e in night.events(roles.GATEWAY) if isinstance(e, OrderUnknown))
    placed = night.audit.read().placed
    lost = {one.intent_id for one in unknown if not placed[one.intent_id]}
    assert lost
    night.lost |= lost


def _unanswered(night: Night) -> None:
    night.tws.inject("unanswered", on_order=1)
    sent = night.order()
    night.until_event(OrderAccepted, lambda e: e.intent_id == night.intent_of(sent))


def _late_order(night: Night) -> None:
    night.inject("late_order", on_order=1, seconds=1.0)
    unknown = night.until_event(OrderUnknown)
    night.until_event(OrderAccepted, lambda e: e.intent_id == unknown.intent_id)


def _rejected(night: Night) -> None:
    night.inject("rejected", on_order=1, text="margin")
    night.until_event(OrderRejected)


def _warning(night: Night) -> None:
    sent = night.working()
    for code in (399, 10311):
        night.inject("warning", tag=night.intent_of(sent), code=code, text=f"about {code}")
    night.until_event(BrokerErrorReported, lambda e: e.code == 10311)
    _is_cancelled(night, sent)


def _cancel_not_found(night: Night) -> None:
    sent = night.working()
    night.tws.inject("cancel_not_found")
    night.cancel(sent)
    night.until_event(OrderCancelRejected, lambda e: e.intent_id == night.intent_of(sent))


def _is_cancelled(night: Night, sent: str) -> None:
    night.cancel(sent)
    night.until_event(OrderCancelled, lambda e: e.intent_id == night.intent_of(sent))


def _modify_split(night: Night) -> None:
    sent = night.working()
    night.tws.inject("modify_split")
    night.modify(sent, TermChanges(quantity=Decimal(2)))
    _is_a_conflict(night, sent)


def _perm_id_replaced(night: Night) -> None:
    sent = night.working()
    night.inject("perm_id_replaced", tag=night.intent_of(sent))
    night.inject("reset")
    _is_a_conflict(night, sent)


def _foreign_execution(night: Night) -> None:
    sent = night.working()
    night.inject("foreign_execution", tag=night.intent_of(sent), quantity=3)
    _is_a_conflict(night, sent)


def _is_a_conflict(night: Night, sent: str) -> None:
    """Its symbol is halted until a person has looked."""
    intent_id = night.intent_of(sent)
    night.until_event(OrderConflict, lambda e: e.intent_id == intent_id)
    halted = night.until_event(RiskHalted, lambda e: e.scope.symbol == "AAPL", roles.RISK)
    night.resume(halted.scope)


def _filled_without_execution(night: Night) -> None:
    sent = night.working(symbol=APART)
    intent_id = night.intent_of(sent)
    night.inject("filled_without_execution", tag=intent_id)
    night.until_event(OrderFilled, lambda e: e.intent_id == intent_id)
    for one in night.audit.read().executions:
        if one["order_ref"] == intent_id:
            night.excused.add(one["exec_id"])


def _changed_execution(what: str) -> Script:
    def play(night: Night) -> None:
        sent = night.order(MARKET)
        night.until_event(Fill, lambda e: e.intent_id == night.intent_of(sent))
        night.inject(what, tag=night.intent_of(sent), after_s=0.1)
        night.until_event(Fill, lambda e: e.exec_id.endswith(".02"))

    return play


def _fill_after_cancel(night: Night) -> None:
    sent = night.working()
    night.tws.inject("fill_after_cancel", tag=night.intent_of(sent), after_s=0.1)
    _is_cancelled(night, sent)
    night.until_event(Fill, lambda e: e.intent_id == night.intent_of(sent))


def _hand_entered(night: Night) -> None:
    night.inject("hand_entered", symbol="AAPL", limit=1)
    night.until_event(ForeignOrderReported, lambda e: not e.order_id)
    night.inject("hand_entered", symbol="MSFT")
    night.until_event(Fill, lambda e: e.intent_id is None)


def _position(night: Night) -> None:
    night.inject("position", symbol=APART, quantity=3)
    night.until_event(PositionReported, lambda e: e.symbol == APART)
    night.inject("reset", client_id=1)
    night.until_event(ReconciliationCompleted)


def _missing_commission(night: Night) -> None:
    night.inject("missing_commission")
    filled = night.until_event(Fill)
    night.until_event(Commission, lambda e: e.exec_id == filled.exec_id)


SCRIPTS: Final[Mapping[str, Script]] = {
    "reset": _comes_back("reset"),
    "restart": _comes_back("restart", seconds=0.8),
    "close": _comes_back("close"),
    "half_open": _half_open,
    "hang": _hang,
    "not_reading": _not_reading,
    "delay": _passes("delay", delay_s=0.2, seconds=0.5),
    "split": _splits,
    "1100": _is_read_again("1100", seconds=1, times_announced=2),
    "1101": _is_read_again("1101"),
    "1102": _is_read_again("1102"),
    "2103": _2103,
    "2110": _is_read_again("2110", seconds=1),
    "client_id_taken": _client_id_taken,
    "pacing_violation": _shows("TWS error 100", "pacing_violation"),
    "unanswered_request": _after_it_a_login("unanswered_request", request="Executions"),
    "refused_request": _shows("TWS error 321", "refused_request"),
    "duplicate": _of_messages(
        "duplicate", "orderStatus", "openOrder", "execDetails", "commissionReport"
    ),
    "late": _of_messages("late", "execDetails", "orderStatus", seconds=0.5),
    "reorder": _of_messages("reorder", "execDetails", "openOrder", at_most_s=0.5),
    "missing": _of_messages("missing", "orderStatus", "openOrder", "execDetails"),
    "missing_end": _after_it_a_login("missing_end"),
    "late_commission": _passes("late_commission", seconds=0.5),
    "missing_commission": _missing_commission,
    "extra_field": _extra_field,
    "id_roll_back": _after_it_a_login("id_roll_back", by=100),
    "swallowed": _swallowed,
    "unanswered": _unanswered,
    "late_order": _late_order,
    "rejected": _rejected,
    "warning": _warning,
    "cancel_not_found": _cancel_not_found,
    "modify_split": _modify_split,
    "perm_id_replaced": _perm_id_replaced,
    "foreign_execution": _foreign_execution,
    "filled_without_execution": _filled_without_execution,
    "corrected_execution": _changed_execution("corrected_execution"),
    "busted_execution": _changed_execution("busted_execution"),
    "fill_after_cancel": _fill_after_cancel,
    "hand_entered": _hand_entered,
    "position": _position,
}
"""By the fault's name; each script returns once what it leads to has been seen."""
