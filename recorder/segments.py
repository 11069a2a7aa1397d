"""Segments: the bytes of what was recorded, in the order in which it came, each piece checked.

A segment is a row of pieces: `marker, length, CRC-32` and then `length` bytes, all numbers little
endian. The first piece is its `Header`, the others are a `Block` each: what one drain of the
sockets brought, as the frames came. A frame is not looked into: the body of a message carries its
source, epoch and seq, so what the stream lost stays visible as a hole, and which frame is a topic
and which a body can be told by the first byte.

What could go wrong: the process is killed, or the machine loses its power, in the middle of a
write. Then the segment ends in a piece that is not whole: its length leads beyond the end, or its
CRC is another. No piece follows it, so it is cut off (`torn`), and what stands before it stays
valid. A piece that is broken with a whole one behind it was not torn by a write. It is
`damaged`: the disk, or somebody, has changed it. The marker finds the piece behind it, however the
length came to be wrong, so that damage costs the block that it is in and no other. What a block
carries may look like a piece, so the CRC of a block goes on from that of its segment's header:
nothing that was not written as a block of this segment passes for one.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

VERSION: Final = 1
MARKER: Final = b"TWR\x01"
_HEAD: Final = struct.Struct("<4sII")
BLOCK_MAX_BYTES: Final = 1 << 30
HEADER_MAX_BYTES: Final = 128
"""A file that is not longer has no block."""
BODY_BEGINS: Final = 0x95
"""A body of the wire is a MessagePack array of five; no topic begins with this byte."""


class SegmentError(ValueError):
    """The bytes are not a segment, or one of another version; says what was found."""


class Header(msgspec.Struct, frozen=True, array_like=True):
    """The first piece: which start of the recorder wrote it, its number there, and when (UTC)."""

    version: int
    epoch: str
    number: int
    started_ns: int


class Block(msgspec.Struct, frozen=True, array_like=True):
    """What one drain brought. `number` counts the blocks of a segment from 1; `taken_ns` is when
    it was taken from the sockets (UTC)."""

    number: int
    taken_ns: int
    frames: list[bytes]


class Contents(NamedTuple):
    """What a segment holds. `whole_bytes` is where what was torn begins; `damaged` says what
    cannot be read before that."""

    header: Header
    blocks: list[Block]
    whole_bytes: int
    torn_bytes: int
    damaged: tuple[str, ...]


_encoder = msgspec.msgpack.Encoder()
_header = msgspec.msgpack.Decoder(Header)
_block = msgspec.msgpack.Decoder(Block)


def header_piece(header: Header) -> bytes:
    """The bytes that a segment begins with."""
    return _piece(_encoder.encode(header))


def block_piece(head: bytes, number: int, taken_ns: int, frames: list[bytes]) -> bytes:
    """The bytes of a block of the segment that begins with `head`."""
    return _piece(_encoder.encode((number, taken_ns, frames)), zlib.crc32(head))


def _piece(payload: bytes, seed: int = 0) -> bytes:
    return _HEAD.pack(MARKER, len(payload), zlib.crc32(payload, seed)) + payload


def contents(data: bytes) -> Contents:
    """Read a segment; raises `SegmentError` where not even its header is whole."""
    head = _whole(data, 0, 0)
    if head is None:
        raise SegmentError("it does not begin with a whole header; expected a recorded segment")
    header = _header_of(head.payload)
    blocks, damaged, end, number = [], [], head.end, 1
    for piece in _pieces(data, head.end, zlib.crc32(data[: head.end])):
        if piece.at != end:
            damaged.append(f"{piece.at - end:,} bytes at {end:,} are damaged")
        block = _block.decode(piece.payload)
        if block.number != number and piece.at == end:
            damaged.append(f"block {block.number} follows block {number - 1} at {end:,}")
        blocks.append(block)
        end, number = piece.end, block.number + 1
    return Contents(header, blocks, end, len(data) - end, tuple(damaged))


def messages(blocks: Iterable[Block]) -> Iterator[tuple[bytes, bytes]]:
    """Topic and body of each message, in order. A frame without its other half is passed over; no
    publisher of the group sends one."""
    for block in blocks:
        topic: bytes | None = None
        for frame in block.frames:
            if not frame or frame[0] != BODY_BEGINS:
                topic = frame
            elif topic is not None:
                yield topic, frame
                topic = None


class _Piece(NamedTuple):
    at: int
    end: int
    payload: bytes


def _pieces(data: bytes, at: int, seed: int) -> Iterator[_Piece]:
    """The whole pieces; what lies between two of them is damaged, and behind the last one torn."""
    while at >= 0:
        piece = _whole(data, at, seed)
        if piece is not None:
            yield piece
            at = piece.end
            if data.startswith(MARKER, at):
                continue
        at = data.find(MARKER, at if piece is not None else at + 1)


def _whole(data: bytes, at: int, seed: int) -> _Piece | None:
    if len(data) < at + _HEAD.size:
        return None
    marker, length, crc = _HEAD.unpack_from(data, at)
    begin, end = at + _HEAD.size, at + _HEAD.size + length
    if marker != MARKER or length > BLOCK_MAX_BYTES or end > len(data):
        return None
    payload = data[begin:end]
    return _Piece(at, end, payload) if zlib.crc32(payload, seed) == crc else None


def _header_of(payload: bytes) -> Header:
    try:
        header = _header.decode(payload)
    except msgspec.MsgspecError as error:
        raise SegmentError(f"its header cannot be read: {error}") from error
    if header.version != VERSION:
        raise SegmentError(
            f"it is of version {header.version}, expected {VERSION}; use the version of Tapewire"
            " that wrote it"
        )
    return header
