"""Bad messages on every socket, and a second process of a role: everyone goes on."""

import time
from decimal import Decimal
from pathlib import Path

import msgpack

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.config import tws_address
from tapewire.common.delivery import letter_file
from tapewire.common.events import OrderCreated, OrderDenied, OrderExpired, OrderTerms, Signal
from tapewire.common.runtime.tokens import TokenFile, path_of
from tests.pipeline.running import python
from tests.waiting import wait_for

NESTED = msgpack.packb(None)
for _ in range(400):
    NESTED = b"\x91" + NESTED
GARBAGE = {
    "nothing": b"",
    "foreign": b"GET / HTTP/1.1\r\n\r\n",
    "truncated": msgpack.packb(["signal", "a", 1])[:-1],
    "nested": NESTED,
    "unknown": msgpack.packb(["no.such.event", 1]),
    "wrong types": msgpack.packb(["signal", 1, "x", {}, [], 5, 6, 7, 8]),
    "oversized": b"\xc6" + (9 * 1024 * 1024).to_bytes(4, "big") + bytes(9 * 1024 * 1024),
}
ROLES = ("gateway", "executor", "risk", "liquidation")
DOORS = {"signals": "push", "orders": "dealer", "executor": "dealer", "control": "dealer",
         "liquidation": "dealer"}  # fmt: skip


def test_no_message_on_any_socket_stops_a_process(shared):
    before = {role: _dead_letters(shared, role) for role in ROLES}
    transport = ZmqTransport()
    try:
        for door, kind in DOORS.items():
            transport.connect(door, kind, endpoint(door, shared.group.config.bus, shared.run_dir))
            for body in GARBAGE.values():
                wait_for(lambda d=door, b=body: transport.send(d, [b]), f"{door} to take it")
        transport.connect(
            "market", "sub", endpoint("market", shared.group.config.bus, shared.run_dir),
            [b"last.\xff\xfe\0", b"last.NOSUCH\0", b"\0"],
        )  # fmt: skip
        for role in ROLES:
            shared.until(
                lambda r=role: _dead_letters(shared, r) >= before[r] + 5, f"dead letters of {role}"
            )
    finally:
        transport.close()
    shared.until_ready()
    shared.until_fills(shared.fills() + 1)
    kept = {body for role in ROLES for body in _kept(shared.run_dir, role)}
    assert kept >= {body for body in GARBAGE.values() if len(body) < 1000}, "whole, on disk"


def _kept(run_dir: Path, role: str) -> list[bytes]:
    return [one.body for one in letter_file.read(run_dir / "dead-letters" / f"{role}.sqlite")]


def _dead_letters(running, role: str) -> int:
    counters = running.status(role).get("counters", {})
    return sum(n for name, n in counters.items() if name.partition(".")[0] == "dead_letters")


ONE = OrderTerms("BUY", Decimal(1))


def signal(number: str, terms: OrderTerms = ONE, symbol: str = "AAPL", for_s: int = 10) -> Signal:
    now_ns = time.time_ns()
    expires_ns = now_ns + for_s * 1_000_000_000
    return Signal(f"test-{number}", now_ns, "", "test", symbol, terms, expires_ns)


def test_each_bad_signal_gets_its_answer_and_a_repeated_one_trades_once(shared):
    good = signal("good")
    expected = {
        "test-symbol": "symbol NOSUCH is not configured",
        "test-zero": "quantity is 0; it must be above 0",
        "test-minus": "quantity is -5; it must be above 0",
        "test-limit": "a LMT order has no limit price; it needs one",
        "test-much": "MaxContractsPerInstrument: AAPL could get ",
    }
    sent = [
        signal("symbol", symbol="NOSUCH"),
        signal("zero", OrderTerms("BUY", Decimal(0))),
        signal("minus", OrderTerms("BUY", Decimal(-5))),
        signal("limit", OrderTerms("BUY", Decimal(1), "LMT")),
        signal("much", OrderTerms("BUY", Decimal(100_000))),
        signal("late", for_s=-1),
        good, good, good,
    ]  # fmt: skip
    nan = wire.encode(signal("nan")).replace(b"\xa11", b"\xa3NaN", 1)
    _push(shared, [*map(wire.encode, sent), nan])
    shared.until(lambda: _answers(shared).keys() >= {*expected, "test-late", good.id}, "answers")
    answers = _answers(shared)
    for signal_id, reason in expected.items():
        assert isinstance(answers[signal_id], OrderDenied)
        assert reason in answers[signal_id].reason
    assert isinstance(answers["test-late"], OrderExpired)
    assert isinstance(answers[good.id], OrderCreated)
    assert "test-nan" not in answers
    created = [e for e in shared.journal("executor") if isinstance(e, OrderCreated)]
    assert [e.signal_id for e in created].count(good.id) == 1
    shared.until(lambda: _kept(shared.run_dir, "executor").count(nan) == 1, "the dead letter")


def _push(running, bodies: list[bytes]) -> None:
    transport = ZmqTransport()
    try:
        address = endpoint("signals", running.group.config.bus, running.run_dir)
        transport.connect("signals", "push", address)
        transport.present("signals", TokenFile(path_of(running.run_dir, "executor", "strategy")))
        for body in bodies:
            wait_for(lambda b=body: transport.send("signals", [b]), "the executor to take it")
    finally:
        transport.close(linger_ms=2000)


def _answers(running) -> dict:
    kinds = (OrderCreated, OrderDenied, OrderExpired)
    return {e.signal_id: e for e in running.journal("executor") if isinstance(e, kinds)}


def test_a_second_gateway_or_simulator_says_who_holds_the_role(shared):
    pids = shared.pids()
    before = tws_address.find(shared.group.config, shared.run_dir)
    for arguments in (("gateway",), ("simulator", "--member")):
        second = python("-m", f"tapewire.{arguments[0]}", *arguments[1:])
        assert second.returncode == 3
        held = f"{arguments[0]} is running already as process {pids[arguments[0]]}"
        assert held in second.stderr
    assert tws_address.find(shared.group.config, shared.run_dir) == before
