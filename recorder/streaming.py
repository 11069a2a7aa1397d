"""Streaming ticks to Kafka: the messages that the recorder takes, as they come, keyed by symbol.

What the recorder takes in one turn goes together. It waits for nobody: where the brokers are away,
or slower than the market, messages are kept up to `QUEUE_MESSAGES` and then counted as lost. What
is lost shows in the topic as in a recording, since each body carries its source, epoch and seq.
"""

from collections.abc import Iterable
from typing import Any, Final

from tapewire.common import extras
from tapewire.common.amounts import counted
from tapewire.common.bus import wire
from tapewire.common.config.cluster import ClusterConfig
from tapewire.recorder.segments import Block, messages

TOPIC: Final = "market-ticks"
TICKS: Final = "tick."
QUEUE_MESSAGES: Final = 100_000
LINGER_MS: Final = 50
END_S: Final = 2.0


class TickStream:
    """Sends ticks on; `sent` and `lost` count messages."""

    def __init__(self, config: ClusterConfig) -> None:
        extras.require("cluster.ticks", "confluent_kafka", "cluster")
        from confluent_kafka import KafkaException, Producer

        self._refusals = (BufferError, KafkaException)
        """Its queue is full, or it takes no such message: one too large, or none any more."""
        self.sent = 0
        self.lost = 0
        self._topic = f"{config.prefix}-{TOPIC}"
        self._producer: Any = Producer(
            {
                "bootstrap.servers": ",".join(config.kafka),
                "client.id": f"tapewire-{config.prefix}",
                "enable.idempotence": True,
                "linger.ms": LINGER_MS,
                "compression.type": "lz4",
                "queue.buffering.max.messages": QUEUE_MESSAGES,
                "log_level": 0,
                "error_cb": lambda _error: None,  # each message that is lost says so
            }
        )

    def __repr__(self) -> str:
        return f"<TickStream {self._topic}, {self.sent} sent>"

    def take(self, frames: list[bytes]) -> None:
        """What one drain of the sockets brought: of it, the ticks."""
        for symbol, body in ticks(frames):
            try:
                self._producer.produce(self._topic, body, symbol, on_delivery=self._ended)
            except self._refusals:
                self.lost += 1
        self._producer.poll(0)

    def tick(self) -> None:
        """Once per turn: take in what has become of them."""
        self._producer.poll(0)

    def stop(self) -> str:
        """Send what is left, but do not wait long for it; returns what stays behind."""
        left = self._producer.flush(END_S)
        return f"{counted(left, 'message')} of ticks not sent" if left else ""

    def _ended(self, error: object, _message: object) -> None:
        if error is None:
            self.sent += 1
        else:
            self.lost += 1


def ticks(frames: list[bytes]) -> Iterable[tuple[str, bytes]]:
    """Symbol and body of each message with ticks."""
    for topic, body in messages([Block(1, 0, frames)]):
        name = wire.topic_name(topic)
        if name.startswith(TICKS):
            yield name.removeprefix(TICKS), body
