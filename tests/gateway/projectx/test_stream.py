"""The link's process as a stream: it starts, says why it cannot be used, and ends."""

import sys
import time

from tapewire.common.clock import SystemClock
from tapewire.gateway.broker import CLOSED, DATA, OPENED
from tapewire.gateway.projectx.stream import LinkStream
from tapewire.gateway.tws.reconnect import Reconnect


def stream(python):
    return LinkStream(lambda: python, Reconnect("seed", 60_000, 60_000), SystemClock())


def until(one, kind):
    """What it gives, up to the first frame of a kind."""
    found, ends = [], time.monotonic() + 20
    while not found or found[-1][0] != kind:
        assert time.monotonic() < ends, found
        found += one.ready()
        time.sleep(0.005)
    return found


def test_an_interpreter_that_is_not_there_is_named():
    one = stream("/nowhere/python")
    [[kind, reason]] = one.ready()
    assert kind == CLOSED
    assert b"cannot run /nowhere/python" in reason
    assert b"python in the [[gateways]] entry" in reason
    assert one.fileno() == -1
    assert one.ready() == []  # it waits before it tries again


def test_an_interpreter_without_the_client_says_what_to_install():
    one = stream(sys.executable)
    frames = until(one, CLOSED)
    assert frames[0] == [OPENED]
    said = b"".join(frame[1] for frame in frames if frame[0] == DATA)
    assert b"refused" in said
    needed = b"3.12 or newer" if sys.version_info < (3, 12) else b"project-x-py"
    assert needed in said


def test_a_stream_that_is_closed_ends_its_process():
    one = stream(sys.executable)
    one.ready()
    process = one._process
    one.close()
    assert process.poll() is not None
    assert not one.write(b"x")
