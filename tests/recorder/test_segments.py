"""The bytes of a segment: what is whole is read, what is torn is cut, damage costs its block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.recorder.segments import (
    VERSION,
    Block,
    Header,
    SegmentError,
    block_piece,
    contents,
    header_piece,
    messages,
)
from tests.recorder.published import Market

HEAD = header_piece(Header(VERSION, "e", 1, 7))
BLOCKS = [Market(n).messages(4) for n in range(3)]
PIECES = [block_piece(HEAD, n, n * 10, frames) for n, frames in enumerate(BLOCKS, 1)]
WHOLE = HEAD + b"".join(PIECES)
ENDS = [len(HEAD) + sum(map(len, PIECES[:n])) for n in range(4)]


def test_what_was_written_is_read():
    found = contents(WHOLE)
    assert found.header == Header(VERSION, "e", 1, 7)
    assert found.blocks == [Block(n, n * 10, frames) for n, frames in enumerate(BLOCKS, 1)]
    assert (found.whole_bytes, found.torn_bytes, found.damaged) == (len(WHOLE), 0, ())


@given(st.integers(len(HEAD), len(WHOLE) - 1))
def test_wherever_a_write_was_cut_off_the_blocks_before_it_are_whole(length):
    found = contents(WHOLE[:length])
    count = sum(end <= length for end in ENDS) - 1
    assert [block.frames for block in found.blocks] == BLOCKS[:count]
    assert found.whole_bytes == ENDS[count]
    assert (found.torn_bytes, found.damaged) == (length - ENDS[count], ())


def test_an_end_that_the_disk_filled_with_zeros_is_torn_too():
    found = contents(WHOLE[: ENDS[2]] + bytes(len(PIECES[2])))
    assert [block.frames for block in found.blocks] == BLOCKS[:2]
    assert found.torn_bytes == len(PIECES[2])


@given(st.integers(ENDS[0], ENDS[2] - 1), st.integers(1, 255))
def test_a_byte_that_changed_costs_its_block_alone_and_is_seen(at, flip):
    broken = bytearray(WHOLE)
    broken[at] ^= flip
    found = contents(bytes(broken))
    lost = 0 if at < ENDS[1] else 1
    assert [b.frames for b in found.blocks] == [b for n, b in enumerate(BLOCKS) if n != lost]
    assert found.torn_bytes == 0
    (said,) = found.damaged
    assert said == f"{len(PIECES[lost]):,} bytes at {ENDS[lost]:,} are damaged"


def test_a_block_that_is_missing_without_a_trace_is_seen():
    found = contents(HEAD + PIECES[0] + PIECES[2])
    assert found.damaged == (f"block 3 follows block 1 at {ENDS[1]:,}",)


def test_what_a_torn_block_carries_is_no_block_though_it_looks_like_one():
    other = header_piece(Header(VERSION, "e", 1, 8))
    frames = [b"tick.A\0", b"\x95" + other + block_piece(other, 1, 0, [b"a", b"b"])]
    found = contents(HEAD + block_piece(HEAD, 1, 0, frames)[:-1])
    assert found.blocks == []
    assert found.whole_bytes == len(HEAD)
    assert found.damaged == ()


@pytest.mark.parametrize("data", [b"", b"TWR", b"something else", HEAD[:-1], PIECES[0]])
def test_what_is_no_segment_is_refused(data):
    with pytest.raises(SegmentError, match=r"header|no segment"):
        contents(data)


def test_a_segment_of_another_version_is_refused_and_says_what_reads_it():
    with pytest.raises(SegmentError, match="of version 9, expected 1; use the version of Tapewire"):
        contents(header_piece(Header(9, "e", 1, 7)))


def test_topics_and_bodies_find_each_other_whatever_came_between():
    one, other = Market().message("AAPL"), Market().message("MSFT")
    odd = [[b"tick.X\0"], [*one, b"\x95body without a topic"], [*other]]
    blocks = [Block(n, 0, frames) for n, frames in enumerate(odd)]
    assert [*messages(blocks)] == [tuple(one), tuple(other)]
