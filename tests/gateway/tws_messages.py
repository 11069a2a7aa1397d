"""TWS's side of the gateway's tests: orders as TWS holds them, and the messages that tell of them.

All that these tests take from the simulator to make an order's messages is here, and nowhere else.
"""

from decimal import Decimal

from tapewire.common.events import SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.exchange.combo_contracts import COMBO_CON_ID
from tapewire.simulator.exchange.orders import Execution, Leg, Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.order_messages import completed_order, open_order

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
ACCOUNT = "DU1234567"
AAPL = Instrument(symbol="AAPL", con_id=1001)
MSFT = Instrument(symbol="MSFT", con_id=1002)
INSTRUMENTS = {"AAPL": AAPL, "MSFT": MSFT}
TSLA = Instrument(symbol="TSLA", con_id=4242)  # TWS knows it, and nobody has configured it
AT_TWS = {**INSTRUMENTS, "TSLA": TSLA}


def order_at_tws(order: SubmitOrder, order_id: int | str, **more: object) -> Order:
    """The same order as TWS holds it."""
    number = int(order_id)
    given = {"status": "Submitted", "perm_id": 7_000 + number, "client_id": 1, **more}
    legs = tuple(Leg(AT_TWS[leg.symbol], leg.ratio, leg.side, "SMART") for leg in order.legs)
    bag = Instrument(symbol=order.symbols[0], sec_type="BAG", con_id=COMBO_CON_ID)
    return Order(
        order_id=number,
        order_ref=order.intent_id,
        instrument=bag if legs else AT_TWS[order.symbol],
        legs=legs,
        account=order.account,
        side=order.terms.side,
        quantity=order.terms.quantity,
        order_type=order.terms.type,
        limit=order.terms.limit,
        stop=order.terms.stop,
        tif=order.terms.time_in_force,
        **given,
    )


def execution_of(order: Order, shares: object, exec_id: str, price: str = "150.25") -> Execution:
    """One fill of an order."""
    return Execution(
        exec_id=exec_id,
        order=order,
        ts_ns=T0,
        shares=Decimal(str(shares)),
        price=Decimal(price),
        cumulative=Decimal(str(shares)),
        average_price=Decimal(price),
        commission=Decimal(1),
        is_passive=False,
    )


def open_order_of(order: Order, *, with_commission: bool = False) -> list[str]:
    """openOrder."""
    return open_order(157, order, with_commission)


def completed_order_of(order: Order) -> list[str]:
    """completedOrder."""
    return completed_order(157, order)


def execution_message(one: Execution, req_id: int = -1) -> list[str]:
    """execDetails."""
    return messages.execution(157, req_id, one)


def position_message(quantity: int, symbol: str = "AAPL", account: str = ACCOUNT) -> list[str]:
    """position."""
    holding = Holding(AT_TWS[symbol])
    holding.quantity, holding.cost = Decimal(quantity), Decimal(quantity) * 100
    return messages.position(account, holding)


def managed_accounts(*accounts: str) -> list[str]:
    """managedAccounts: the accounts of the login, with commas between."""
    return ["15", "1", ",".join(accounts)]
