"""The contract of a combo, as a client describes it: its legs, and what the whole of them is."""

from typing import Final, cast

from tapewire.common.events.base import Side
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.contracts import (
    BAG,
    NO_CONTRACT,
    ContractQuery,
    Contracts,
    LegQuery,
)
from tapewire.simulator.exchange.orders import Leg
from tapewire.simulator.protocol.requests import BadRequest, invalid

COMBO_CON_ID: Final = 28_812_380
"""What TWS gives as the contract id of a combo."""


def legs_of(contracts: Contracts, query: ContractQuery, req_id: int) -> tuple[Leg, ...]:
    """The legs of a combo; raises BadRequest where they make none."""
    if len(query.legs) < 2:
        raise invalid(req_id, "Security type 'BAG' requires combo leg details.")
    if not query.exchange:
        raise invalid(req_id, "Missing order exchange.")
    return tuple(_leg(contracts, query, one, req_id) for one in query.legs)


def _leg(contracts: Contracts, query: ContractQuery, given: LegQuery, req_id: int) -> Leg:
    instrument = contracts.leg(given)
    if instrument is None:
        raise BadRequest(req_id, 200, NO_CONTRACT)
    if given.side not in ("BUY", "SELL") or given.ratio < 1:
        raise invalid(req_id, "Invalid combo leg action or ratio.")
    if query.currency not in ("", instrument.currency):
        raise invalid(req_id, "The legs of a combo must have its currency.")
    return Leg(instrument, given.ratio, cast(Side, given.side), given.exchange)


def combo_of(query: ContractQuery, legs: tuple[Leg, ...]) -> Instrument:
    """The contract that trades the legs as one."""
    return Instrument(
        symbol=query.symbol or legs[0].instrument.symbol,
        sec_type=BAG,
        exchange=query.exchange,
        currency=legs[0].instrument.currency,
        min_tick=min(leg.instrument.min_tick for leg in legs),
        con_id=COMBO_CON_ID,
    )
