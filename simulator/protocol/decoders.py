"""The layout of each request, by message id; `version` is the negotiated server version."""

from collections.abc import Callable

import msgspec

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.simulator.exchange.contracts import BAG
from tapewire.simulator.protocol import (
    depth_messages,
    history_messages,
    lookup_messages,
    news_messages,
    option_messages,
    profit_messages,
    scanner_messages,
)
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.messages import NO_ID
from tapewire.simulator.protocol.place_order import place_order
from tapewire.simulator.protocol.requests import READ_FAULT, BadRequest, Fields, Request, only_id


def decode(fields: list[str], version: int) -> Request:
    """Decode a request as server version `version` sends it; raises BadRequest."""
    name = fields[0] if fields else ""
    if not (name.isascii() and name.isdigit() and len(name) <= 9):
        text = f"Error reading request. Message id is {name[:20]!r}, expected an integer"
        raise BadRequest(NO_ID, READ_FAULT, text)
    decoder = DECODERS.get(int(name))
    if decoder is None:
        raise ask.invalid(_first_id(fields), f"Message id {name} is not known to this simulator.")
    reader = Fields(fields)
    request = decoder(reader, version)
    reader.end()
    return request


def _first_id(fields: list[str]) -> int:
    """The id of a request that is not known here. TWS's newer messages, and all of its older ones
    are known, begin with it if they have one."""
    try:
        return Fields(fields).identity()
    except BadRequest:
        return NO_ID


def _start_api(read: Fields, _version: int) -> Request:
    read.skip(1)
    client_id = read.required()
    read.skip(1)  # optional capabilities
    return ask.StartApi(client_id)


def _market_data(read: Fields, _version: int) -> Request:
    read.skip(1)
    req_id, contract = read.identity(), read.contract()
    if contract.sec_type == BAG:
        contract = msgspec.structs.replace(contract, legs=read.legs())
    if read.flag():
        raise ask.invalid(req_id, "Delta-neutral contracts are not simulated.")
    generic = tuple(one.strip() for one in read.text().split(",") if one.strip(" []"))
    snapshot, _regulatory = read.flag(), read.flag()
    read.skip(1)  # options
    return ask.MarketData(req_id, contract, snapshot, generic)


def _tick_by_tick(read: Fields, _version: int) -> Request:
    req_id, contract, kind = read.identity(), read.contract(), read.text()
    past = read.integer()
    read.flag()  # ignoreSize
    return ask.TickByTick(req_id, contract, kind, past)


def _cancel_order(read: Fields, version: int) -> Request:
    read.skip(1)
    order_id = read.identity()
    if version >= 169:
        read.skip(1)  # manualCancelOrderTime
    return ask.CancelOrder(order_id)


def _executions(read: Fields, _version: int) -> Request:
    read.skip(1)
    return ask.Executions(
        req_id=read.identity(),
        client_id=read.integer(),
        account=read.text(),
        since=read.text(),
        symbol=read.text(),
        sec_type=read.text(),
        exchange=read.text(),
        side=read.text(),
    )


def _contract_details(read: Fields, version: int) -> Request:
    read.skip(1)
    req_id, contract = read.identity(), read.contract()
    read.flag()  # includeExpired
    read.skip(2)  # secIdType, secId
    if version >= 176:
        read.skip(1)  # issuerId
    return ask.ContractDetails(req_id, contract)


def _account_updates(read: Fields, _version: int) -> Request:
    read.skip(1)
    return ask.AccountUpdates(read.flag(), read.text())


def _account_updates_multi(read: Fields, _version: int) -> Request:
    read.skip(1)
    request = ask.AccountUpdatesMulti(read.identity(), read.text(), read.text())
    read.flag()  # ledgerAndNLV
    return request


def _account_summary(read: Fields, _version: int) -> Request:
    read.skip(1)
    req_id = read.identity()
    read.skip(1)  # group
    return ask.AccountSummary(req_id, read.text())


def _option_chains(read: Fields, _version: int) -> Request:
    return ask.OptionChains(
        req_id=read.identity(),
        symbol=read.text(),
        exchange=read.text(),
        sec_type=read.text(),
        con_id=read.integer(),
    )


def _market_rule(read: Fields, _version: int) -> Request:
    return ask.MarketRule(read.integer())


def _market_data_type(read: Fields, _version: int) -> Request:
    read.skip(1)
    return ask.MarketDataType(read.integer())


def _completed_orders(read: Fields, _version: int) -> Request:
    read.flag()  # apiOnly
    return ask.CompletedOrders()


def _bare(request: Request, fields: int = 1) -> Callable[[Fields, int], Request]:
    """A request with no content: `fields` fields after its id, the first of them a version."""

    def decoder(read: Fields, _version: int) -> Request:
        read.skip(fields)
        return request

    return decoder


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    **lookup_messages.DECODERS,
    **history_messages.DECODERS,
    **depth_messages.DECODERS,
    **profit_messages.DECODERS,
    **news_messages.DECODERS,
    **scanner_messages.DECODERS,
    **option_messages.DECODERS,
    1: _market_data,
    2: only_id(ask.CancelMarketData, old=True),
    3: place_order,
    4: _cancel_order,
    5: _bare(ask.OpenOrders(everyone=False)),
    6: _account_updates,
    7: _executions,
    8: _bare(ask.NextIds(), fields=2),
    9: _contract_details,
    14: _bare(ask.Ignored(), fields=2),  # server log level
    15: _bare(ask.Ignored(), fields=2),  # bind orders that a person enters: there are none
    16: _bare(ask.OpenOrders(everyone=True)),
    17: _bare(ask.ManagedAccounts()),
    49: _bare(ask.CurrentTime()),
    58: _bare(ask.GlobalCancel()),
    59: _market_data_type,
    61: _bare(ask.Positions()),
    62: _account_summary,
    63: only_id(ask.CancelAccountSummary, old=True),
    64: _bare(ask.CancelPositions()),
    71: _start_api,
    76: _account_updates_multi,
    77: only_id(ask.CancelAccountUpdatesMulti, old=True),
    78: _option_chains,
    91: _market_rule,
    97: _tick_by_tick,
    98: only_id(ask.CancelTickByTick, old=False),
    99: _completed_orders,
    int(IDENTIFY): _bare(ask.Identify(), fields=0),
}
