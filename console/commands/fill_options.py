"""The options that say how orders fill in a back-test: each is a key of `[backtest]`."""

from typing import Annotated

import typer

CapitalOption = Annotated[str | None, typer.Option(help="cash of each account at first")]
MarginOption = Annotated[str | None, typer.Option(help="ib, cash or none")]
LatencyOption = Annotated[float | None, typer.Option(help="of orders, from TWS to the exchange")]
SlippageOption = Annotated[str | None, typer.Option(help="'1 tick', '0.01', '5 bp' or '0.05 %'")]
CommissionOption = Annotated[
    str | None, typer.Option(help="ib, none, '0.005 per share, min 1', '0.1 %', ...")
]
QueueOption = Annotated[str | None, typer.Option(help="of resting orders: quote or shown")]
PartialFillsOption = Annotated[
    bool | None, typer.Option(help="whether a quote fills no more than the size it shows")
]
AtEndOption = Annotated[str | None, typer.Option(help="mark open positions, or close them")]
