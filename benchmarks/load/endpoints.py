"""What the load's connections speak: just enough of TWS for the group, 64-byte frames for the
bare chain. Bytes in, bytes out; both encode a tick's number so that its order leads back to it.
"""

import struct
import time
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.commissions import commission_for
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.order_messages import open_order
from tapewire.simulator.protocol.session import Session, State

VERSION: Final = 157
ACCOUNT: Final = "DU1234567"
SYMBOL: Final = "BENCH"
MIN_TICK: Final = Decimal("0.01")
BASE: Final = 10_000_000  # the first tick's price, in ticks: every price has the same width
INSTRUMENT: Final = Instrument(symbol=SYMBOL, con_id=1)

BARE: Final = struct.Struct(">Q56x")
"""The bare chain's frame, tick and order alike: the tick's number, padded to 64 bytes."""


_EMPTY: Final = {
    ask.Positions: messages.position_end,
    ask.OpenOrders: messages.open_order_end,
    ask.CompletedOrders: messages.completed_orders_end,
}
"""What ends the answer to a request for a list; the answer itself is empty."""


class Placed(NamedTuple):
    """An order that came: what must be unique about it, and the number of its tick."""

    key: str
    tick: int


class Peer(Protocol):
    """One connection's protocol."""

    wants_ticks: bool

    def received(self, data: bytes) -> tuple[bytes, list[Placed]]:
        """What to answer, and the orders that came."""

    def ticks(self, first: int, count: int) -> list[bytes]:
        """The frames of the ticks numbered from `first` on."""


class BarePeer:
    """The bare chain's io process."""

    def __init__(self) -> None:
        self.wants_ticks = True
        self._rest = b""

    def received(self, data: bytes) -> tuple[bytes, list[Placed]]:
        """Orders come as the frames of their ticks and are not answered."""
        data = self._rest + data
        whole = len(data) - len(data) % BARE.size
        self._rest = data[whole:]
        numbers = [number for (number,) in BARE.iter_unpack(data[:whole])]
        return b"", [Placed(str(number), number) for number in numbers]

    def ticks(self, first: int, count: int) -> list[bytes]:
        """See `Peer`."""
        return [BARE.pack(number) for number in range(first, first + count)]


class TwsPeer:
    """A TWS without a market: nothing is open, nothing is held, every order fills at once. It
    speaks the client's newest version, and none above `version_max`."""

    def __init__(self, version_max: int = VERSION) -> None:
        self.wants_ticks = False
        self.lines: dict[str, int] = {}  # the request id of each symbol that is asked for
        self._session = Session(0, version_max)
        self._request_id = 0
        self._perm_id = 0

    def received(self, data: bytes) -> tuple[bytes, list[Placed]]:
        """Answer the handshake and all that a gateway asks."""
        before, requests = self._session.state, self._session.received(data)
        out: list[messages.Fields] = []
        placed: list[Placed] = []
        if before is State.HANDSHAKE and self._session.state is State.GREETED:
            out.append([str(self._session.version), messages.clock_text(time.time_ns())])
        for fields in requests:
            request = decode(fields, self._session.version)
            if isinstance(request, ask.PlaceOrder):
                placed.append(Placed(request.order_ref, _tick_of(request.limit)))
                out += self._fill(request)
            else:
                out += self._answer(request)
        return b"".join(map(messages.frame, out)), placed

    def ticks(self, first: int, count: int) -> list[bytes]:
        """See `Peer`; each is a tickPrice of the bid."""
        head, tail = ["1", "6", str(self._request_id), "1"], ["100", "0"]
        prices = range(BASE + first, BASE + first + count)
        return [messages.frame([*head, f"{p // 100}.{p % 100:02d}", *tail]) for p in prices]

    def _answer(self, request: ask.Request) -> list[messages.Fields]:
        if isinstance(request, ask.StartApi):
            self._session.started(request.client_id)
            return [messages.managed_accounts(ACCOUNT), messages.next_valid_id(1)]
        if isinstance(request, ask.MarketData):
            self._request_id, self.wants_ticks = request.req_id, True
            self.lines[request.contract.symbol] = request.req_id
        elif isinstance(request, ask.CurrentTime):  # a line that is silent otherwise is in doubt
            return [messages.current_time(time.time_ns())]
        elif isinstance(request, ask.Executions):
            return [messages.execution_end(request.req_id)]
        elif isinstance(request, ask.AccountSummary):  # which a login waits for
            return [messages.account_summary_end(request.req_id)]
        elif isinstance(request, ask.ContractDetails):
            return [messages.contract_details_end(request.req_id)]
        return [_EMPTY[type(request)]()] if type(request) in _EMPTY else []

    def _fill(self, request: ask.PlaceOrder) -> list[messages.Fields]:
        """The order is accepted, executed in one, done and charged."""
        assert request.quantity is not None
        assert request.limit is not None
        version = self._session.version
        self._perm_id += 1
        order = Order(
            client_id=self._session.client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            instrument=INSTRUMENT,
            account=ACCOUNT,
            side="BUY" if request.side == "BUY" else "SELL",
            quantity=request.quantity,
            order_type="LMT",
            limit=request.limit,
            tif="DAY",
            perm_id=self._perm_id,
            status="Submitted",
        )
        accepted = open_order(version, order)
        order.filled, order.notional = order.quantity, order.quantity * request.limit
        order.last_price, order.status = request.limit, "Filled"
        one = Execution(
            exec_id=f"bench.{self._perm_id:08d}.01",
            order=order,
            ts_ns=time.time_ns(),
            shares=order.quantity,
            price=request.limit,
            cumulative=order.quantity,
            average_price=request.limit,
            commission=commission_for(INSTRUMENT, order.quantity, request.limit),
            is_passive=False,
        )
        return [
            accepted,
            messages.execution(version, messages.NO_ID, one),
            messages.order_status(order),
            messages.commission_report(one, None),
        ]


def _tick_of(limit: Decimal | None) -> int:
    """The number of the tick whose price an order carries."""
    assert limit is not None, "an order came without a limit price, expected its tick's"
    return int(limit / MIN_TICK) - BASE
