"""The engine in Kafka: a topic of one partition for each stream, and an idempotent producer.

A broker takes a producer's records once and in their order, whatever is sent again. It has no
condition such as JetStream's, that a topic ends at a certain record. So a bridge that was killed
may have records on their way which arrive after the next one has looked; then they are there twice.
Each record has its number in a header: a reader passes over what it has seen. None is ever missing
between two others. A producer that could leave a hole stops (`enable.gapless.guarantee`). That does
not cover a record that the library gives up after a time, so it never does: what takes too long is
given up here, and all that the producer has with it.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tapewire.bridge.engine import (
    CHAIN,
    SEQ,
    End,
    Failed,
    Found,
    Kind,
    Line,
    MirrorError,
    Outcome,
    Published,
    generations,
    stream_name,
)
from tapewire.common.amounts import counted
from tapewire.common.bus.arrivals import Arrivals
from tapewire.common.config.cluster import ClusterConfig

if TYPE_CHECKING:
    from confluent_kafka import Message, Producer

TIMEOUT_S: Final = 4.0
STEP_S: Final = 0.02
PARTITION: Final = 0
FOREVER_MS: Final = "-1"


class KafkaEngine(Arrivals[Outcome]):
    """See `Engine`. All calls of the library are made on one thread."""

    name = "kafka"

    def __init__(self, config: ClusterConfig, settings: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._topics = Topics(config, settings or {})
        self._producers: dict[str, Producer] = {}
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._batches: list[_Batch] = []
        self._over = False
        self._thread = threading.Thread(target=self._run, name="kafka", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<KafkaEngine {self._topics}>"

    def look(self, role: str, begin: int, tail: int) -> None:
        """See `Engine.look`."""
        self._jobs.put(lambda: self._look(role, begin, tail))

    def publish(self, role: str, stream: str, lines: Sequence[Line]) -> None:
        """See `Engine.publish`."""
        self._jobs.put(lambda: self._publish(role, stream, lines))

    def close(self, wait_s: float = 2.0) -> None:
        """See `Engine.close`."""
        self._over = True
        self._thread.join(wait_s)

    # ---- on its thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._over:
            with contextlib.suppress(queue.Empty):
                self._jobs.get(timeout=STEP_S)()
            for producer in self._producers.values():
                producer.poll(0)
            self._give_up()
        for role in [*self._producers]:
            self._drop(role)
        self._topics.close()

    def _give_up(self) -> None:
        """End the batches that have waited too long, and all behind them of their role."""
        self._batches = [one for one in self._batches if one.left]
        late = {one.role for one in self._batches if time.monotonic() >= one.late_s}
        for one in self._batches:
            if one.role in late:
                one.refused("no answer in time")

    def _look(self, role: str, begin: int, tail: int) -> None:
        try:
            self._drop(role)  # what it still had to send is not to come behind what is found now
            self.put(Found(role, self._topics.look(role, begin, tail), tail))
        except Exception as error:  # noqa: BLE001 - this thread goes on, and a look needs an answer
            self.put(Failed(role, _told(error)))

    def _publish(self, role: str, stream: str, lines: Sequence[Line]) -> None:
        batch = _Batch(role, lines, self.put)
        self._batches.append(batch)
        try:
            if role not in self._producers:
                self._producers[role] = self._topics.producer()
            producer = self._producers[role]
            for line in lines:
                producer.produce(
                    stream, line.record, role, PARTITION, batch.delivered,
                    headers={CHAIN: line.chain, SEQ: str(line.seq)},
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a full queue, or a producer that has ended
            batch.refused(_told(error))

    def _drop(self, role: str) -> None:
        """Send nothing more of what a role's producer has; its next record makes another one."""
        producer = self._producers.pop(role, None)
        if producer is not None:
            producer.purge()
            producer.flush(TIMEOUT_S)


class _Batch:
    """Records whose deliveries are awaited."""

    def __init__(
        self, role: str, lines: Sequence[Line], ended: Callable[[Published], None]
    ) -> None:
        self.role = role
        self.left = [line.seq for line in lines]
        self.late_s = time.monotonic() + TIMEOUT_S
        self._ended = ended
        self._acked = 0
        self._why = ""

    def delivered(self, error: Any, message: "Message") -> None:
        """The next of them was taken, or not; deliveries are reported in their order."""
        if not self.left:
            return
        seq = self.left.pop(0)
        if error is None and not self._why:
            self._acked = seq
        elif error is not None:
            self._why = self._why or f"{message.topic()}: {error.str()}"
        self._end_if_over()

    def refused(self, why: str) -> None:
        """The rest of them was not even sent."""
        self._why, self.left = self._why or why, []
        self._end_if_over()

    def _end_if_over(self) -> None:
        if not self.left:
            kind: Kind | None = "away" if self._why else None
            self._ended(Published(self.role, self._acked, kind, self._why))


