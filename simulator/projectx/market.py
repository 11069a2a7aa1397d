"""The market hub: rows of the market as quotes, trades and depth."""

from collections.abc import Callable
from typing import Any

from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.book import Book
from tapewire.simulator.projectx.hubs import Hubs
from tapewire.simulator.projectx.listing import Listing
from tapewire.simulator.projectx.words import (
    ASK_LEVEL,
    BID_LEVEL,
    BUY,
    SELL,
    TRADED,
    Json,
    number,
    stamp,
)

Call = Callable[[int, str, str, Any], None]
"""Calls a client's method with a contract's id and something about it."""


class MarketHub:
    """Shows rows to those who have subscribed to their contracts."""

    def __init__(self, listing: Listing, books: dict[str, Book], hubs: Hubs, call: Call) -> None:
        self.sent = 0
        self._listing = listing
        self._books = books
        self._hubs = hubs
        self._call = call
        self._volumes: dict[str, int] = {}

    def show(self, row: Row, now_ns: int) -> None:
        """Send a row that the book has taken already."""
        contract_id = self._listing.id_of(row.symbol)
        if row.last is not None:
            size = int(float(row.last_size or 0))
            self._volumes[row.symbol] = self._volumes.get(row.symbol, 0) + size
        if self._hubs.is_wanted("ContractQuotes", contract_id):
            self._send(
                "ContractQuotes", "GatewayQuote", contract_id, self.quote(row.symbol, now_ns)
            )
        if row.last is not None and self._hubs.is_wanted("ContractTrades", contract_id):
            self._send("ContractTrades", "GatewayTrade", contract_id, [self._trade(row, now_ns)])
        if self._hubs.is_wanted("ContractMarketDepth", contract_id):
            depth = self._depth(row, now_ns)
            self._send("ContractMarketDepth", "GatewayDepth", contract_id, depth)

    def quote(self, symbol: str, now_ns: int) -> Json:
        """The quote of a symbol as it stands."""
        book, at = self._books[symbol], stamp(now_ns)
        return {
            "symbol": self._listing.symbol_id(symbol),
            "lastPrice": number(book.last),
            "bestBid": number(book.bid.quoted()),
            "bestAsk": number(book.ask.quoted()),
            "volume": self._volumes.get(symbol, 0),
            "lastUpdated": at,
            "timestamp": at,
        }

    def _trade(self, row: Row, now_ns: int) -> Json:
        """A trade; who began it shows the quote, as far as it does."""
        ask = self._books[row.symbol].ask.quoted()
        price = number(row.last)
        is_buy = ask is not None and price is not None and price >= float(ask)
        return {
            "symbolId": self._listing.symbol_id(row.symbol),
            "price": price,
            "timestamp": stamp(now_ns),
            "type": BUY if is_buy else SELL,
            "volume": int(float(row.last_size or 0)),
        }

    def _depth(self, row: Row, now_ns: int) -> list[Json]:
        """What the row has changed of the best level."""
        at = stamp(now_ns)
        lines = (
            (BID_LEVEL, row.bid, row.bid_size),
            (ASK_LEVEL, row.ask, row.ask_size),
            (TRADED, row.last, row.last_size),
        )
        return [
            {
                "timestamp": at, "type": kind, "price": number(price),
                "volume": int(float(size or 0)), "currentVolume": int(float(size or 0)),
            }
            for kind, price, size in lines
            if price is not None
        ]  # fmt: skip

    def _send(self, subject: str, target: str, contract_id: str, data: Any) -> None:
        for conn in self._hubs.wanting(subject, contract_id):
            self._call(conn, target, contract_id, data)
            self.sent += 1
