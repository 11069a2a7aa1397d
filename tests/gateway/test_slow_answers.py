"""A slow line: TWS's time comes behind a large answer, for TWS answers in order."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_bench import Bench, kinds, submit

CHUNK = 4000
BARS = ["17", "9", "20261101", "20261120", "24000", *["20261119", "1", "2", "1", "2", "9"] * 24000]
CHAIN = ["75", "9", "SMART", "265598", "AAPL", "100", "1", "20261218", "400", *["150"] * 400]
DEPTH = ["12", "1", "1000000000", "0", "0", "1", "150.5", "10"]


def one_frame() -> bytes:
    """Years of bars, nearly half a megabyte, in a single frame."""
    return frame(BARS)


def many_frames() -> bytes:
    """Options of an underlying, one list for each of many exchanges and expiries."""
    return frame(CHAIN) * 300


@pytest.fixture
def bench() -> Bench:
    """It has asked for TWS's time, and the question is unanswered."""
    bench = Bench()
    bench.hangs = True
    for number in range(25):
        bench.submit(submit(f"s-1/{number}"))
    assert "49" in kinds(bench.flush())
    return bench


def arrives(bench: Bench, chunks: Iterator[bytes], seconds: int) -> list[str]:
    """One of `chunks` each second for so long; gives what there was to hang up for."""
    reasons = []
    for chunk in itertools.islice(chunks, seconds):
        bench.pass_s(1)
        bench.raw(chunk)
        bench.flush()
        reasons.append(bench.broker.overdue(bench.now))
    return [reason for reason in reasons if reason]


def cut(data: bytes) -> Iterator[bytes]:
    return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


@pytest.mark.parametrize("answer", [one_frame, many_frames])
def test_a_large_answer_before_the_time_is_waited_for(bench: Bench, answer: Callable[[], bytes]):
    data = answer()
    assert len(data) > 60 * CHUNK
    assert arrives(bench, cut(data), 1000) == []
    assert bench.broker.held(bench.now)  # nothing is written meanwhile
    bench.receive(messages.current_time(bench.now.wall_ns))
    assert bench.broker.held(bench.now) == ""


def test_after_a_large_answer_the_time_has_to_come(bench: Bench):
    assert arrives(bench, cut(frame(CHAIN) * 80), 1000) == []
    bench.pass_s(11)
    assert "TWS did not answer within" in bench.broker.overdue(bench.now)


def test_an_answer_that_never_ends_is_not_waited_for_longer_than_the_largest(bench: Bench):
    endless = itertools.repeat(frame(CHAIN) * 3)
    assert arrives(bench, endless, 140) == []
    assert arrives(bench, endless, 20)


def test_a_depth_of_market_is_no_answer_however_much_of_it_comes(bench: Bench):
    assert arrives(bench, itertools.repeat(frame(DEPTH) * 500), 20)


def test_a_new_connection_counts_from_nothing(bench: Bench):
    arrives(bench, cut(frame(CHAIN) * 80), 1000)
    bench.lose()
    assert bench.broker.session.answer_bytes == 0
    bench.hangs = False
    bench.connect()
    bench.answer_snapshot()
    bench.hangs = True
    bench.pass_s(1)
    assert ["49", "1"] in bench.flush()
    assert arrives(bench, cut(frame(CHAIN) * 80), 1000) == []
