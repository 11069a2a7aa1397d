"""A client for programs and notebooks, by asyncio: market data, queries and orders of a group.

    from tapewire.client import connect

    async with connect(name="my-program") as client:
        ticker = await client.subscribe_ticker("AAPL")

See `docs/client.md`.
"""

from tapewire.client.bell import Closed
from tapewire.client.chain import LiveChain
from tapewire.client.client import Client
from tapewire.client.connecting import NameTaken, connect
from tapewire.client.order import PlacedOrder
from tapewire.client.records import Holding
from tapewire.client.service import NotConnected
from tapewire.client.ticker import Ticker
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.common.events.scans import Scan
from tapewire.console.group.questions import QueryRefused

__all__ = [
    "Client",
    "Closed",
    "ConfigError",
    "Holding",
    "LiveChain",
    "NameTaken",
    "NotConnected",
    "Outcome",
    "PlacedOrder",
    "QueryRefused",
    "Scan",
    "TapewireError",
    "Ticker",
    "connect",
]
