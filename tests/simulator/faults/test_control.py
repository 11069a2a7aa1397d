"""The control port of a simulator in a process of its own, and what it refuses."""

import json
import socket
import stat
import subprocess
import sys

import pytest
from ib_async import IB, LimitOrder, Stock

from tapewire.common.errors import ConfigError
from tapewire.simulator.control import ControlPort
from tapewire.simulator.faults.catalogue import FAULTS
from tapewire.simulator.faults.commands import answer
from tapewire.simulator.protocol.messages import frame
from tests.places import ROOT
from tests.simulator import control

SCENARIO = """
[[faults]]
what = "hand_entered"
symbol = "AAPL"
side = "SELL"
quantity = 5
limit = 1000

[[faults]]
what = "rejected"
on_order = 2
text = "margin"
"""


@pytest.fixture
def connected(run_simulator):
    """`connected(*arguments)`: a simulator of that kind, and an ib_async client of it."""
    clients = []

    def connect(*arguments):
        simulator = run_simulator(*arguments)
        client = IB()
        client.connect("127.0.0.1", simulator.port, clientId=1, timeout=10)
        clients.append(client)
        return simulator, client

    yield connect
    for client in clients:
        client.disconnect()


def contract(client):
    (found,) = client.qualifyContracts(Stock("AAPL", "SMART", "USD"))
    return found


def test_an_independent_client_sees_a_scenario(connected, tmp_path, wait_until):
    path = tmp_path / "night.toml"
    path.write_text(SCENARIO)
    _simulator, client = connected("--scenario", str(path))
    (entered,) = client.reqAllOpenOrders()
    assert (entered.order.orderId, entered.order.clientId) == (0, 0)
    stock = contract(client)
    first = client.placeOrder(stock, LimitOrder("BUY", 1, 1))
    second = client.placeOrder(stock, LimitOrder("BUY", 1, 1))
    wait_until(second.isDone, client.sleep)
    assert second.orderStatus.status == "Inactive"
    assert "margin" in "".join(one.message for one in second.log)
    assert not first.isDone()


@pytest.mark.parametrize("address", ["0", "control.sock"])
def test_faults_are_injected_while_it_runs(connected, tmp_path, wait_until, address):
    where = address if address == "0" else str(tmp_path / address)
    simulator, client = connected("--control", where)
    said = simulator.process.stdout.readline().split()[-1]
    assert control.ask(said, "list")["faults"] == []
    control.inject(said, "late", message="orderStatus", on_order=9)
    assert [one["what"] for one in control.ask(said, "list")["faults"]] == ["late"]
    control.ask(said, "clear")
    assert control.ask(said, "list")["faults"] == []
    trade = client.placeOrder(contract(client), LimitOrder("BUY", 7, 1))
    wait_until(lambda: trade.order.permId, client.sleep)
    before = trade.order.permId
    number = control.inject(said, "perm_id_replaced")
    control.until_spent(said, number)
    assert {one.order.permId for one in client.reqAllOpenOrders()} - {before}


@pytest.mark.parametrize(("what", "raises"), [("reset", True), ("close", False)])
def test_a_reset_is_an_error_to_the_client_and_a_close_is_not(run_simulator, what, raises):
    simulator = run_simulator("--control", "0")
    said = simulator.process.stdout.readline().split()[-1]
    with socket.create_connection(("127.0.0.1", simulator.port), 10) as client:
        client.sendall(b"API\0\0\0\0\x09v100..157" + frame(["71", "2", "1", ""]))
        read_until(client, b"simsecdef")
        control.inject(said, what)
        if raises:
            with pytest.raises(ConnectionResetError):
                client.recv(1000)
        else:
            assert client.recv(1000) == b""


def read_until(client, end):
    found = b""
    while end not in found:
        found += client.recv(1000)


def test_an_order_is_entered_by_hand(connected, wait_until):
    simulator, client = connected("--control", "0")
    said = simulator.process.stdout.readline().split()[-1]
    control.ask(said, "order", symbol="AAPL", quantity=3, limit=1, account="DU1234567")
    wait_until(client.reqAllOpenOrders, client.sleep)
    assert [one.order.totalQuantity for one in client.reqAllOpenOrders()] == [3]


def test_what_it_is_asked_wrongly_it_refuses_and_goes_on(run_simulator):
    simulator = run_simulator("--control", "0")
    said = simulator.process.stdout.readline().split()[-1]
    with control.connect(said) as connection, connection.makefile("rwb") as stream:
        for line in (b"{", b"[1]", b'{"do":"injekt"}', b'{"do":"inject","what":"rest"}', b"\xff"):
            stream.write(line + b"\n")
            stream.flush()
            assert json.loads(stream.readline())["ok"] is False
    assert control.ask(said, "list")["ok"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{}", "do is missing; expected one of: clear, inject, list, order"),
        (b'{"do":"injekt"}', "do is 'injekt'; did you mean inject?"),
        (b'{"do":"inject","what":"rset"}', "'rset' is not a known fault; did you mean reset?"),
        (b'{"do":"order","symbol":"APPL"}', "symbol is 'APPL'; did you mean AAPL?"),
        (b"7", "expected a JSON object, found 7"),
    ],
)
def test_a_refusal_says_what_was_expected(tws, line, sentence):
    found = json.loads(answer(tws.server.faults, line))
    assert found["ok"] is False
    assert sentence in found["error"]


@pytest.mark.parametrize("address", ["0.0.0.0:7000", "192.168.1.5:7000", "example.com:1", ":::9"])
def test_an_address_beyond_this_machine_is_refused(tws, address):
    with pytest.raises(ConfigError, match="must be on this machine"):
        ControlPort(address, tws.server.faults)


def test_a_port_that_cannot_be_is_refused(tws):
    with pytest.raises(ConfigError, match="control is 99999: a port is at most 65535"):
        ControlPort("99999", tws.server.faults)


def test_a_socket_is_for_this_user_alone_and_a_left_over_one_is_replaced(tws, tmp_path):
    path = tmp_path / "control"
    first = ControlPort(str(path), tws.server.faults)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="in use"):
        ControlPort(str(path), tws.server.faults)
    first._listener.close()  # as if killed: the path stays
    second = ControlPort(str(path), tws.server.faults)
    second.close()
    assert not path.exists()


@pytest.mark.parametrize("program", [["tapewire.simulator"], ["tapewire.console.cli", "simulator"]])
def test_the_list_of_faults_can_be_printed(program):
    command = [sys.executable, "-m", *program, "--scenarios"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert all(f"\n{name}: " in "\n" + ended.stdout for name in FAULTS)


def test_a_scenario_that_is_none_ends_the_simulator_with_a_sentence(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text('[[faults]]\nwhat = "rset"\n')
    command = [sys.executable, "-m", "tapewire.simulator", "--port", "0", "--scenario", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{path}: [[faults]] number 1: 'rset' is not a known fault;")
