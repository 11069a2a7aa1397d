"""A combo of AAPL and MSFT, and a gateway with a limit that takes it."""

from decimal import Decimal

from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import ComboLeg, SubmitOrder
from tapewire.risk.rules import load_rules
from tapewire.simulator.exchange.orders import Order
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import ACCOUNT, INSTRUMENTS

LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
NAME = "AAPL - 2 MSFT"
LIMIT = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": 20})


def combo(
    intent_id: str = "s-1/1", side: str = "BUY", quantity: object = 10, **more: object
) -> SubmitOrder:
    given = {"limit": 5, "symbol": NAME, "legs": LEGS, **more}
    return submit(intent_id, side, quantity, **given)


def limited(*rules: RuleConfig, **more: object) -> Bench:
    return Bench(rules=load_rules(rules), instruments=INSTRUMENTS.values(), **more)


def works(bench: Bench, side: str = "BUY", quantity: int = 10) -> Order:
    """A combo that works at TWS."""
    order = bench.send(combo(side=side, quantity=quantity))
    bench.opened(order)
    return order


def working(bench: Bench) -> tuple[tuple[Decimal, Decimal], ...]:
    orders = bench.gateway.orders
    assert orders.working(ACCOUNT, NAME) == (0, 0)
    return orders.working(ACCOUNT, "AAPL"), orders.working(ACCOUNT, "MSFT")
