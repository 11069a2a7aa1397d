"""Notes: rejections and exceptions, each kind once with its count, few of very many."""

from decimal import Decimal

from tapewire.backtest.report.notes import SHOWN_MAX, Failures, rejections
from tapewire.common.events import (
    Event,
    OrderCreated,
    OrderDenied,
    OrderIntended,
    OrderRejected,
    OrderTerms,
    SubmitOrder,
)
from tapewire.strategy.loading.faults import Failure
from tests.backtest.made import ACCOUNT


def failure(strategy: str, error: str, number: int = 1) -> Failure:
    return Failure(strategy, error, f"Quote({number})", number, 10, f"Traceback of {error}\n")


def test_the_same_error_is_one_note_with_its_count_and_its_first_subject():
    failures = Failures([].append)
    for number, error in enumerate(("KeyError: 'A' at a.py:1", "B at a.py:2") * 2, start=1):
        failures.add(failure("dip", error, number))
    failures.add(failure("other", "B at a.py:2"))
    assert list(failures.notes()) == [
        "strategy dip raised KeyError: 'A' at a.py:1, 2 times, the first on Quote(1)",
        "strategy dip raised B at a.py:2, 2 times, the first on Quote(2)",
        "strategy other raised B at a.py:2, once on Quote(1)",
    ]


def test_the_traceback_is_printed_at_once_for_the_first_error_of_each_strategy():
    printed: list[str] = []
    failures = Failures(printed.append)
    failures.add(failure("dip", "A"))
    assert printed == ["strategy dip: Traceback of A"]
    failures.add(failure("dip", "B"))
    failures.add(failure("other", "A"))
    assert printed[1:] == ["strategy other: Traceback of A"]


def test_of_very_many_errors_only_some_are_shown_and_the_rest_counted():
    failures = Failures([].append)
    for number in range(SHOWN_MAX + 3):
        failures.add(failure("dip", f"E{number}"))
    *shown, rest = failures.notes()
    assert (len(shown), rest) == (SHOWN_MAX, "strategies raised 3 other errors as well")


def order(name: str) -> SubmitOrder:
    return SubmitOrder(name, 1, ACCOUNT, "dip", "XYZ", OrderTerms("BUY", Decimal("0.5")), 9)


def denied(stage: str, reason: str, **ids: str) -> OrderDenied:
    return OrderDenied(2, ACCOUNT, "dip", stage, reason, **ids)


def test_signals_and_orders_that_were_turned_down_are_named_with_who_did():
    executor: list[Event] = [
        denied("executor", "MaxContracts: 101 of XYZ", signal_id="s1"),
        denied("executor", "MaxContracts: 102 of XYZ", signal_id="s2"),
        *(OrderCreated(1, f"s-{name}", order(name)) for name in ("early", "late", "odd")),
    ]
    gateway: list[Event] = [
        denied("gateway", "risk has halted", intent_id="early"),
        *(OrderIntended(2, "7", order(name)) for name in ("late", "odd")),
        denied("gateway", "it expired before it could be sent", intent_id="late"),
        OrderRejected(3, ACCOUNT, "odd", 201, "no whole number"),
    ]
    assert list(rejections(executor, gateway)) == [
        "dip: 2 signals denied by the executor, the first because: MaxContracts: 101 of XYZ",
        "dip: 1 order denied by the gateway, the first because: risk has halted"
        " (BUY 0.5 MKT of XYZ)",
        "dip: 1 order denied by the gateway, the first because: it expired before it could be sent"
        " (BUY 0.5 MKT of XYZ)",
        "dip: 1 order rejected, the first because: no whole number (error 201, BUY 0.5 MKT of XYZ)",
    ]


def test_reasons_that_differ_in_ids_and_prices_alone_are_one_kind():
    """A strategy that does not round its prices gets a note for each symbol, not for each order."""
    off = (
        "limit price is {}; prices of {} are multiples of 0.01, and the nearest to it are {} and {}"
    )
    executor: list[Event] = [
        denied("executor", text, signal_id=f"s{number}")
        for number, text in enumerate(
            (
                "target dip-e-1/2: " + off.format("108.853", "AAPL", "108.85", "108.86"),
                "target dip-e-2/2: " + off.format("9.104", "AAPL", "9.1", "9.11"),
                off.format("9.104", "AAPL", "9.1", "9.11"),
                off.format("9.107", "AAPL", "9.1", "9.11"),
                off.format("9.107", "MSFT", "9.1", "9.11"),
            )
        )
    ]
    assert [note.partition(", the first")[0] for note in rejections(executor, [])] == [
        "dip: 2 signals denied by the executor",
        "dip: 2 signals denied by the executor",
        "dip: 1 signal denied by the executor",
    ]
