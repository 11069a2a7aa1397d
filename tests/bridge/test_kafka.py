"""Mirrors in Kafka, on the cluster that librdkafka brings for tests."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tapewire.bridge.engine import CHAIN, SEQ, Failed, Line, Outcome, Published
from tapewire.bridge.kafka_engine import KafkaEngine, Topics
from tapewire.common.config.cluster import ClusterConfig
from tests.bridge.mirrored import Desk, a_desk
from tests.bridge.network import lines_of
from tests.waiting import wait_for

kafka = pytest.importorskip("confluent_kafka")
TOPIC = "tapewire-risk-1"
NUMBERS = itertools.count()
"""Of desks: each has topics of its own at the same brokers."""


class Brokers:
    """Three brokers in this process."""

    def __init__(self) -> None:
        self.owner = kafka.Producer({"test.mock.num.brokers": 3, "log_level": 0})
        found = self.owner.list_topics(timeout=10).brokers.values()
        self.servers = tuple(f"{one.host}:{one.port}" for one in found)

    def make(self, topic: str) -> None:
        """These brokers make a topic where a producer asks for it, and know no other way."""
        self.owner.list_topics(topic, timeout=10)

    def config(self) -> ClusterConfig:
        return ClusterConfig(enabled=True, kafka=self.servers)

    def produce(self, topic: str, line: Line) -> None:
        """Somebody else's record, or one that came twice."""
        headers: Any = {CHAIN: line.chain, SEQ: str(line.seq)}
        self.owner.produce(topic, line.record, headers=headers, partition=0)
        self.owner.flush(10)

    def lines(self, topic: str = TOPIC) -> list[Line]:
        """All that is in a topic."""
        place = kafka.TopicPartition(topic, 0, 0)
        reader = kafka.Consumer({"bootstrap.servers": ",".join(self.servers), "group.id": "t"})
        _, high = reader.get_watermark_offsets(place, timeout=10)
        reader.assign([place])
        found = [reader.poll(10) for _ in range(high)]
        reader.close()
        return [_line(one) for one in found]


def _line(message: Any) -> Line:
    headers = {key: value.decode() for key, value in message.headers()}
    return Line(int(headers[SEQ]), headers[CHAIN], message.value())


@pytest.fixture(scope="module")
def brokers() -> Brokers:
    return Brokers()


@pytest.fixture
def desk(brokers: Brokers, tmp_path: Path) -> Iterator[Desk]:
    config = brokers.config().model_copy(update={"prefix": f"desk{next(NUMBERS)}"})
    brokers.make(f"{config.prefix}-risk-1")
    with a_desk(tmp_path / "run", config) as desk:
        yield desk


def start(desk: Desk) -> str:
    desk.start(engine=KafkaEngine(desk.config))
    return f"{desk.config.prefix}-risk-1"


def outcome(engine: KafkaEngine) -> Outcome:
    (found,) = wait_for(engine.take, "an outcome", 20)
    return found


def test_a_topic_is_the_journal_over_restarts_of_the_bridge(desk: Desk, brokers: Brokers):
    desk.write(700)
    topic = start(desk)
    desk.until()
    desk.write(50)
    desk.until()
    assert desk.stop() == ""
    desk.write(30)
    start(desk)
    desk.until()
    assert brokers.lines(topic) == desk.lines()


def test_a_record_of_somebody_else_stops_it(desk: Desk, brokers: Brokers):
    desk.write(10)
    topic = start(desk)
    desk.until()
    desk.abandon()
    brokers.produce(topic, lines_of(11, "b")[-1])
    desk.write(5)
    start(desk)
    assert f"record 11 of {topic} is not that of risk's journal" in desk.until_stopped()


def test_records_that_come_twice_are_told_and_go_on(desk: Desk, brokers: Brokers):
    """There are more of them than are compared, so that the tail is a shorter one."""
    desk.write(1_500)
    topic = start(desk)
    desk.until()
    desk.abandon()
    brokers.produce(topic, desk.lines()[-1])
    desk.write(5)
    start(desk)
    desk.until()
    assert desk.mirror().note == f"{topic} has 1 record more than once"
    numbers = [line.seq for line in brokers.lines(topic)]
    assert numbers == [*range(1, 1_501), *range(1_500, 1_506)]


@pytest.mark.soak
def test_brokers_that_are_away_are_a_reason_and_no_more(tmp_path: Path):
    config = ClusterConfig(enabled=True, kafka=("127.0.0.1:1",))
    with a_desk(tmp_path / "run", config) as desk:
        desk.write(3)
        start(desk)
        wait_for(lambda: (desk.turn(), desk.mirror().fault)[1], "a reason", 30)
        assert "no answer of 127.0.0.1:1" in desk.mirror().fault
        assert desk.mirror().lag_records == 3


def test_whatever_fails_is_an_answer_and_the_next_job_is_done(monkeypatch: pytest.MonkeyPatch):
    def refused(*_given: object) -> None:
        raise kafka.KafkaException("fatal")

    engine = KafkaEngine(ClusterConfig(enabled=True, kafka=("127.0.0.1:1",)))
    try:
        monkeypatch.setattr(Topics, "producer", refused)
        engine.publish("risk", TOPIC, lines_of(3))
        assert outcome(engine) == Published("risk", 0, "away", "fatal")
        monkeypatch.setattr(Topics, "look", refused)
        for _ in range(2):
            engine.look("risk", 1, 1)
            assert outcome(engine) == Failed("risk", "fatal")
    finally:
        engine.close()
