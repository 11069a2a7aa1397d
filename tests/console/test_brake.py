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

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.config.settings import load
from tapewire.common.events import Control, ControlReply
from tapewire.console import application, brake
from tapewire.console.group import launch_config as started
from tests.places import ROOT

HEAVY = {
    "ibapi", "matplotlib", "msgpack", "numpy", "prometheus_client", "pydantic", "pydantic_core",
    "pydantic_settings", "rich", "sqlite3", "structlog", "supervisor", "typer", "xmlrpc",
}  # fmt: skip
HALT = """
import sys
from console import cli
sys.argv = ["tapewire", *sys.argv[1:]]
try:
    cli.main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.fixture
def risk(run_dir, config) -> Iterator[list[Control]]:
    """A group in the run directory that was started: its risk answers, and gives what it read."""
    started.keep(load(), run_dir)
    read: list[Control] = []
    context = zmq.Context()
    door = context.socket(zmq.ROUTER)
    door.bind(f"ipc://{run_dir}/control")

    def answer() -> None:
        if door.poll(20_000):
            peer, request = door.recv_multipart()
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


def test_a_halt_loads_nothing_that_it_does_not_need(risk):
    ended = subprocess.run(
        [sys.executable, "-c", HALT, "halt", "--reason", "lunch", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"ok": True, "state": "HALTED", "text": "lunch"}
    assert [(one.action, one.reason) for one in risk] == [("halt", "lunch")]
    assert HEAVY & set(ended.stderr.split()) == set()


def test_a_halt_reads_no_more_of_the_file_than_the_run_directory(tapewire, risk, config):
    config.write_text(config.read_text() + "[risk]\nno_such_key = 1\n[tws\n")
    ended = tapewire("halt")
    assert (ended.status, ended.out, ended.err) == (0, "trading is HALTED: asked by hand\n", "")


def test_the_plain_forms_of_a_halt_are_understood():
    given = ["--reason", "a b", "--config=x", "--run-dir", "r", "--json"]
    assert brake.options(given) == {
        "--reason": "a b", "--config": "x", "--run-dir": "r", "--json": "",
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
