"""A moving-average cross comes to what backtesting.py and backtrader make of it, to the cent.

Each of the three runs the same rule on the same made bars and trades at the open of the next bar.
Round trips are compared one by one: side, quantity, both prices, both days; then the equity at the
last close.
"""

import random
import warnings
from collections import deque
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pytest

from tapewire import Strategy, run_backtest

pd = pytest.importorskip("pandas")
D = Decimal
CENT = D("0.01")
CASH = 100_000
UNITS = 100
FAST, SLOW = 5, 17
BARS = 90
FIXED = 1  # backtrader's COMM_FIXED


class Cross:
    """The rule, in whole cents, so that no rounding decides: +1 long, -1 short, 0 as before."""

    def __init__(self) -> None:
        self.closes = deque[int](maxlen=SLOW)
        self.side = 0

    def add(self, close: float) -> int:
        self.closes.append(round(close * 100))
        if len(self.closes) < SLOW:
            return 0
        fast, slow = sum([*self.closes][-FAST:]) * SLOW, sum(self.closes) * FAST
        side = (fast > slow) - (fast < slow)
        if side in (0, self.side):
            return 0
        self.side = side
        return side


class Trade(NamedTuple):
    """A closed round trip; short ones have a quantity below 0."""

    quantity: int
    entered: date
    entry: Decimal
    left: date
    exit: Decimal


class Result(NamedTuple):
    trades: list[Trade]
    equity: Decimal


def cents(value: Any) -> Decimal:
    """A float of a peer may be a little off a half cent."""
    return D(str(round(float(value), 6))).quantize(CENT, ROUND_HALF_UP)


def bars(seed: int) -> Any:
    """A walk on weekdays with gaps over night, in whole cents."""
    chosen, price, day, rows = random.Random(seed), 10_000, datetime(2023, 1, 2), []
    while len(rows) < BARS:
        if day.weekday() < 5:
            opened = price + chosen.randint(-60, 60)
            price = max(1_000, opened + chosen.randint(-150, 150))
            high, low = max(opened, price) + chosen.randint(0, 40), min(opened, price) - 25
            rows.append((day, opened / 100, high / 100, low / 100, price / 100, 10_000))
        day += timedelta(days=1)
    columns = ["date", "open", "high", "low", "close", "volume"]
    return pd.DataFrame(rows, columns=columns)


# ---- the three -----------------------------------------------------------------------------------


class CrossStrategy(Strategy):
    """The rule on bars of a day, which are those of the file."""

    def on_start(self) -> None:
        self.rule = Cross()
        self.bars("XYZ", "time", 86_400_000)

    def on_bar(self, bar: Any) -> None:
        side = self.rule.add(bar.close)
        if side:
            units = UNITS + abs(int(self.position("XYZ")))
            (self.buy if side > 0 else self.sell)("XYZ", units)


def by_tapewire(frame: Any, **models: Any) -> Result:
    given = {"commission": "none", **models}
    found = run_backtest(CrossStrategy, frame, symbols="XYZ", capital=CASH, **given)
    assert found.faults == []
    trades = [
        Trade(
            int(one.quantity) * (1 if one.direction == "LONG" else -1), one.entry.date(),
            cents(one.entry_price), one.exit.date(), cents(one.exit_price),
        )
        for one in found.trades.dropna(subset="exit").itertuples()
    ]  # fmt: skip
    return Result(trades, cents(found.equity["equity"].iloc[-1]))


def by_backtesting(frame: Any, commission: Any = 0.0) -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import backtesting

        class Rule(backtesting.Strategy):
            def init(self) -> None:
                self.rule = Cross()
                self.rule.add(self.data.Close[0])  # `next` begins with the second bar

            def next(self) -> None:
                side = self.rule.add(self.data.Close[-1])
                if side:
                    units = UNITS + abs(self.position.size)
                    (self.buy if side > 0 else self.sell)(size=units)

        capital = frame.set_index("date").rename(columns=str.capitalize)
        stats = backtesting.Backtest(capital, Rule, cash=CASH, commission=commission).run()
    trades = [
        Trade(
            int(one.Size), one.EntryTime.date(), cents(one.EntryPrice), one.ExitTime.date(),
            cents(one.ExitPrice),
        )
        for one in stats["_trades"].itertuples()
    ]  # fmt: skip
    return Result(trades, cents(stats["Equity Final [$]"]))


def by_backtrader(frame: Any, slippage: float = 0.0, **commission: Any) -> Result:
    import backtrader

    trades: list[Trade] = []

    class Rule(backtrader.Strategy):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rule = Cross()

        def next(self) -> None:
            side = self.rule.add(self.data.close[0])
            if side:
                units = UNITS + abs(self.position.size)
                (self.buy if side > 0 else self.sell)(size=units)

        def notify_trade(self, trade: Any) -> None:
            if trade.isclosed:
                trades.append(_of_history(trade.history[0], trade.history[-1]))

    cerebro = backtrader.Cerebro(stdstats=False, tradehistory=True)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame.set_index("date")))
    cerebro.addstrategy(Rule)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(**commission)
    if slippage:
        cerebro.broker.set_slippage_fixed(slippage, slip_open=True, slip_out=True)
    cerebro.run()
    return Result(trades, cents(cerebro.broker.getvalue()))


def _of_history(opened: Any, closed: Any) -> Trade:
    import backtrader

    days = [backtrader.num2date(one.status.dt).date() for one in (opened, closed)]
    return Trade(
        int(opened.event.size), days[0], cents(opened.event.price), days[1],
        cents(closed.event.price),
    )  # fmt: skip


# ---- the comparison ------------------------------------------------------------------------------


def test_every_round_trip_is_that_of_backtesting_py_and_of_backtrader():
    frame = bars(1)
    ours, first, second = by_tapewire(frame), by_backtesting(frame), by_backtrader(frame)
    assert ours == first == second
    assert len(ours.trades) > 2
    assert {one.quantity for one in ours.trades} == {UNITS, -UNITS}


@pytest.mark.parametrize(
    ("ours", "theirs", "others"),
    [
        ({"commission": "0.1 %"}, 0.001, {"commission": 0.001}),
        (
            {"commission": "0.005 per share"},
            lambda size, _price: abs(size) * 0.005,
            {"commission": 0.005, "stocklike": True, "commtype": FIXED},
        ),
    ],
    ids=["in per cent", "per share"],
)
def test_commissions_leave_the_same_equity_to_the_cent(ours, theirs, others):
    frame = bars(2)
    found = by_tapewire(frame, **ours)
    assert found == by_backtesting(frame, theirs) == by_backtrader(frame, **others)


def test_slippage_is_that_of_backtrader():
    frame = bars(3)
    theirs = by_backtrader(frame, slippage=0.03)
    assert by_tapewire(frame, slippage="0.03") == theirs
    assert theirs != by_backtrader(frame)


def test_a_position_that_is_closed_at_the_end_brings_the_last_close():
    frame = bars(1)
    marked, closed = by_backtrader(frame), by_tapewire(frame, at_end="close")
    assert closed.trades[:-1] == marked.trades
    assert closed.trades[-1].exit == cents(frame["close"].iloc[-1])
    assert closed.equity == marked.equity