class Topics:
    """The topics of a configuration, as its brokers have them. Raises `MirrorError`."""

    def __init__(self, config: ClusterConfig, settings: dict[str, Any]) -> None:
        from confluent_kafka import Consumer

        self._config = config
        self._settings = {
            "bootstrap.servers": ",".join(config.kafka),
            "client.id": f"tapewire-{config.prefix}",
            "log_level": 0,
            "error_cb": lambda _error: None,  # whoever asked is given it too
            **settings,
        }
        reading = {"group.id": f"{config.prefix}-bridge", "enable.auto.commit": False}
        self._consumer = Consumer({**self._settings, **reading, "enable.partition.eof": True})

    def __repr__(self) -> str:
        return ", ".join(self._config.kafka)

    def producer(self) -> "Producer":
        """A producer whose records are there once, in their order, on all replicas in sync."""
        from confluent_kafka import Producer

        exact = {
            "enable.idempotence": True,
            "enable.gapless.guarantee": True,
            "acks": "all",
            "linger.ms": 2,
            "message.timeout.ms": 0,  # never: see above
        }
        return Producer({**self._settings, **exact})

    def look(self, role: str, begin: int, tail: int) -> End:
        """See `Engine.look`."""
        try:
            names = [*self._consumer.list_topics(timeout=TIMEOUT_S).topics]
            newest = max(generations(self._config.prefix, role, names), default=0)
            if newest < begin:
                newest = begin
                self._make(stream_name(self._config.prefix, role, newest))
            return self._end(stream_name(self._config.prefix, role, newest), newest, tail)
        except MirrorError:
            raise
        except Exception as error:
            raise MirrorError(f"no answer of {self}: {_told(error)}") from error

    def close(self) -> None:
        """Hang up."""
        self._consumer.close()

    def _make(self, name: str) -> None:
        from confluent_kafka import admin

        made: Any = admin  # its types leave out what it is for
        topic = made.NewTopic(
            name, 1, self._config.replicas,
            config={"retention.ms": FOREVER_MS, "retention.bytes": FOREVER_MS},
        )  # fmt: skip
        client = made.AdminClient(self._settings)  # it has to be there until the answer is
        try:
            client.create_topics([topic])[name].result(TIMEOUT_S)
        except Exception as error:
            why = _told(error) or "no answer in time"
            raise MirrorError(f"{name} cannot be made: {why}; or make it by hand") from error

    def _end(self, name: str, generation: int, count: int) -> End:
        from confluent_kafka import TopicPartition

        place = TopicPartition(name, PARTITION)
        low, high = self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
        if low:
            fault = (
                f"{name} lacks its first {counted(low, 'record')}; its retention must be endless"
            )
            return End(name, generation, high, fault=fault)
        if not high:
            return End(name, generation)
        (first,), tail = self._read(name, 0, 1), once(self._read(name, max(0, high - count), high))
        seq = tail[-1].seq
        note = f"{name} has {counted(high - seq, 'record')} more than once" if high > seq else ""
        return End(name, generation, seq, first.chain, tail, note=note)

    def _read(self, name: str, offset: int, end: int) -> list[Line]:
        """The messages from `offset` to before `end`."""
        from confluent_kafka import TopicPartition

        self._consumer.assign([TopicPartition(name, PARTITION, offset)])
        found: list[Line] = []
        while len(found) < end - offset:
            message = self._consumer.poll(TIMEOUT_S)
            if message is None or message.error():
                raise MirrorError(f"{name} has no message {offset + len(found)}")
            found.append(_line(message, offset + len(found)))
        return found


def _line(message: "Message", offset: int) -> Line:
    """A message as the record that it says to be; one that says nothing stands where it is."""
    given: Any = message.headers() or ()  # its types allow what it never is
    headers = {key: (value or b"").decode(errors="replace") for key, value in given}
    seq = headers.get(SEQ, "")
    chain, record = headers.get(CHAIN, ""), message.value() or b""
    return Line(int(seq) if seq.isdecimal() else offset + 1, chain, record)


def once(lines: Sequence[Line]) -> list[Line]:
    """Without the records that are there again, which are passed over by their numbers. What has
    the number of another record and is not that one stays, and so is found."""
    found: list[Line] = []
    known: dict[int, Line] = {}
    for line in lines:
        if known.setdefault(line.seq, line) != line or not (found and line.seq <= found[-1].seq):
            found.append(line)
    return found


def _told(error: Exception) -> str:
    """What an error of the library means, in a few words."""
    inner = error.args[0] if error.args else error
    return str(inner.str()) if hasattr(inner, "str") else str(inner)
