"""What is held has prices, though nobody here reads it: limits on a loss need them."""

import pytest

from tapewire.common import roles
from tapewire.gateway.tws.account_summary import REQUEST_ID
from tapewire.gateway.tws.socket import OPENED
from tapewire.simulator.protocol import messages
from tests.gateway.test_service import Shell
from tests.gateway.tws_messages import ACCOUNT, T0, managed_accounts, position_message


@pytest.fixture
def shell() -> Shell:
    return Shell().ready()


def opened_lines(shell: Shell) -> list[str]:
    """The symbols whose market data TWS was asked for."""
    return [fields[4] for fields in shell.written() if fields[0] == "1"]


def test_what_is_held_has_prices_though_nobody_reads_it(shell: Shell):
    shell.tws(position_message(0, "MSFT"))
    assert opened_lines(shell) == []
    shell.tws(position_message(7, "AAPL"))
    shell.tws(position_message(9, "AAPL"))
    shell.turn()
    assert opened_lines(shell) == ["AAPL"]


def test_the_liquidation_gateway_opens_no_market_data():
    shell = Shell(role=roles.LIQUIDATION).ready()
    shell.tws(position_message(7, "AAPL"))
    shell.turn()
    assert opened_lines(shell) == []


def test_what_was_held_before_a_restart_has_prices_too(shell: Shell):
    shell.tws(position_message(7, "AAPL"))
    again = Shell(shell.journal)
    again.wires.beat("risk", T0, trading="ACTIVE")
    again.wires.put("tws", OPENED)
    again.turn()
    again.tws(["157", "time"])
    again.tws(messages.next_valid_id(1), managed_accounts(ACCOUNT))
    again.tws(position_message(7, "AAPL"), messages.position_end(), messages.open_order_end(),
              messages.execution_end(1), messages.completed_orders_end())  # fmt: skip
    again.tws(messages.account_summary_end(REQUEST_ID + 1))
    again.turn()
    assert opened_lines(again) == ["AAPL"]
