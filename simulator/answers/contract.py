"""The one contract that a request is about."""

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.order_checks import NO_CONTRACT
from tapewire.simulator.protocol.requests import BadRequest


def only(contracts: Contracts, query: ContractQuery, req_id: int) -> Instrument:
    """The instrument that a client describes; raises BadRequest unless there is exactly one."""
    found = contracts.find(query)
    if len(found) != 1:
        raise BadRequest(req_id, 200, NO_CONTRACT)
    return found[0]
