"""The emergency brake: `tapewire halt` as fast as it can be."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import typer.main
import zmq

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.bus.spoken import token_of
from tapewire.common.config.settings import load
from tapewire.common.events import EVERYTHING, Control, ControlReply, Scope
from tapewire.common.runtime import tokens
from tapewire.common.runtime.role_lock import take_role
from tapewire.console import application, brake
from tapewire.console.group import control, launch
from tests.console.running import answering
from tests.places import ROOT

HEAVY = {
    "ibapi", "matplotlib", "msgpack", "numpy", "prometheus_client", "pydantic", "pydantic_core",
    "pydantic_settings", "rich", "sqlite3", "supervisor", "typer", "xmlrpc",
}  # fmt: skip
HALT = """
import sys
from tapewire.console import cli
sys.argv = ["tapewire", *sys.argv[1:]]
try:
    cli.main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.fixture
def risk(run_dir, config) -> Iterator[list[Control]]:
    """A started group in the run directory, whose risk answers; gives the requests it received."""
    launch.keep(load(), run_dir)
    read: list[Control] = []
    (run_dir / tokens.FOLDER).mkdir(exist_ok=True)
    token = tokens.issue(run_dir, roles.RISK, roles.CLI)
    context = zmq.Context()
    door = context.socket(zmq.ROUTER)
    door.bind(f"ipc://{run_dir}/control")

    def answer() -> None:
        if door.poll(20_000):
            peer, shown, request = door.recv_multipart()
            assert token_of(shown) == token
            read.append(wire.decode(request, Control))
            door.send_multipart([peer, wire.encode(ControlReply(True, "HALTED", read[-1].reason))])

    thread = threading.Thread(target=answer)
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.bind(str(run_dir / SUPERVISOR))
        supervisor.listen()
        thread.start()
        yield read
        thread.join()
    context.destroy(linger=0)


def test_a_halt_loads_no_heavy_module(risk):
    ended = subprocess.run(
        [sys.executable, "-c", HALT, "halt", "--reason", "lunch", "--json", "--symbol", "AAPL",
         "--account=DU1"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "ok": True, "state": "HALTED", "text": "lunch",
        "scope": {"account": "DU1", "strategy": "", "symbol": "AAPL"},
    }  # fmt: skip
    assert [(one.action, one.reason, one.scope) for one in risk] == [
        ("halt", "lunch", Scope("DU1", "", "AAPL"))
    ]
    assert HEAVY & set(ended.stderr.split()) == set()


@pytest.mark.parametrize("role", [roles.RISK, "gateway-one"])
def test_what_has_no_supervisord_is_halted_while_risk_or_a_gateway_lives(
    tapewire, run_dir, risk, role
):
    (run_dir / SUPERVISOR).unlink()
    (run_dir / "locks").mkdir(exist_ok=True)
    other = take_role(run_dir, "strategy-dip")
    assert control.find(None, run_dir) is None, "nothing is there that a halt could reach"
    lock = take_role(run_dir, role)
    ended = tapewire("halt")
    lock.close()
    other.close()
    assert (ended.status, ended.out) == (0, "trading is HALTED: manual\n")
    assert control.find(None, run_dir) is None, "it has ended"


def test_a_halt_reads_only_the_run_directory_of_the_file(tapewire, risk, config):
    config.write_text(config.read_text() + "[risk]\nno_such_key = 1\n[tws\n")
    ended = tapewire("halt")
    assert (ended.status, ended.out, ended.err) == (0, "trading is HALTED: manual\n", "")
    assert risk[0].scope == EVERYTHING


def test_the_plain_forms_of_a_halt_are_parsed():
    given = ["--reason", "a b", "--config=x", "--run-dir", "r", "--json", "--strategy", "dip"]
    assert brake.options(given) == {
        "--reason": "a b", "--config": "x", "--run-dir": "r", "--json": "", "--strategy": "dip",
    }  # fmt: skip
    assert brake.options([]) == {}


@pytest.mark.parametrize(
    "arguments",
    ["-h", "--help", "--version", "--reason", "--reason --json", "now", "--jsn", "--json=1"],
)
def test_anything_else_is_left_to_the_command_line(arguments: str):
    assert brake.options(arguments.split()) is None


def test_a_halt_has_the_options_that_the_command_line_knows():
    command = typer.main.get_command(application.application("halt"))
    known = command.commands["halt"].params  # type: ignore[attr-defined]
    assert {name for one in known for name in one.opts} == {*brake.VALUES, *brake.FLAGS}
    flags = [one for one in known if one.is_flag]
    assert {name for one in flags for name in one.opts} == set(brake.FLAGS)


@pytest.mark.parametrize("option", ["--symbol", "--strategy"])
def test_a_misspelt_part_is_not_halted_but_refused(tapewire, run_dir, config, monkeypatch, option):
    config.write_text(
        config.read_text() + '[[strategies]]\nname = "AAPL"\nstrategy = "strategies.dip:Dip"\n'
    )
    launch.keep(load(), run_dir)
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(control, "listens", lambda _: True)
    monkeypatch.setattr(control, "ask", answering(asked))
    ended = tapewire("halt", option, "AAPLE")
    assert (ended.status, asked) == (2, [])
    assert f"{option} is 'AAPLE', which is not known; did you mean AAPL?" in ended.err
    assert tapewire("halt", option, "AAPL").out.endswith("; trading as a whole is ACTIVE\n")
    assert asked == [("halt", "manual", f"{option.removeprefix('--')} AAPL")]


def test_a_further_instance_of_a_strategy_can_be_halted(tapewire, run_dir, config, monkeypatch):
    config.write_text(
        config.read_text() + '[[strategies]]\nname = "dip"\nstrategy = "strategies.dip:Dip"\n'
    )
    launch.keep(load(), run_dir)
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(control, "listens", lambda _: True)
    monkeypatch.setattr(control, "ask", answering(asked))
    assert tapewire("halt", "--strategy", "dip-2").status == 0
    assert asked == [("halt", "manual", "strategy dip-2")]


def test_resuming_a_part_names_it(tapewire, run_dir, monkeypatch):
    launch.keep(load(), run_dir)
    monkeypatch.setattr(control, "listens", lambda _: True)
    monkeypatch.setattr(control, "ask", answering([]))
    assert tapewire("resume", "--symbol", "AAPL").out == (
        "symbol AAPL is no longer halted; trading as a whole is ACTIVE\n"
    )
