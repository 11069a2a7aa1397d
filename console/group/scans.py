"""A scan as it changes: read from the topic that the gateway publishes it on."""

from collections.abc import Iterator
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import of_login
from tapewire.common.bus.scans import topic_of
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events.scans import Scan, ScannerResultsReceived
from tapewire.console.group.line import Place

POLL_MS: Final = 100


def follow(group: Place, role: str, scan: Scan) -> Iterator[ScannerResultsReceived]:
    """The rankings of a scan, the last one first, for ever. The broker has it subscribed while this
    goes on."""
    market = of_login("market", roles.login_name(role))
    transport = ZmqTransport()
    try:
        address = endpoint(market, group.bus, group.run_dir)
        transport.connect(market, "sub", address, [wire.topic(topic_of(scan))])
        while True:
            for _, (_, body) in transport.poll(POLL_MS):
                batch, _ = wire.decode_batch(body)
                for event in batch.events:
                    if isinstance(event, ScannerResultsReceived):
                        yield event
    finally:
        transport.close()
