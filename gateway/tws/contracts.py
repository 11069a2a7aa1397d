"""Contracts: our symbols to TWS's contracts and back."""

from collections.abc import Iterable, Sequence
from typing import Final

from ibapi.contract import ComboLeg as Leg
from ibapi.contract import Contract

from tapewire.common.events import ComboLeg
from tapewire.common.instruments import Instrument
from tapewire.gateway.broker import UNNAMED
from tapewire.gateway.tws.encoder import contract_of
from tapewire.gateway.tws.messages import ContractFound, Execution, OpenOrder, PositionReported

SMART: Final = "SMART"
BAG: Final = "BAG"
"""TWS's security type of a combo: several contracts that trade as one."""


class Contracts:
    """What the configuration names and what TWS made of it."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments = {i.symbol: i for i in instruments}
        self._con_ids = {i.symbol: i.con_id for i in self.instruments.values() if i.con_id}
        self._by_con_id = {con_id: symbol for symbol, con_id in self._con_ids.items()}
        self._underlyings: dict[str, str] = {}  # what TWS calls them, where it is not our name
        self._asked: dict[int, str] = {}
        self._called: dict[int, str] = {}  # what is not configured, by its contract
        self._names: dict[str, int] = {}  # what is not configured: the contract that a name is of
        self._held: dict[str, int] = {}  # contracts that were asked about by their id, by name
        self._found: dict[int, Contract] = {}  # what TWS says of those

    def contract(self, symbol: str) -> Contract:
        """The contract to trade `symbol` with; KeyError if it is not configured, and not a holding
        that TWS has described."""
        if symbol not in self.instruments:
            return self._found[self._held[symbol]]
        return contract_of(self.instruments[symbol], self._con_ids.get(symbol, 0))

    def combo(self, legs: Sequence[ComboLeg]) -> Contract:
        """The contract that trades `legs` as one; ValueError where TWS cannot take one of them in
        a combo."""
        for leg in legs:
            if leg.symbol not in self.instruments:
                raise ValueError(f"{leg.symbol} is not configured, so no combo can trade it")
        combo = Contract()
        combo.secType, combo.comboLegs = BAG, [self._leg(leg) for leg in legs]
        first, *others = (self.instruments[leg.symbol] for leg in legs)
        combo.currency, combo.exchange = first.currency, first.exchange
        combo.symbol = self._underlyings.get(first.symbol, first.symbol)
        for other in others:
            if other.currency != first.currency:
                raise ValueError(
                    f"{first.symbol} is in {first.currency} and {other.symbol} in"
                    f" {other.currency}; the legs of a combo have one currency"
                )
            if other.exchange != first.exchange:
                combo.exchange = SMART
        return combo

    def _leg(self, leg: ComboLeg) -> Leg:
        con_id = self._con_ids.get(leg.symbol, 0)
        if not con_id:
            raise ValueError(f"TWS has not given the contract id of {leg.symbol} yet; try again")
        one = Leg()
        one.conId, one.ratio, one.action = con_id, leg.ratio, leg.side
        one.exchange = self.instruments[leg.symbol].exchange
        return one

    def con_id(self, symbol: str) -> int:
        """TWS's id of the contract that `symbol` is, or that is held under that name; 0 where TWS
        has not named it yet."""
        known = self._con_ids.get(symbol) or self._held.get(symbol)
        return known or next((i for i, name in self._called.items() if name == symbol), 0)

    def holds(self, symbol: str) -> bool:
        """Whether `symbol` is a holding that is not configured, and TWS has described it."""
        return self._held.get(symbol, 0) in self._found

    def new_holding(self, symbol: str, con_id: int) -> bool:
        """Whether `symbol` is a holding that is not configured, and not asked about yet."""
        if symbol in self.instruments or not con_id or self._held.get(symbol) == con_id:
            return False
        self._held[symbol] = con_id
        return con_id not in self._found

    def unresolved(self) -> list[str]:
        """Symbols whose contract id TWS has still to tell."""
        return [symbol for symbol in self.instruments if symbol not in self._con_ids]

    def asked(self, request_id: int, symbol: str) -> None:
        """Remember which symbol a contract details request is about."""
        self._asked[request_id] = symbol

    def about(self, request_id: int) -> str | None:
        """The symbol that a contract details request was about."""
        return self._asked.get(request_id)

    def disconnected(self) -> None:
        """What was asked and not answered has to be asked again."""
        self._held = {name: con_id for name, con_id in self._held.items() if con_id in self._found}

    def found(self, message: ContractFound) -> None:
        """Learn a contract id. A second answer to a question is ambiguous, and ignored."""
        symbol = self._asked.get(message.request_id)
        if symbol in self._held:
            self._found.setdefault(message.con_id, _described(message))
            return
        if symbol is not None and symbol not in self._con_ids:
            self._con_ids[symbol] = message.con_id
            self._underlyings[symbol] = message.symbol
            self._by_con_id[message.con_id] = symbol

    def symbol_of(self, message: Execution | OpenOrder | PositionReported) -> str:
        """Our symbol for what TWS reports; TWS's own where the contract is not configured."""
        if message.con_id in self._by_con_id:
            return self._by_con_id[message.con_id]
        for name in (message.local_symbol, message.symbol):
            if name in self.instruments and not (message.con_id and name in self._con_ids):
                return name
        # An option on AAPL is called AAPL too: it must not count as the share.
        # Two contracts of one name are two positions: the second bears its id.
        is_ours, name = message.symbol in self.instruments, message.symbol
        if is_ours or self._names.setdefault(name, message.con_id) != message.con_id:
            name = f"{message.local_symbol or message.symbol}#{message.con_id}"
        self._called[message.con_id] = name
        return name

    def legs_of(self, message: OpenOrder) -> tuple[ComboLeg, ...]:
        """The legs of a combo in our symbols: of a leg TWS gives the contract's id alone."""
        names = {**self._called, **self._by_con_id}
        return tuple(
            ComboLeg(names.get(leg.con_id, f"{UNNAMED}{leg.con_id}"), leg.ratio, leg.side)
            for leg in message.legs
        )


def contract_by_id(con_id: int) -> Contract:
    """A contract of which nothing but its id is known: enough to ask for the rest."""
    contract = Contract()
    contract.conId = con_id
    return contract


def _described(message: ContractFound) -> Contract:
    """The contract as TWS describes it, to be traded where it routes by itself if it can."""
    contract = contract_by_id(message.con_id)
    contract.symbol, contract.localSymbol = message.symbol, message.local_symbol
    contract.secType, contract.currency = message.sec_type, message.currency
    exchanges = message.exchanges
    contract.exchange = SMART if SMART in exchanges else next(iter(exchanges), "")
    return contract
