"""What a broker does under the tag of an order of ours is not always a step of that order."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tapewire.common import roles
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import Config
from tapewire.common.events import OrderLost, OrderTerms, Signal
from tapewire.virtual.node import CrashingJournal
from tapewire.virtual.world import World
from tests.model.traces import States, Tracing

ID = "s-e-1"
CLIENT_ID = Config().tws.client_id


def traced(*lines: dict[str, Any]) -> Tracing:
    """A watch that has seen what the broker did once a signal's order was cancelled."""
    tracing = Tracing(Config())
    terms = OrderTerms("BUY", Decimal(1))
    tracing.signals[ID] = Signal(ID, 0, "DU1", "s", "AAPL", terms, 1)
    tracing.followed[ID] = States("CANCELLED", "CANCELLED", "GONE")
    for line in lines:
        tracing._at_broker({"order_ref": f"{ID}/1", "client_id": CLIENT_ID, **line})
    return tracing


def status(word: str) -> dict[str, Any]:
    return {"kind": "status", "status": word}


def test_an_order_that_tws_fills_and_then_cancels_is_a_step_that_the_model_does_not_have():
    (fault,) = traced(status("Filled"), status("Cancelled")).unknown()
    assert fault.endswith("CANCELLED CANCELLED DONE > CANCELLED CANCELLED GONE")


def test_an_order_that_tws_makes_under_the_tag_of_ours_is_not_followed():
    made = {"kind": "order", "event": "made"}
    tracing = traced(made, status("Submitted"), status("Filled"), status("Cancelled"))
    assert not tracing.steps


def test_an_order_that_another_client_places_under_the_tag_of_ours_is_not_followed():
    theirs = {**status("Filled"), "client_id": 99}
    assert not traced(theirs).steps
    assert traced(theirs, status("Filled")).steps, "ours is still followed"


@pytest.mark.parametrize("is_full", [True, False])
def test_what_was_decided_on_a_full_disk_is_old_once_it_is_written_and_is_not_followed(
    is_full: bool,
):
    """The gateway has called an order lost, and cannot write that down before the order fills."""
    tracing, gateway, executor = traced(), CrashingJournal(), CrashingJournal()
    world = SimpleNamespace(
        clock=VirtualClock(),
        nodes={
            roles.GATEWAY: SimpleNamespace(records=gateway),
            roles.EXECUTOR: SimpleNamespace(records=executor),
        },
    )
    tracing._world = cast(World, world)
    tracing.followed[ID] = States("INTENDED", "UNKNOWN", "WORKING")
    gateway.later = lambda _complete: None
    gateway.begin([OrderLost(0, "DU1", f"{ID}/1", "never named")])
    gateway.is_full = is_full
    tracing._look()
    tracing._at_broker({"order_ref": f"{ID}/1", "client_id": CLIENT_ID, **status("Filled")})
    gateway.is_full = False
    gateway.wait()
    tracing._look()
    assert any("LOST" in fault for fault in tracing.unknown()) is not is_full
