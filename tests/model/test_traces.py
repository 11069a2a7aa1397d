"""What a broker does under the tag of an order of ours is not always a step of that order."""

from decimal import Decimal
from typing import Any

from tapewire.common.config.settings import Config
from tapewire.common.events import OrderTerms, Signal
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
