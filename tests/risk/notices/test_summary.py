"""The daily summary: what a trading day came to, by account and currency."""

from datetime import date
from decimal import Decimal

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.events import Commission, Fill, PositionCarried, PositionReported, Side
from tapewire.common.instruments import Instrument
from tapewire.risk.notices.summary import summary
from tests.risk.notices.kit import SECOND, T0

TUESDAY = date(2023, 11, 14)
DAY = 24 * 3600 * SECOND
INSTRUMENTS = [
    Instrument(symbol="AAPL"),
    Instrument(symbol="SAP", currency="EUR"),
    Instrument(symbol="ESZ6", multiplier=Decimal(50)),
]


class Traded:
    """Executions of some days."""

    def __init__(self) -> None:
        self.accounts: Accounts[Order] = Accounts(INSTRUMENTS, Order, TradingDays())
        self._number = 0

    def trade(
        self, side: Side, quantity: int, price: str, symbol: str = "AAPL", **more: object
    ) -> None:
        self._number += 1
        account = str(more.get("account", "DU1"))
        ts_ns = T0 + int(str(more.get("days", 0))) * DAY
        exec_id = f"{self._number:04}.01"
        self.accounts.apply(
            Fill(ts_ns, account, exec_id, "1", symbol, side, Decimal(quantity), Decimal(price))
        )
        currency = self.accounts.currency(symbol)
        self.accounts.apply(Commission(ts_ns, account, exec_id, Decimal("1.5"), currency))

    def lines(self, day: date = TUESDAY, **told: int) -> list[str]:
        return summary(self.accounts, day, told)  # type: ignore[arg-type]


def test_a_day_that_is_over_flat():
    traded = Traded()
    traded.trade("BUY", 10, "100")
    traded.trade("SELL", 10, "98.5")
    assert traded.lines() == [
        "2023-11-14 DU1: net -18.00 USD (-15.00 realised, 3.00 commission), 2 executions; flat"
    ]


def test_only_the_day_itself_counts_and_its_positions_begin_with_those_of_the_day_before():
    traded = Traded()
    traded.trade("BUY", 10, "100", days=-1)
    traded.trade("SELL", 5, "110", days=-1)
    traded.trade("SELL", 5, "104")
    traded.trade("BUY", 1, "50", days=1)
    assert traded.lines()[0].startswith(
        "2023-11-14 DU1: net 18.50 USD (20.00 realised, 1.50 commission), 1 execution;"
    )


def test_a_position_that_a_checkpoint_carries_is_where_it_begins():
    traded = Traded()
    carried = PositionCarried(T0, "DU1", "ESZ6", Decimal(2), Decimal(4000), Decimal(), Decimal())
    traded.accounts.apply(carried)
    traded.trade("SELL", 2, "4001", "ESZ6")
    assert traded.lines()[0].startswith("2023-11-14 DU1: net 98.50 USD (100.00 realised,")


def test_accounts_and_currencies_stay_apart_and_what_is_held_is_listed():
    traded = Traded()
    traded.trade("BUY", 10, "100")
    traded.trade("BUY", 5, "80", "SAP")
    traded.trade("SELL", 5, "81", "SAP")
    traded.trade("SELL", 1, "4000", "ESZ6", account="DU2")
    held = PositionReported(T0, "DU3", "MSFT", Decimal("2.5"), Decimal(1))
    traded.accounts.apply(held, "gateway")
    assert traded.lines(violations=1, enforcements=2) == [
        "2023-11-14 DU1: net 2.00 EUR (5.00 realised, 3.00 commission),"
        " net -1.50 USD (0.00 realised, 1.50 commission), 3 executions; holds 10 AAPL",
        "2023-11-14 DU2: net -1.50 USD (0.00 realised, 1.50 commission), 1 execution;"
        " holds -1 ESZ6",
        "2023-11-14 DU3: no executions; holds 2.5 MSFT",
        "2023-11-14: 1 violation, 2 enforcements",
    ]


def test_a_working_day_without_executions_says_so_and_a_weekend_says_nothing():
    traded = Traded()
    assert traded.lines() == ["2023-11-14: no executions, and nothing is held"]
    assert traded.lines(date(2023, 11, 18)) == []
    assert traded.lines(date(2023, 11, 18), processes=1) == ["2023-11-18: 1 process event"]
