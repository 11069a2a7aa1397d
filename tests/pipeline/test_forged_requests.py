"""Whoever writes to a group's sockets: without the right token nothing happens, and with the right
one no more than the limits allow."""

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events import (
    CancelAll,
    Control,
    Event,
    OrderReply,
    OrderRequest,
    OrderTerms,
    RequestRefused,
    Signal,
    SubmitOrder,
)
from tapewire.common.runtime.tokens import TokenFile, path_of
from tests.pipeline.running import Running
from tests.waiting import wait_for

ACCOUNT = "DU1234567"
LIMIT = 100  # of the default rule
FORGED = 300


class Stranger:
    """A program of the same user that is not part of the group."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._transport = ZmqTransport()
        for name in ("orders", "control", "signals"):
            kind = "push" if name == "signals" else "dealer"
            address = endpoint(name, running.group.config.bus, running.run_dir)
            self._transport.connect(name, kind, address)

    def shows(self, name: str, server: str, client: str) -> None:
        """Send along the token of `client`, read as anybody may who is this user."""
        self._transport.present(name, TokenFile(path_of(self._running.run_dir, server, client)))

    def sends(self, name: str, event: Event) -> None:
        body = wire.encode(event)
        wait_for(lambda: self._transport.send(name, [body]), f"{name} to take it")

    def asks(self, name: str, event: Event) -> Event:
        self.sends(name, event)
        answers = wait_for(lambda: self._transport.poll(50), f"an answer to {event!r:.80}")
        return wire.decode_event(answers[0][1][-1])

    def close(self) -> None:
        self._transport.close(linger_ms=0)


@pytest.fixture
def stranger(running: Running) -> Iterator[Stranger]:
    running.until_ready()
    one = Stranger(running)
    yield one
    one.close()


def _order(number: int) -> SubmitOrder:
    """One share, at a price that nobody sells at."""
    now_ns = time.time_ns()
    terms = OrderTerms("BUY", Decimal(1), "LMT", Decimal("1.00"))
    return SubmitOrder(
        f"forged-{number}/1", now_ns, ACCOUNT, "forged", "AAPL", terms, now_ns + 60 * 10**9
    )


def test_no_token_no_deed_and_with_one_no_more_than_the_limits(running, stranger):
    _nothing_without_a_token(running, stranger)
    _nothing_with_the_token_of_another(running, stranger)
    _a_fencing_token_from_the_future_mutes_nobody(running, stranger)
    _the_limits_hold_for_whoever_has_the_executors_token(running, stranger)
    running.flatten()
    assert running.faults_at_the_end() == []


def _nothing_without_a_token(running: Running, stranger: Stranger) -> None:
    refused = stranger.asks("control", Control(time.time_ns(), "halt", "forged"))
    assert refused == RequestRefused(
        "risk.control with no token; expected that of tokens/risk.cli", 0
    )
    refused = stranger.asks("orders", OrderRequest(7, [CancelAll(time.time_ns())]))
    assert isinstance(refused, RequestRefused)
    assert refused.id == 7
    now_ns = time.time_ns()
    signal = Signal("forged-1", now_ns, "", "forged", "AAPL", _order(0).terms, now_ns + 10**10)
    stranger.sends("signals", signal)
    running.until(lambda: _letters(running, "executor", "signals"), "the signal's dead letter")
    assert running.status("risk")["trading"] == "ACTIVE"
    assert not [e for e in running.journal("executor") if "forged-1" in repr(e)]


def _nothing_with_the_token_of_another(running: Running, stranger: Stranger) -> None:
    stranger.shows("orders", "risk", "cli")
    refused = stranger.asks("orders", OrderRequest(1, [_order(0)], "~"))
    assert "with a token that is not of this start" in repr(refused)
    stranger.shows("orders", "gateway", "risk")
    refused = stranger.asks("orders", OrderRequest(1, [_order(0)]))
    assert isinstance(refused, RequestRefused)
    assert refused.reason == "risk may not send orders of forged"
    assert not [e for e in running.journal("gateway") if "forged" in repr(e)]


def _a_fencing_token_from_the_future_mutes_nobody(running: Running, stranger: Stranger) -> None:
    stranger.shows("orders", "gateway", "executor")
    fenced = stranger.asks("orders", OrderRequest(1, [_order(0)], "~"))
    assert fenced == OrderReply(1, [], fenced="~")
    running.until_fills(running.fills() + 1)
    assert running.state("executor") == "READY"


def _the_limits_hold_for_whoever_has_the_executors_token(
    running: Running, stranger: Stranger
) -> None:
    hello = stranger.asks("orders", OrderRequest(1, [], hello="forged"))
    assert isinstance(hello, OrderReply)
    commands = [_order(number) for number in range(FORGED)]
    reply = stranger.asks("orders", OrderRequest(2, [*commands], hello.fencing_token))
    assert isinstance(reply, OrderReply)
    accepted = [answer for answer in reply.answers if answer.accepted]
    denied = {answer.reason for answer in reply.answers if not answer.accepted}
    assert 0 < len(accepted) <= 2 * LIMIT, "what is held short may be bought back on top"
    assert len(accepted) < FORGED
    assert all(reason.startswith("MaxContractsPerInstrument: AAPL could") for reason in denied)
    running.until(lambda: running.state("executor") == "READY", "the executor to be back")


def _letters(running: Running, role: str, origin: str) -> int:
    counters = running.status(role).get("counters", {})
    return sum(n for name, n in counters.items() if name == f"dead_letters.{origin}")
