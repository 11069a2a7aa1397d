"""Whose a signal is: what a host may send for which strategies."""

from decimal import Decimal

import pytest

from tapewire.common.config.settings import Config
from tapewire.common.events import CancelSignal, CatchUp, CircuitChanged, Event, OrderTerms, Signal
from tapewire.relay.placed import fault

MOMENTUM = "tapewire.strategy.examples.momentum:Momentum"
CONFIG = Config(
    hosts=[
        {"name": "home", "address": "10.0.0.1", "home": True},
        {"name": "far", "address": "10.0.0.2"},
    ],
    strategies=[
        {"name": "dip", "strategy": MOMENTUM, "host": "far"},
        {"name": "own", "strategy": MOMENTUM},
    ],
)  # type: ignore[arg-type]


def signal(name: str, strategy: str) -> Signal:
    terms = OrderTerms("BUY", Decimal(1), "MKT")
    return Signal(name, 1, "", strategy, "AAPL", terms, 2)


def cancel(name: str, strategy: str) -> CancelSignal:
    return CancelSignal(name, 1, "", strategy, "dip-0a-1", 2)


def circuit(name: str, of: str) -> CircuitChanged:
    return CircuitChanged(1, name, of, "CLOSED", "OPEN", "it is a test")


@pytest.mark.parametrize(
    "event",
    [
        signal("dip-0a-1", "dip"),
        signal("dip-2-0a-1", "dip-2"),
        cancel("dip-00019fa2-17", "dip"),
        signal("stranger-0a-1", "stranger"),
        signal("cli-12ab", "manual"),
        circuit("strategy-dip-0a-1", "strategy.dip"),
    ],
)
def test_what_is_of_a_strategy_of_the_host_may_pass(event: Event):
    assert fault(CONFIG, "far", event) == ""


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (signal("own-0a-1", "own"), "which runs on host home"),
        (circuit("strategy-own-0a-1", "strategy.own"), "which runs on host home"),
        (signal("own-0a-1", "dip"), "own-0a-1 is not an id of a signal of dip"),
        (cancel("own-0a-1", "dip"), "own-0a-1 is not an id of a signal of dip"),
        (signal("dip-2-0a-1", "dip"), "is not an id of a signal of dip"),
        (signal("own-0a-1", "manual"), "is not an id of a signal of manual"),
        (signal("own-0a-1", "ow"), "is not an id of a signal of ow"),
        (signal("dip", "dip"), "is not an id of a signal of dip"),
        (circuit("strategy-own-0a-1", "strategy.dip"), "is not an id of a circuit of dip"),
        (circuit("risk-0a-1", "broker"), "broker is not the circuit of a strategy"),
        (CatchUp(3, 1), "stream.catch_up is not a signal"),
    ],
)
def test_what_is_of_another_strategy_does_not_pass(event: Event, reason: str):
    assert reason in fault(CONFIG, "far", event)
