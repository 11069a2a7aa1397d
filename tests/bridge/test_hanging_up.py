"""Giving up a connection to a node that takes nothing any more, as behind a broken network."""

import asyncio
import contextlib

import pytest

from tapewire.bridge.nats_engine import _hang_up

INFO = b'INFO {"server_id":"A","version":"2.15.0","max_payload":1048576,"headers":true}\r\n'
PIECE = 500_000
"""Bytes of a message. All of them together are more than the kernel buffers of a connection."""


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A node that says hello, and then nothing more."""
    writer.write(INFO)
    await reader.readuntil(b"PING\r\n")
    writer.write(b"PONG\r\n")
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    writer.transport.abort()


async def given_up(while_it_reconnects: bool) -> str:
    nats = pytest.importorskip("nats")
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await nats.connect(f"nats://127.0.0.1:{port}", pending_size=64_000_000)
    for _ in range(40):
        await client.publish("a", b"x" * PIECE)
    await asyncio.sleep(0)
    if while_it_reconnects:  # it waits until all has left that it has for the node
        await client._process_op_err(OSError("no answer to a ping"))
        for _ in range(10):
            await asyncio.sleep(0)
    await _hang_up(client)
    server.close()
    transport = client._transport
    assert transport is not None
    transport._io_writer.transport.abort()
    return "went on"


@pytest.mark.parametrize("while_it_reconnects", [True, False])
def test_whoever_gives_up_a_connection_goes_on(
    monkeypatch: pytest.MonkeyPatch, while_it_reconnects: bool
):
    monkeypatch.setattr("tapewire.bridge.nats_engine.TIMEOUT_S", 0.2)
    assert asyncio.run(given_up(while_it_reconnects)) == "went on"
