"""The group that chaos meets: two strategies that trade, modify and cancel, under a small limit."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from tests.pipeline.night import HURRIED

LIMIT: Final = Decimal(60)
SYMBOLS: Final = "AAPL,ESZ6:FUT:CME:50:0.25"
RATE_PER_S: Final = 60
ACCOUNT: Final = "DU1000001"

TOML: Final = (
    HURRIED
    + """
[storage]
free_halt_mb = 3
free_resume_mb = 5
reserve_mb = 1

[risk]
lease_ms = 1500

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = {{ limit = {limit} }}

[[instruments]]
symbol = "AAPL"

[[instruments]]
symbol = "ESZ6"
sec_type = "FUT"
exchange = "CME"
multiplier = 50
min_tick = 0.25

[[strategies]]
name = "plain"
strategy = "tests.simulation.trader:Trader"
account = "{account}"
parameters = {{ every = 23, until_ns = {until_ns} }}

[[strategies]]
name = "grouped"
strategy = "tests.simulation.trader:Trader"
account = "{account}"
parameters = {{ every = 31, until_ns = {until_ns}, groups = true }}
"""
)


def write_configuration(folder: Path, port: int, until_ns: int) -> Path:
    """The configuration of a group at the TWS on `port`, whose strategies trade up to `until_ns`:
    the wall clock, nanoseconds."""
    file = folder / "chaos.toml"
    file.write_text(TOML.format(port=port, until_ns=until_ns, limit=LIMIT, account=ACCOUNT))
    return file
