"""The client: what a program asks of the group, as coroutines."""

from tapewire.client.market_data import MarketData
from tapewire.client.queries import Queries
from tapewire.client.trading import Trading


class Client(MarketData, Queries, Trading):
    """A program's connection to a group, made by `tapewire.client.connect`.

    Prices and quantities are numbers or text; a float stands for its shortest text. Orders are
    signals of a strategy with the client's name. Everything runs on the loop on which it was
    opened.
    """
