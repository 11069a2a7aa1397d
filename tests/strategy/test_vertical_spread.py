"""The example that trades vertical spreads: which strikes it takes, and what it sends for them."""

from decimal import Decimal

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import GroupCreated, GroupSignal, OrderCreated, OrderStateChanged
from tapewire.common.events.queries import ChainPage, OptionChain
from tapewire.executor.groups.plans import plan_of
from tapewire.strategy.runner import Runner
from tests.strategy.kit import NOW, SECOND, T0, config, executor, fill, gateway, quote

C745, C750, C765 = (f"GOOG  160115C00{strike}000" for strike in (745, 750, 765))
CHAIN = OptionChain("SMART", "GOOG", "100", ("20151231", "20160115"), (745.0, 750.0, 755.0, 765.0))


class Desk:
    """The strategy with the answers that a test gives it."""

    def __init__(self) -> None:
        given = config(
            name="x", strategy="tapewire.strategy.examples.vertical_spread:VerticalSpread",
            parameters={"chain": "GOOG 20160115", "above": 0.02},
        )  # fmt: skip
        self.runner = Runner(given, ("GOOG", C745, C750, C765), "e1", lambda _raised: None)
        self.runner.start(NOW)
        self.runner.live = True

    def quoted(self, symbol: str, bid: float | None, ask: float | None, now: Now = NOW) -> None:
        self.runner.on_ticks("o", [quote(bid, ask, symbol)], now)

    def chosen(self) -> "Desk":
        self.quoted("GOOG", 748.9, 749.1)
        (query,) = self.runner.context.asking.due()
        self.runner.context.asking.sent(query)
        self.runner.on_answer(ChainPage(1, query.id, (CHAIN,)), NOW)
        return self

    def sent(self, now: Now = NOW) -> list[GroupSignal]:
        signals = [one for one in self.runner.due(now) if isinstance(one, GroupSignal)]
        for one in signals:
            self.runner.sent(one, now)
        return signals

    def take(self, signal: GroupSignal, first: str) -> None:
        """The executor makes an order of it, which fills at once."""
        plan = plan_of(signal, "DU1", T0)
        executor(self.runner, GroupCreated(T0, plan.id, plan))
        executor(self.runner, *(OrderCreated(T0, plan.id, order) for order in plan.orders))
        for symbol in (C750, C765):
            side = first if symbol == C750 else {"BUY": "SELL", "SELL": "BUY"}[first]
            exec_id = f"{signal.id}{symbol[-6:]}.01"
            gateway(self.runner, fill(exec_id, 1, side, signal.id, strategy="x", symbol=symbol))
        done = OrderStateChanged(T0, "DU1", f"{signal.id}/1", "x", "FILLED", Decimal(1))
        executor(self.runner, done)


def test_it_buys_the_strike_at_the_money_against_the_one_above_as_one_order_with_a_limit():
    desk = Desk().chosen()
    assert desk.runner.strategy.legs == [C750, C765]
    desk.quoted(C750, 13.2, 13.9)
    assert desk.sent() == [], "half a spread has no price"
    desk.quoted(C765, 6.4, 6.75)
    (signal,) = desk.sent()
    assert (signal.kind, str(signal.legs[0].terms)) == ("combo", "BUY 1 LMT limit 7.5 IOC")
    assert [(leg.symbol, leg.side) for leg in signal.legs[0].legs] == [
        (C750, "BUY"), (C765, "SELL"),
    ]  # fmt: skip
    desk.quoted(C765, 6.4, 6.7)
    assert desk.sent() == [], "one order at a time"


def test_it_sells_the_spread_at_the_market_when_its_time_is_over():
    desk = Desk().chosen()
    desk.quoted(C750, 13.2, 13.9)
    desk.quoted(C765, 6.4, 6.75)
    desk.take(*desk.sent(), first="BUY")
    desk.quoted(C750, 14.0, 14.5)
    assert desk.sent() == []
    desk.quoted(C765, 6.5, 6.75, NOW + 2 * SECOND)
    (signal,) = desk.sent(NOW + 2 * SECOND)
    assert str(signal.legs[0].terms) == "SELL 1 LMT limit 7.25 IOC"


@pytest.mark.parametrize(("bid", "ask"), [(None, 6.75), (None, None)])
def test_a_leg_without_a_price_is_not_traded(bid: float | None, ask: float | None):
    desk = Desk().chosen()
    desk.quoted(C750, 13.2, 13.9)
    desk.quoted(C765, bid, ask)
    assert (desk.sent(), desk.runner.failures) == ([], 0)


def test_the_chain_is_asked_for_once_and_not_before_there_is_a_price():
    desk = Desk()
    desk.quoted("GOOG", None, 749.1)
    assert desk.runner.context.asking.due() == []
    desk.chosen()
    desk.quoted("GOOG", 748.9, 749.1)
    assert desk.runner.context.asking.due() == []
