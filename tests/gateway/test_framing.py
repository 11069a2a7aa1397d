"""Framing: the same payloads wherever TCP cut the stream."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.gateway.tws.framing import FRAME_MAX_BYTES, FrameReader, FramingError, frame

payloads_and_cuts = st.lists(st.binary(max_size=40), max_size=8).flatmap(
    lambda payloads: st.tuples(
        st.just(payloads),
        st.lists(st.integers(0, sum(len(p) + 4 for p in payloads)), max_size=12),
    )
)


@given(payloads_and_cuts)
def test_any_split_of_the_stream_gives_the_same_payloads(case: tuple[list[bytes], list[int]]):
    payloads, cuts = case
    stream = b"".join(frame(p) for p in payloads)
    places = [0, *sorted(cuts), len(stream)]
    reader = FrameReader()
    got = [p for a, b in pairwise(places) for p in reader.feed(stream[a:b])]
    assert got == payloads


def test_a_burst_of_whole_4096_byte_blocks_is_given_at_once():
    # ibapi's defect 1: such a burst, followed by silence, was lost.
    burst = frame(b"x" * (4096 - 4)) * 3
    assert len(burst) % 4096 == 0
    assert len(FrameReader().feed(burst)) == 3


def test_a_frame_of_the_largest_size_is_waited_for():
    assert FrameReader().feed(FRAME_MAX_BYTES.to_bytes(4, "big")) == []


def test_the_largest_frame_in_the_segments_of_a_slow_line_is_not_copied_at_each():
    """Ten thousand of them: copied at each, that is minutes of nothing else."""
    reader, whole = FrameReader(), frame(bytes(FRAME_MAX_BYTES)) + frame(b"next")
    got: list[bytes] = []
    for at in range(0, len(whole), 1448):
        got += reader.feed(whole[at : at + 1448])
    assert list(map(len, got)) == [FRAME_MAX_BYTES, 4]
    assert reader.waiting == 0


def test_an_oversized_frame_ends_the_stream():
    with pytest.raises(FramingError, match="frame of 16777216 bytes, expected at most 16777215"):
        FrameReader().feed((FRAME_MAX_BYTES + 1).to_bytes(4, "big"))
