"""Contracts: our symbols to TWS's contracts and back."""

from collections.abc import Iterable

from ibapi.contract import Contract

from tapewire.common.instruments import Instrument
from tapewire.gateway.tws.encoder import contract_of
from tapewire.gateway.tws.messages import ContractFound, Execution, PositionReported


class Contracts:
    """What the configuration names and what TWS made of it."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments = {i.symbol: i for i in instruments}
        self._con_ids = {i.symbol: i.con_id for i in self.instruments.values() if i.con_id}
        self._by_con_id = {con_id: symbol for symbol, con_id in self._con_ids.items()}
        self._asked: dict[int, str] = {}

    def contract(self, symbol: str) -> Contract:
        """The contract to trade `symbol` with; KeyError if it is not configured."""
        return contract_of(self.instruments[symbol], self._con_ids.get(symbol, 0))

    def unresolved(self) -> list[str]:
        """Symbols whose contract id TWS has still to tell."""
        return [symbol for symbol in self.instruments if symbol not in self._con_ids]

    def asked(self, request_id: int, symbol: str) -> None:
        """Remember which symbol a contract details request is about."""
        self._asked[request_id] = symbol

    def about(self, request_id: int) -> str | None:
        """The symbol that a contract details request was about."""
        return self._asked.get(request_id)

    def found(self, message: ContractFound) -> None:
        """Learn a contract id. A second answer to a question is ambiguous, and ignored."""
        symbol = self._asked.get(message.request_id)
        if symbol is not None and symbol not in self._con_ids:
            self._con_ids[symbol] = message.con_id
            self._by_con_id[message.con_id] = symbol

    def symbol_of(self, message: Execution | PositionReported) -> str:
        """Our symbol for what TWS reports; TWS's own where the contract is not configured."""
        if message.con_id in self._by_con_id:
            return self._by_con_id[message.con_id]
        for name in (message.local_symbol, message.symbol):
            if name in self.instruments and not (message.con_id and name in self._con_ids):
                return name
        # An option on AAPL is called AAPL too: it must not count as the share.
        if message.symbol not in self.instruments:
            return message.symbol
        return f"{message.local_symbol or message.symbol}#{message.con_id}"
