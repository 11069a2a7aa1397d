"""The viewers of the console's benchmark: chunks as they come, and how old what is shown was."""

import json
import socket

import pytest

from tapewire.benchmarks.load.viewers import Chunks, Viewer

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    data, chunks = HEAD + chunked(b"one\r\n\r\n") + chunked(b"two"), Chunks()
    found = [
        chunk
        for at in range(0, len(data), size)
        for chunk in chunks.take(data[at : at + size])
    ]  # fmt: skip
    assert found == [b"one\r\n\r\n", b"two"]


def test_a_refused_viewer_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="refuses a viewer"):
        list(Chunks().take(b"HTTP/1.1 401 Unauthorized\r\n\r\n"))


def test_the_lag_is_the_age_of_what_was_shown_until_the_next_price() -> None:
    ours, theirs = socket.socketpair()
    viewer = Viewer(ours, "BENCH")
    theirs.sendall(HEAD)
    for name, ts_ns in (("whole", 1_000), ("delta", 2_000), ("delta", None)):
        rows = {} if ts_ns is None else {"BENCH": {"ts_ns": ts_ns}}
        tables = {"instruments": {"set": rows, "del": []}}
        data = json.dumps({"groups": {"desk": tables}})
        theirs.sendall(chunked(f"event: {name}\ndata: {data}\n\n".encode()))
        viewer.read()
    now_ns = viewer.lag_ns[0] + 1_000
    assert (viewer.is_whole, viewer.messages, len(viewer.lag_ns)) == (True, 3, 1)
    assert now_ns > 1_700_000_000_000_000_000
    viewer.begin()
    assert (viewer.messages, viewer.lag_ns) == (0, [])
    ours.close()
    theirs.close()
