"""Asks a simulator's control port."""

import json
import socket
import time
from pathlib import Path

WAIT_S = 10.0


def ask(address: str | int | Path, do: str, **given: object) -> dict[str, object]:
    """Send a command to a port of this machine or a Unix socket; its answer, which must be ok."""
    answer = try_to(address, do, **given)
    assert answer["ok"], answer
    return answer


def try_to(address: str | int | Path, do: str, **given: object) -> dict[str, object]:
    """As `ask`, and the answer may be a refusal."""
    with connect(address) as connection, connection.makefile("rwb") as stream:
        stream.write(json.dumps({"do": do, **given}).encode() + b"\n")
        stream.flush()
        return json.loads(stream.readline())


def inject(address: str | int | Path, what: str, **given: object) -> int:
    """Inject a fault; its number."""
    number = ask(address, "inject", what=what, **given)["number"]
    assert isinstance(number, int)
    return number


def until_spent(address: str | int | Path, number: int) -> None:
    """Wait until a fault has acted for the last time."""
    deadline = time.monotonic() + WAIT_S
    while any(one["number"] == number for one in ask(address, "list")["faults"]):
        assert time.monotonic() < deadline, f"fault {number} did not act"
        time.sleep(0.02)


def connect(address: str | int | Path) -> socket.socket:
    """A connection to the control port."""
    port = str(address).rpartition(":")[2]
    if port.isdigit():
        return socket.create_connection(("127.0.0.1", int(port)), WAIT_S)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(WAIT_S)
    connection.connect(str(address))
    return connection
