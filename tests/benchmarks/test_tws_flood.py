"""The TWS that floods answers its client between messages, and never within one."""

import socket
import threading

import pytest

from tapewire.benchmarks.load import made_ticks
from tapewire.benchmarks.load.tws_flood import Block, Flood
from tapewire.gateway.tws.encoder import RequestEncoder
from tapewire.gateway.tws.framing import FrameReader, frame

TICKS = 50_000  # more than a socket takes at once


@pytest.mark.parametrize("version", [157, 178])
def test_what_is_asked_within_a_slice_is_answered_at_its_end(version: int):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    flood = Flood(ours, symbol_count=0, version=version)
    flood._mark, flood.block = made_ticks.mark_message(1), Block([1])
    encode = RequestEncoder(1, version)
    sending = threading.Thread(target=flood.send, args=(TICKS,))
    sending.start()
    theirs.sendall(b"API\0" + frame(b"v100..178") + encode.start_api() + encode.current_time())
    reader, kinds = FrameReader(), list[bytes]()
    while len(kinds) < TICKS + 2 + 4:
        kinds += [payload.partition(b"\0")[0] for payload in reader.feed(theirs.recv(1 << 20))]
    sending.join()
    ours.close()
    theirs.close()
    assert set(kinds[: TICKS + 2]) == {b"1", b"2"}
    assert kinds[TICKS + 2 :] == [str(version).encode(), b"15", b"9", b"49"]
