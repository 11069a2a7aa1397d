"""Real processes go through what TWS does at night: they end READY, with the broker's books."""

import time
from decimal import Decimal

from tapewire.common.bus import wire
from tapewire.common.events import (
    ConnectionChanged,
    FeedResumed,
    FeedSilent,
    OrderAccepted,
    OrderConflict,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    RiskHalted,
)
from tapewire.console.records import books
from tapewire.simulator.group_process import control_of
from tests.pipeline.running import Running
from tests.pipeline.test_bad_messages import _dead_letters, _push, signal
from tests.simulator import control

FAR = OrderTerms("BUY", Decimal(1), "LMT", Decimal(1))
HALF_OPEN_S = 6


def inject(running: Running, what: str, **given: object) -> int:
    return control.inject(control_of(running.run_dir), what, **given)


def test_a_half_open_line_stops_writing_and_loses_nothing(running):
    running.until_ready()
    running.until_fills(3)
    thaws_ns = time.time_ns() + HALF_OPEN_S * 1_000_000_000
    inject(running, "half_open", seconds=HALF_OPEN_S)
    running.until(lambda: "has sent nothing" in running.status("gateway")["reason"], "the silence")
    noticed_ns = time.time_ns()
    assert running.state("gateway") == "WAITING"
    running.until_ready()
    running.until_fills(running.fills() + 3)
    intended = [e.ts_ns for e in running.journal("gateway") if isinstance(e, OrderIntended)]
    assert [one for one in intended if noticed_ns < one < thaws_ns] == []
    running.flatten()
    assert running.faults_at_the_end() == []


def test_a_client_id_that_stays_taken_is_reported_once_and_tried_until_it_is_free(running):
    running.until_ready()
    inject(running, "client_id_taken", seconds=3)
    running.kill_9("gateway")
    running.until(lambda: "REFUSED" in _connection_states(running), "the refusal")
    running.until_ready()
    running.until_fills(running.fills() + 3)
    states = _connection_states(running)
    assert states.count("REFUSED") == 1
    assert states[-1] == "READY"
    assert _log(running).count("is in use (326)") == 1
    running.flatten()
    assert running.faults_at_the_end() == []


def _connection_states(running: Running) -> list[str]:
    changed = [e for e in running.journal("gateway") if isinstance(e, ConnectionChanged)]
    return [one.after for one in changed]


def _log(running: Running) -> str:
    return (running.run_dir / "logs" / "gateway.log").read_text()


def test_a_rejection_with_a_field_too_many_is_kept_and_the_order_ends(shared):
    before = _dead_letters(shared, "gateway")
    inject(shared, "rejected", on_order=1, text="margin")
    inject(shared, "extra_field", on_order=1, message="error", value="{}")
    _push(shared, [wire.encode(signal("extra", FAR))])
    shared.until(lambda: _dead_letters(shared, "gateway") > before, "the dead letter")
    shared.until(lambda: _rejections(shared), "the end of the order")


def test_after_a_farm_was_broken_every_subscription_ticks_again(shared):
    shared.until_ready()
    symbols = sorted(shared.status("gateway")["feeds"])
    before = _ticks(shared)
    shared.until(lambda: all(_ticks(shared)[s] > before[s] for s in symbols), "ticks at first")
    _done(shared, "2103", seconds=1)

    def resumed() -> set[str]:
        events = [e for e in shared.journal("gateway") if isinstance(e, FeedResumed)]
        return {symbol for event in events for symbol in event.symbols}

    shared.until(lambda: resumed() == set(symbols), "every subscription to tick again")
    silent = [e for e in shared.journal("gateway") if isinstance(e, FeedSilent)]
    assert [sorted(one.symbols) for one in silent] == [symbols]
    before = _ticks(shared)
    shared.until(lambda: all(_ticks(shared)[s] > before[s] for s in symbols), "ticks after it")


def _ticks(running: Running) -> dict[str, int]:
    return dict(running.status("gateway")["tick_seqs"])


def _rejections(running: Running) -> list[OrderRejected]:
    return [one for one in running.journal("gateway") if isinstance(one, OrderRejected)]


def test_a_replaced_order_is_a_conflict_that_halts_its_symbol(running):
    tag = _works(running)
    _done(running, "perm_id_replaced", tag=tag)
    _done(running, "reset")  # the answers after it tell of the replacement
    conflict = _conflict(running)
    assert conflict.intent_id == tag
    running.until(lambda: _halted(running), "the halt of its symbol")
    running.until_ready()
    running.flatten()
    assert running.faults_at_the_end() == []
    assert books.broker_books(running.run_dir / "audit.jsonl")["orders_open"] == 0


def test_a_swallowed_order_is_unknown_and_keeps_nobody_waiting(running):
    running.until_ready()
    _done(running, "swallowed", on_order=1)
    running.until(lambda: _unknown(running), "the order to be UNKNOWN")
    running.until_ready()
    running.until_fills(running.fills() + 3)
    (unknown,) = _unknown(running)
    intents = [
        e.order.intent_id for e in running.journal("gateway") if isinstance(e, OrderIntended)
    ]
    assert intents.count(unknown.intent_id) == 1
    running.flatten()
    assert running.faults_at_the_end() == []


def _unknown(running: Running) -> list[OrderUnknown]:
    return [e for e in running.journal("gateway") if isinstance(e, OrderUnknown)]


def test_an_execution_of_another_client_with_our_tag_is_the_account_s_and_not_our_order_s(running):
    tag = _works(running)
    _done(running, "foreign_execution", tag=tag, quantity=3)
    conflict = _conflict(running)
    assert conflict.intent_id == tag
    running.until(lambda: _halted(running), "the halt of its symbol")
    running.flatten()
    journal = running.journal("gateway")
    assert [e for e in journal if isinstance(e, OrderFilled) and e.intent_id == tag] == []
    assert running.faults_at_the_end() == []


def _works(running: Running) -> str:
    """Let an order work far from the market; its tag."""
    running.until_ready()
    _push(running, [wire.encode(signal("mine", FAR))])

    def tags() -> list[str]:
        accepted = [e for e in running.journal("gateway") if isinstance(e, OrderAccepted)]
        return [e.intent_id for e in accepted if e.intent_id.startswith("test-mine")]

    running.until(tags, "the order to work")
    return tags()[0]


def _done(running: Running, what: str, **given: object) -> None:
    control.until_spent(control_of(running.run_dir), inject(running, what, **given))


def _conflict(running: Running) -> OrderConflict:
    def look() -> list[OrderConflict]:
        return [e for e in running.journal("gateway") if isinstance(e, OrderConflict)]

    running.until(look, "the conflict")
    return look()[0]


def _halted(running: Running) -> bool:
    return any(
        isinstance(e, RiskHalted) and e.scope.symbol == "AAPL" for e in running.journal("risk")
    )
