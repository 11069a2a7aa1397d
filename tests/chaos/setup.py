"""The group that chaos meets: strategies that trade, modify and cancel, under a small limit. Two at
TWS; with both brokers, one at ProjectX beside them."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.logins import Login
from tapewire.simulator.projectx.settings import USER
from tests.chaos import link_points
from tests.chaos.points import STRATEGIES, Point, points_of
from tests.pipeline.night import HURRIED
from tests.places import SDK
from tests.simulation.both import PROJECTX, PX, TWS

LIMIT: Final = Decimal(60)
FUTURE: Final = "ESZ6:FUT:CME:50:0.25"
SYMBOLS: Final = f"AAPL,{FUTURE}"
RATE_PER_S: Final = 60
ACCOUNT: Final = TWS
KEY_ENV: Final = "CHAOS_KEY"


class Setup(NamedTuple):
    """The logins of a group, those of them that are at ProjectX, and the roles of strategies."""

    logins: tuple[str, ...]
    linked: tuple[str, ...]
    strategies: tuple[str, ...]

    @property
    def gateways(self) -> tuple[str, ...]:
        """The roles with a connection to a broker."""
        return tuple(role for one in self.logins for role in Login(one).gateways)

    @property
    def journaled(self) -> tuple[str, ...]:
        """The roles with a journal."""
        return roles.journaled(self.gateways)

    @property
    def victims(self) -> tuple[str, ...]:
        """Whom strikes meet; the processes of `project-x-py` are among them."""
        links = map(link_points.role_of, self.linked)
        return (*self.journaled, *self.strategies, *links)

    @property
    def points(self) -> tuple[Point, ...]:
        """The named points of an order's way."""
        return points_of(self.logins, self.strategies, self.linked)


ALONE: Final = Setup(("",), (), STRATEGIES)
BOTH: Final = Setup(("tws", PROJECTX), (PROJECTX,), (*STRATEGIES, "strategy-linked"))

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
LINKED: Final = f"""
[[gateways]]
name = "tws"
accounts = ["{TWS}"]

[[gateways]]
name = "{PROJECTX}"
kind = "projectx"
accounts = ["{PX}"]
instruments = ["ESZ6"]
api = "http://127.0.0.1:{{port}}/api"
hubs = "http://127.0.0.1:{{port}}/hubs"
user = "{USER}"
key_env = "{KEY_ENV}"
python = "{SDK}"

[[strategies]]
name = "linked"
strategy = "tests.simulation.trader:Trader"
account = "{PX}"
symbols = ["ESZ6"]
parameters = {{{{ every = 41, until_ns = {{until_ns}}, tif = "GTC" }}}}
"""
"""Beside it. The strategy there stays within 100 requests per minute."""


LISTS_LESS: Final = ("open_orders_ms = 500", "open_orders_ms = 10000")
"""Twice per second would leave nothing of ProjectX's limit for orders."""


def write_configuration(folder: Path, ports: Mapping[str, int], until_ns: int) -> Path:
    """The configuration of a group at the brokers on these ports, by login, whose strategies trade
    up to `until_ns`: the wall clock, nanoseconds."""
    file = folder / "chaos.toml"
    at_tws = next(port for login, port in ports.items() if login != PROJECTX)
    text = TOML.format(port=at_tws, until_ns=until_ns, limit=LIMIT, account=ACCOUNT)
    if PROJECTX in ports:
        text = text.replace(*LISTS_LESS)
        text += LINKED.format(port=ports[PROJECTX], until_ns=until_ns)
    file.write_text(text)
    return file
