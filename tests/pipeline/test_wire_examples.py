"""The subscribers of docs/wire.md, in Python and in Node, as they stand there, on a real group."""

import re
import shutil
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import msgpack
import pytest
import zmq

from tapewire.common.events import OrderCreated, PositionClosed, PositionOpened
from tests.places import ROOT

WIRE = (ROOT / "docs" / "wire.md").read_text()
KINDS = {"quote", "trade", "execution.reported"}
MODULES = ROOT / "tests" / "node" / "node_modules"


def example(language: str) -> str:
    """The last block of that language: the whole subscriber."""
    return re.findall(rf"^```{language}\n(.*?)^```", WIRE, re.MULTILINE | re.DOTALL)[-1]


def seen(command: list[str], shared) -> set[str]:
    """What kinds of events a subscriber prints until it has printed all."""
    kinds: set[str] = set()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            kinds.update(line.split()[2:3])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        shared.until(lambda: kinds >= KINDS or process.poll() is not None, "a tick and a fill", 30)
    finally:
        process.kill()
        reader.join()
        assert process.stderr
        problem = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        process.wait()
    assert kinds, problem
    return kinds


def test_the_python_subscriber_prints_ticks_and_fills(shared, tmp_path):
    script = tmp_path / "tail.py"
    script.write_text(example("python"))
    command = [sys.executable, "-u", str(script), str(shared.run_dir)]
    assert seen(command, shared) == KINDS


def test_the_node_subscriber_prints_ticks_and_fills(shared, tmp_path):
    node = shutil.which("node")
    if node is None or not MODULES.is_dir():
        pytest.skip("Node or its packages are not here; `make node` installs the packages")
    (tmp_path / "node_modules").symlink_to(MODULES)
    script = tmp_path / "tail.mjs"
    script.write_text(example("js"))
    kinds = seen([node, str(script), str(shared.run_dir)], shared)
    assert kinds == KINDS


def test_a_reader_of_the_risk_socket_knows_positions_accounts_and_headroom(shared):
    topics = ("positions", "accounts", "headroom")
    found: dict[str, list[list[object]]] = {}
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        for topic in topics:
            socket.subscribe(f"{topic}\0")
        socket.connect(f"ipc://{shared.run_dir}/risk")

        def read() -> bool:
            while socket.poll(100):
                topic, body = socket.recv_multipart()
                found[topic.rstrip(b"\0").decode()] = msgpack.unpackb(body)[4]
            return len(found) == len(topics)

        shared.until(read, "all that risk publishes, which it repeats")
    kinds = {topic: {kind for kind, *_ in events} for topic, events in found.items()}
    assert kinds == {
        "positions": {"position.updated"}, "accounts": {"account.updated"},
        "headroom": {"risk.headroom"},
    }  # fmt: skip
    _, _, account, symbol, quantity, currency, *_ = found["positions"][-1]
    assert (account, currency) == ("DU1234567", "USD")
    assert symbol in {"AAPL", "MSFT", "SPY"}
    assert Decimal(quantity).is_finite()


def test_openings_are_in_risks_journal_and_alternate(shared):
    shared.until_fills(1)

    def opened() -> list[PositionOpened]:
        return [one for one in shared.journal("risk") if isinstance(one, PositionOpened)]

    shared.until(opened, "a position to be opened")
    last: dict[str, type] = {}
    for one in shared.journal("risk"):
        if isinstance(one, PositionOpened | PositionClosed):
            assert last.get(one.symbol, PositionClosed) is not type(one), one
            last[one.symbol] = type(one)


def test_the_examples_are_short():
    assert len(example("python").splitlines()) <= 20
    assert len(example("js").splitlines()) <= 20


def test_the_packages_of_the_node_example_are_the_ones_it_names():
    named = (Path(ROOT) / "tests" / "node" / "package.json").read_text()
    for package in re.findall(r'from "([^"]+)"', example("js")):
        assert f'"{package}"' in named


def test_the_python_sender_trades_once(shared, tmp_path):
    script = tmp_path / "signal.py"
    script.write_text(re.findall(r"^```python\n(.*?)^```", WIRE, re.MULTILINE | re.DOTALL)[0])
    command = [sys.executable, str(script), str(shared.run_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")

    def answers() -> list[str]:
        events = [e for e in shared.journal("executor") if isinstance(e, OrderCreated)]
        return [e.signal_id for e in events if e.signal_id.startswith("mine-")]

    shared.until(answers, "the executor's answer")
    assert len(answers()) == 1
