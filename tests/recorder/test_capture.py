"""The recorder's sockets: everything of its topics, in order, and nothing else."""

from collections.abc import Iterator

import pytest
import zmq

from tapewire.common.bus import wire
from tapewire.recorder.capture import Capture
from tapewire.recorder.segments import Block, messages
from tests.recorder.published import Market
from tests.waiting import wait_for


@pytest.fixture
def publisher(tmp_path) -> Iterator["zmq.Socket[bytes]"]:
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(f"ipc://{tmp_path}/market")
        yield socket


def test_all_messages_of_its_topics_come_in_their_order(publisher, tmp_path):
    topics = [wire.topic("tick.AAPL"), wire.topic("tick.MSFT")]
    capture = Capture([(f"ipc://{tmp_path}/market", topics)], messages_max=10_000)
    market, taken = Market(), []
    try:
        for _ in topics:
            publisher.recv()  # the subscription has arrived
        assert capture.ready() == []
        sent = [market.message(symbol, 1) for symbol in ("AAPL", "MSFT", "AAPLX", "ESZ6") * 500]
        for frames in sent:
            publisher.send_multipart(frames)
        last = sent[-3]

        def has_come() -> bool:
            for frames in capture.ready():
                taken.extend(frames)
            return bool(taken) and taken[-1] == last[1]

        wait_for(has_come, "all of it to come", 10)
    finally:
        capture.close()
    expected = [tuple(one) for one in sent if one[0] in topics]
    assert [*messages([Block(1, 0, taken)])] == expected
