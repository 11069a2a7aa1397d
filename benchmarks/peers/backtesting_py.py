"""backtesting.py on a file of bars: `PYTHON backtesting_py.py FILE ORDERS_EVERY`.

It needs nothing but backtesting.py. What is timed, in CPU seconds, is `run` alone, with its
statistics; the file is a DataFrame by then.
"""

import json
import sys
import time
from typing import Any

import backtesting
import pandas as pd
from backtesting import Backtest, Strategy

QUANTITY = 10


class Following(Strategy):  # type: ignore[misc]
    """As `tapewire.benchmarks.load.strategies.Following`, on the closes."""

    every = 0

    def init(self) -> None:
        """Nothing is known yet."""
        self.mean = float(self.data.Close[0])
        self.left = self.every
        self.asked = 0

    def next(self) -> None:
        """Follow, and order if it is time."""
        close = self.data.Close[-1]
        self.mean += 0.01 * (close - self.mean)
        self.left -= 1
        if not self.left:
            self.left = self.every
            self.asked += 1
            (self.sell if self.position.size > 0 else self.buy)(size=QUANTITY)


def main(path: str, every: int) -> None:
    """Run it, and print rows, CPU seconds and orders."""
    bars: Any = pd.read_csv(path, index_col="date", parse_dates=True)
    bars.columns = [name.title() for name in bars.columns]
    bars.index = bars.index.tz_localize(None)
    backtest = Backtest(bars, Following, cash=1_000_000)
    began_s = time.process_time()
    result = backtest.run(every=every)
    taken_s = time.process_time() - began_s
    print(json.dumps({
        "rows": len(bars), "cpu_s": taken_s, "orders": result["_strategy"].asked,
        "version": backtesting.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
