"""`python -m tapewire.simulator.chain_file SYMBOL`: a file of quotes of a share and of its options.

It is made from a seed, so each run prints the same: a minute of a market of which the options
follow the share, with greeks that make sense. For whoever has no recording of an option chain.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, Right, instrument_of, name_of, read_expiry
from tapewire.common.ticks.rows import HEADER, Row
from tapewire.simulator.market.open_market import monthly, strikes_at
from tapewire.simulator.market.past import NS_PER_S
from tapewire.simulator.market.synthetic import START_NS, SyntheticMarket

SECONDS: Final = 60
RATE_PER_S: Final = 100
STRIKES: Final = 23
"""Of each expiry those nearest to the money, each with a call and a put."""
EXPIRIES: Final = 2
RIGHTS: Final[tuple[Right, ...]] = ("C", "P")


def rows(symbol: str, seed: int) -> Iterator[Row]:
    """The market: an opening quote of each, and then what moves."""
    share = Instrument(symbol=symbol)
    level = SyntheticMarket([share], seed, RATE_PER_S).first_price(symbol)
    strikes = sorted(strikes_at(level), key=lambda strike: abs(strike - level))[:STRIKES]
    today = datetime.fromtimestamp(START_NS // NS_PER_S, UTC).date()
    names = [
        name_of(OptionTerms(symbol, read_expiry(expiry), strike, right))
        for expiry in monthly(today)[:EXPIRIES]
        for strike in strikes
        for right in RIGHTS
    ]
    market = SyntheticMarket([share, *map(instrument_of, names)], seed, RATE_PER_S)
    return islice(market, SECONDS * RATE_PER_S)


def main() -> None:
    """Print the file."""
    parser = argparse.ArgumentParser(prog="python -m tapewire.simulator.chain_file")
    parser.add_argument("symbol", help="the share, such as AAPL")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(HEADER)
    for row in rows(arguments.symbol, arguments.seed):
        print(*("" if one is None else one for one in msgspec.structs.astuple(row)), sep=",")


if __name__ == "__main__":
    main()
