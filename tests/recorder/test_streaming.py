"""Ticks on their way to Kafka: keyed by symbol, in their order, and nobody waits for them."""

from typing import Any

import pytest

from tapewire.common.bus import wire
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.events import Quote, Trade
from tapewire.recorder import streaming
from tapewire.recorder.streaming import TickStream, ticks
from tests.bridge.test_kafka import Brokers
from tests.recorder.published import Market

kafka = pytest.importorskip("confluent_kafka")
TOPIC = "tapewire-market-ticks"


def frames_of(*symbols: str) -> list[bytes]:
    market = Market()
    return [frame for symbol in symbols for frame in market.message(symbol, 1)]


def test_only_ticks_go_each_with_its_symbol():
    others = [wire.topic("gateway"), frames_of("AAPL")[1]]
    frames = [*frames_of("AAPL"), *others, *frames_of("ESZ6")]
    assert [symbol for symbol, _ in ticks(frames)] == ["AAPL", "ESZ6"]


def test_each_message_arrives_once_keyed_by_its_symbol_and_is_the_one_that_came():
    brokers = Brokers()
    brokers.make(TOPIC)
    stream = TickStream(ClusterConfig(kafka=brokers.servers))
    frames = frames_of(*["AAPL", "MSFT"] * 50)
    stream.take(frames)
    assert stream.stop() == ""
    assert (stream.sent, stream.lost) == (100, 0)
    found = read(brokers, 100)
    for symbol in ("AAPL", "MSFT"):
        bodies = [body for key, body in found if key == symbol]
        assert bodies == [body for one, body in ticks(frames) if one == symbol]
        assert isinstance(wire.decode_ticks(bodies[0]).events[0], Quote | Trade)


def read(brokers: Brokers, count: int) -> list[tuple[str, bytes]]:
    settings: dict[str, Any] = {"bootstrap.servers": ",".join(brokers.servers), "group.id": "t"}
    reader = kafka.Consumer(settings)
    partitions = reader.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    reader.assign([kafka.TopicPartition(TOPIC, one, 0) for one in partitions])
    found = [reader.poll(10) for _ in range(count)]
    reader.close()
    return [(one.key().decode(), one.value()) for one in found]


def test_brokers_that_are_away_cost_ticks_and_no_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "QUEUE_MESSAGES", 10)
    monkeypatch.setattr(streaming, "END_S", 0.01)
    stream = TickStream(ClusterConfig(kafka=("127.0.0.1:1",)))
    stream.take(frames_of(*["AAPL"] * 25))
    assert stream.lost == 15
    assert stream.stop() == "10 messages of ticks not sent"


@pytest.mark.parametrize("refusal", [kafka.KafkaException("too large"), BufferError("full")])
def test_a_tick_that_the_library_refuses_is_lost_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception
):
    stream = TickStream(ClusterConfig(kafka=("127.0.0.1:1",)))
    monkeypatch.setattr(stream, "_producer", Refusing(refusal))
    stream.take(frames_of("AAPL", "AAPL"))
    assert stream.lost == 2


class Refusing:
    """A producer that takes no message."""

    def __init__(self, why: Exception) -> None:
        self._why = why

    def produce(self, *_given: object, **_more: object) -> None:
        raise self._why

    def poll(self, _wait_s: float) -> None:
        """Nothing has become of anything."""


def test_one_tick_left_is_one_message(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "END_S", 0.01)
    stream = TickStream(ClusterConfig(kafka=("127.0.0.1:1",)))
    stream.take(frames_of("AAPL"))
    assert stream.stop() == "1 message of ticks not sent"
