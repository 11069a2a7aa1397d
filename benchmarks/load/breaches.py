"""A market whose price falls through a limit again and again, at the simulator.

The simulator plays a file of trades and writes an audit. Each of its lines has its time, so nothing
here has to look at a clock beside it: when a trade was sent is the time of the turn in which so
many had been sent, and a request is noted as its bytes are read.
"""

import json
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tapewire.benchmarks.load.children import ANSWER_TIMEOUT_S, BenchmarkError, Children

SYMBOL: Final = "BENCH"
ACCOUNT: Final = "DU1000001"
MARKS_PER_S: Final = 1000
START_MS: Final = 1_700_000_000_000
PERIOD_MS: Final = 5000
FIRST_MS: Final = 3000
FALLEN_MS: Final = 300
"""How long a price stays where it breaks the limit."""
CONFIRMS: Final = 2
"""The mark beyond the limit that confirms it: the second one."""
CANCELS: Final = ("4", "58")  # cancelOrder, reqGlobalCancel
PLACE: Final = "3"

Line = dict[str, Any]


def write_market(path: Path, rounds: int) -> None:
    """A quote at 100, and a trade per millisecond: at 100, and in each round at 90 for a while."""
    rows = [f"{START_MS},{SYMBOL},99.99,100.01,1000,1000,,"]
    for ms in range(1, market_ms(rounds)):
        price = "90" if is_fallen(ms) else "100"
        rows.append(f"{START_MS + ms},{SYMBOL},,,,,{price},1")
    header = "timestamp,symbol,bid,ask,bid_size,ask_size,last,last_size"
    path.write_text("\n".join([header, *rows, ""]))


def market_ms(rounds: int) -> int:
    """How long the market lasts, and one more than how many trades it has."""
    return FIRST_MS + rounds * PERIOD_MS


def is_fallen(ms: int) -> bool:
    """Whether the price is beyond the limit then."""
    since = (ms - FIRST_MS) % PERIOD_MS
    return ms >= FIRST_MS and since < FALLEN_MS


def breach_ms(number: int) -> int:
    """When a round's price falls, in the market's time."""
    return FIRST_MS + number * PERIOD_MS


class Desk:
    """A simulator of its own, and the orders that a person enters at it."""

    def __init__(self, children: Children, folder: Path, rounds: int) -> None:
        market, self._audit = folder / "market.csv", folder / "audit.jsonl"
        self._control = folder / "control.sock"
        self._lines: list[Line] = []
        self._read = 0  # bytes of the audit
        write_market(market, rounds)
        arguments = [
            "tapewire.simulator", "--port", 0, "--ticks", market, "--symbols", SYMBOL,
            "--accounts", ACCOUNT, "--audit", self._audit, "--control", self._control,
        ]  # fmt: skip
        process = children.start("simulator", arguments)
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r":(\d+)$", said.strip())
        if found is None:
            raise BenchmarkError(f"the simulator does not say its port: {said!r}")
        self.port = int(found[1])

    def buy(self, quantity: int) -> None:
        """Enter an order as a person does in TWS."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(ANSWER_TIMEOUT_S)
            sock.connect(str(self._control))
            order = {"do": "order", "symbol": SYMBOL, "side": "BUY", "quantity": quantity}
            sock.sendall(json.dumps(order).encode() + b"\n")
            answer = json.loads(sock.makefile().readline())
        if not answer["ok"]:
            raise BenchmarkError(f"the simulator refuses an order: {answer['error']}")

    def lines(self) -> list[Line]:
        """The audit so far; each line is read once."""
        with self._audit.open("rb") as file:
            file.seek(self._read)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        self._lines += [json.loads(line) for line in whole.splitlines()]
        return self._lines


def confirmed_ns(lines: Sequence[Line], rounds: int) -> list[int]:
    """When the mark that confirms a breach was sent, round by round. The trades are the last ticks
    that were sent, one message each."""
    sent = [(one["sent_total"], one["ts_ns"]) for one in lines if one["kind"] == "market_data"]
    before = sent[-1][0] - (market_ms(rounds) - 1)  # the quote's
    found = []
    for number in range(rounds):
        due = before + breach_ms(number) + CONFIRMS - 1
        found.append(next(ts_ns for total, ts_ns in sent if total >= due))
    return found


def requests(lines: Sequence[Line], kinds: Sequence[str]) -> list[int]:
    """When requests of these kinds arrived."""
    asked = (one for one in lines if one["kind"] == "message_in" and one["fields"])
    return [one["ts_ns"] for one in asked if one["fields"][0] in kinds]


def executions(lines: Sequence[Line], side: str) -> list[int]:
    """When something was executed on a side."""
    return [o["ts_ns"] for o in lines if o["kind"] == "execution" and o["side"] == side]
