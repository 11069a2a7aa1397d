"""The one contract, or the account, that a request is about."""

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.protocol.requests import BadRequest, invalid


def only(contracts: Contracts, query: ContractQuery, req_id: int) -> Instrument:
    """The instrument that a client describes; raises BadRequest unless there is exactly one."""
    found = contracts.find(query)
    if len(found) != 1:
        raise BadRequest(req_id, 200, contracts.missing(query))
    return found[0]


def account_of(accounts: Accounts, name: str, req_id: int) -> str:
    """The account that a client means; raises BadRequest if it means none."""
    account = accounts.resolve(name)
    if not account:
        raise invalid(req_id, f"Invalid account code {name!r}.")
    return account
