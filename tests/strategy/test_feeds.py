"""External feeds: one of our batches or any map, with bounds; all else is a dead letter."""

import math
from decimal import Decimal

import msgpack
import pytest
from pydantic import ValidationError

from tapewire.common.bus import wire
from tapewire.common.bus.wire import WireError
from tapewire.common.config.settings import FeedConfig
from tapewire.common.events import PositionUpdated
from tapewire.strategy.feeds import BODY_MAX_BYTES, DEPTH_MAX, VALUES_MAX, values_of
from tests.strategy.kit import T0, config, quote
from tests.strategy.test_service import Shell


def nested(depth: int) -> dict[str, object]:
    return {"a": nested(depth - 1)} if depth else {}


def test_a_map_is_one_value_and_a_batch_its_events():
    assert values_of(msgpack.packb({"symbol": "AAPL", "move": 0.1, "raw": b"x"})) == (
        [{"symbol": "AAPL", "move": 0.1, "raw": b"x"}], [],
    )  # fmt: skip
    events, dead = values_of(wire.encode_batch("model", "1", 7, [quote(), quote(2.0)]))
    assert (events, dead) == ([quote(), quote(2.0)], [])


def test_of_a_batch_the_broken_events_are_kept_and_the_others_go_on():
    body = msgpack.packb(
        [wire.WIRE_VERSION, "model", "1", 7, [["no.such"], ["order.filled", 5, "DU1", "x"]]]
    )
    events, dead = values_of(body)
    assert (len(events), len(dead)) == (1, 1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not MessagePack"),
        (b"\xc1", "not MessagePack"),
        (b"\x81" * 5000, "not MessagePack"),
        (msgpack.packb(5), "found int, expected a map"),
        (msgpack.packb([1, 2]), "not a batch"),
        (msgpack.packb({"a": [1, {"b": math.nan}]}), r"\$.a\[1\].b is nan, expected a finite"),
        (msgpack.packb({"a": math.inf}), "is inf"),
        (msgpack.packb({1: 2}), "has the key 1, expected a text"),
        (msgpack.packb({"a": msgpack.ExtType(5, b"x")}), "is a Ext"),
        (msgpack.packb({"a": [0] * VALUES_MAX}), "more than 65536 values"),
        (msgpack.packb(nested(DEPTH_MAX)), "deeper than 16"),
        (msgpack.packb({"a": b"x" * BODY_MAX_BYTES}), "expected at most 1048576"),
    ],
)
def test_what_is_neither_is_refused_with_the_place_of_the_fault(body: bytes, says: str):
    with pytest.raises(WireError, match=says):
        values_of(body)


def test_as_deep_as_allowed_is_read():
    assert values_of(msgpack.packb(nested(DEPTH_MAX - 1)))[0] == [nested(DEPTH_MAX - 1)]


def test_a_feeds_values_come_to_the_strategy_and_a_broken_message_is_a_dead_letter():
    shell, told = Shell().ready(), []
    shell.runner.strategy.on_external = lambda *given: told.append(given)
    for frames in (
        [b"prediction.AAPL", msgpack.packb({"move": 0.1})],
        [b"prediction.AAPL", b"\xc1"],
        [b"alone"],
        [b"quote\0", wire.encode_batch("m", "1", 1, [quote()])],
    ):
        shell.wires.put("feed:events", *frames)  # a name that a followed source has too
    shell.turn()
    assert told == [("events", "prediction.AAPL", {"move": 0.1}), ("events", "quote", quote())]
    assert shell.service.metrics.value("dead_letters") == 2


def test_a_strategy_can_follow_what_risk_publishes():
    shell, told = Shell().ready(), []
    shell.runner.strategy.on_external = lambda *given: told.append(given)
    position = PositionUpdated(T0, "DU1", "AAPL", Decimal(10), "USD", Decimal(100))
    body = wire.encode_batch("risk", "1", 7, [position])
    shell.wires.put("feed:risk", wire.topic("positions"), body)
    shell.turn()
    assert told == [("risk", "positions", position)]


def test_a_value_that_the_strategy_cannot_use_is_its_failure_and_nobody_elses():
    shell = Shell().ready()
    shell.runner.strategy.on_external = lambda _feed, _topic, value: value["move"]
    shell.wires.put("feed:x", b"t", msgpack.packb({}))
    shell.market("tick", 1)
    shell.turn()
    assert (shell.runner.failures, shell.bids()) == (1, [1.0])


@pytest.mark.parametrize("endpoint", ["ipc:///tmp/x", "tcp://127.0.0.1:5600", "tcp://[::1]:5600"])
def test_feeds_of_this_machine_are_taken(endpoint: str):
    assert FeedConfig(name="x", endpoint=endpoint).endpoint == endpoint


@pytest.mark.parametrize("endpoint", ["tcp://10.0.0.1:5600", "tcp://*:5600", "inproc://x", "x"])
def test_feeds_of_others_are_refused(endpoint: str):
    with pytest.raises(ValidationError, match="no others are guarded yet"):
        FeedConfig(name="x", endpoint=endpoint)


def test_one_feed_a_name():
    feed = {"name": "x", "endpoint": "ipc:///tmp/x"}
    with pytest.raises(ValidationError, match="one entry per name"):
        config(feeds=[feed, feed])
