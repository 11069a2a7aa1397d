"""ibapi as shipped, socket to callback: `python -m tapewire.benchmarks.peers.ibapi_peer`.

Its own reader thread, queue and `run()`, as its documentation has it. Every message ends in one
`tickSize`, for a `tickPrice` brings its size by that callback too; those of trades are left out.
"""

import sys
import threading
from typing import Any, Final

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper

from tapewire.benchmarks.load.made_ticks import MARK, symbols
from tapewire.benchmarks.load.talk import mark

LAST: Final = 4
LAST_SIZE: Final = 5
ANSWER_TIMEOUT_S: Final = 10.0


class Counter(EWrapper, EClient):  # type: ignore[misc]
    """Counts what is called."""

    def __init__(self) -> None:
        EClient.__init__(self, wrapper=self)
        self.ticks = 0
        self.started = threading.Event()

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803 - ibapi's names
        """The session may be used."""
        self.started.set()

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:  # noqa: N802, N803
        """A trade is the mark."""
        if tickType == LAST:
            mark(self.ticks)

    def tickSize(self, reqId: int, tickType: int, size: int) -> None:  # noqa: N802, N803
        """Count."""
        if tickType != LAST_SIZE:
            self.ticks += 1


def main(port: int, symbol_count: int) -> None:
    """Connect, subscribe, count until the connection ends."""
    counter = Counter()
    counter.connect("127.0.0.1", port, clientId=1)
    threading.Thread(target=_subscribe, args=(counter, symbol_count), daemon=True).start()
    counter.run()


def _subscribe(counter: Counter, symbol_count: int) -> None:
    counter.started.wait(ANSWER_TIMEOUT_S)
    for request_id, name in enumerate((*symbols(symbol_count), MARK), 1):
        contract = Contract()
        contract.symbol, contract.secType = name, "STK"
        contract.exchange, contract.currency = "SMART", "USD"
        counter.reqMktData(request_id, contract, "", False, False, [])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
