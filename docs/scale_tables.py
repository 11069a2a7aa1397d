"""The tables of docs/scale.md: what so many hosts and symbols need, from what was measured."""

from collections.abc import Callable
from typing import Final, NamedTuple

HOSTS: Final = (1, 10, 100)
SYMBOLS: Final = 10_000
TICKS_PER_SYMBOL_S: Final = 10
STRATEGIES_PER_HOST: Final = 8
ORDERS_PER_STRATEGY_MIN: Final = 10
LINES_PER_LOGIN: Final = 100
LOGINS: Final = SYMBOLS / LINES_PER_LOGIN
DAY_S: Final = 23 * 3600
"""Futures trade for so long."""


class Measured(NamedTuple):
    """A figure, its unit, what it is of, and the command or the page that it is from."""

    figure: float
    unit: str
    what: str
    source: str


RUN: Final = "`tapewire up`, on the simulator"
CLUSTER: Final = "`python -m tapewire.benchmarks cluster`"
MEASURED: Final = {
    "gateway_percent": Measured(
        10.8, "%", "a gateway at 1,000 ticks/s with its orders, of a core", RUN
    ),
    "liquidation_percent": Measured(1.3, "%", "a liquidation gateway, of a core", RUN),
    "process_mb": Measured(56, "MB", "memory of a gateway", RUN),
    "order_records": Measured(12.9, "", "records that an order leaves, in all journals", RUN),
    "strategy_us": Measured(8.4, "us", "a strategy, CPU per message of one tick", CLUSTER),
    "door_us": Measured(7.7, "us", "the door, CPU per message to a far host", CLUSTER),
    "relay_us": Measured(7.9, "us", "a relay, CPU per message", CLUSTER),
    "message_bytes": Measured(183, "bytes", "a message of one tick between hosts", CLUSTER),
    "mirror_per_s": Measured(10_641, "/s", "records mirrored to three hosts", CLUSTER),
    "record_bytes": Measured(450, "bytes", "a record on a node", "[Mirror](mirror.md)"),
    "orders_per_s": Measured(
        3_750, "/s", "signals that become orders", "[Performance](performance.md)"
    ),
}


class Needs(NamedTuple):
    """What so many hosts need; with `whole` each reads all symbols, otherwise its share of them."""

    hosts: int
    whole: bool

    @property
    def ticks_per_s(self) -> float:
        """Into the gateways at home, all together."""
        return SYMBOLS * TICKS_PER_SYMBOL_S

    @property
    def read_per_s(self) -> float:
        """Ticks that one host reads."""
        return self.ticks_per_s / (1 if self.whole else self.hosts)

    @property
    def relayed_per_s(self) -> float:
        """Of these, those that a relay passes on."""
        return self.read_per_s if self.hosts > 1 else 0

    @property
    def passed_per_s(self) -> float:
        """Messages that the door sends; the worst case is one tick in each."""
        return (self.hosts - 1) * self.read_per_s

    @property
    def orders_per_s(self) -> float:
        """Of all strategies."""
        return self.hosts * STRATEGIES_PER_HOST * ORDERS_PER_STRATEGY_MIN / 60

    @property
    def records_per_s(self) -> float:
        """In all journals."""
        return self.orders_per_s * _of("order_records")


def _of(name: str) -> float:
    return MEASURED[name].figure


def measured() -> str:
    """The figures that all else is computed from."""
    rows = [
        f"| {one.what} | {one.figure:,g} {one.unit}".rstrip() + f" | {one.source} |"
        for one in MEASURED.values()
    ]
    return "\n".join(["| what | figure | from |", "|---|---|---|", *rows, ""])


def needs() -> str:
    """What each number of hosts needs; a host that is alone reads all in either way."""
    columns = [
        Needs(hosts, whole) for whole in (False, True) for hosts in HOSTS if hosts > 1 or not whole
    ]
    heads = [_head(one) for one in columns]
    rows = [
        f"| {what} | {' | '.join(figure(one) for one in columns)} |"
        for what, figure in ROWS.items()
    ]
    rule = "|---" * (1 + len(columns)) + "|"
    return "\n".join([f"| | {' | '.join(heads)} |", rule, *rows, ""])


def _head(one: Needs) -> str:
    if one.hosts == 1:
        return "1 host"
    return f"{one.hosts} hosts, {'all' if one.whole else 'its share'}"


def _cores(one: Needs) -> str:
    each = _of("gateway_percent") * LINES_PER_LOGIN * TICKS_PER_SYMBOL_S / 1000
    return f"{LOGINS * (each + _of('liquidation_percent')) / 100:.1f}"


def _spent(per_s: float, name: str) -> str:
    """The share of one core that so many messages take."""
    return _percent(per_s * _of(name) / 1e6)


def _share(per_s: float, name: str) -> str:
    """How much of what is possible that is."""
    return _percent(per_s / _of(name))


def _percent(share: float) -> str:
    text = f"{share * 100:,.2g} %" if share < 0.1 else f"{share * 100:,.0f} %"
    return f"**{text}**" if share > 1 else text


def _disk(one: Needs) -> str:
    return f"{one.records_per_s * _of('record_bytes') * DAY_S / 1e9:,.1f} GB"


def limits() -> str:
    """How much one process of each kind takes, and what that is in symbols or orders."""
    rows = []
    for name, what in {
        "door_us": "the door, to all far hosts together",
        "relay_us": "a relay",
        "strategy_us": "a strategy",
    }.items():
        most = 1e6 / _of(name)
        rows.append(
            f"| {what} | {most:,.0f} messages/s | {most / TICKS_PER_SYMBOL_S:,.0f} symbols |"
        )
    orders = _of("mirror_per_s") / _of("order_records")
    rows.append(f"| the mirror | {_of('mirror_per_s'):,.0f} records/s | {orders:,.0f} orders/s |")
    rows.append(f"| the executor | | {_of('orders_per_s'):,.0f} orders/s |")
    return "\n".join(["| | one core at most | that is |", "|---|---|---|", *rows, ""])


ROWS: Final[dict[str, Callable[[Needs], str]]] = {
    "ticks per second into home": lambda one: f"{one.ticks_per_s:,.0f}",
    "logins, each with a TWS": lambda _: f"{LOGINS:,.0f}",
    "both gateways of each login, cores": _cores,
    "both gateways of each login, memory": lambda _: (
        f"{2 * LOGINS * _of('process_mb') / 1000:.1f} GB"
    ),
    "ticks per second that a host reads": lambda one: f"{one.read_per_s:,.0f}",
    "one strategy that reads all of that, of a core": lambda one: _spent(
        one.read_per_s, "strategy_us"
    ),
    "its relay, of a core": lambda one: _spent(one.relayed_per_s, "relay_us"),
    "messages per second through the door": lambda one: f"{one.passed_per_s:,.0f}",
    "the door, of a core": lambda one: _spent(one.passed_per_s, "door_us"),
    "out of home's network, MB/s": lambda one: (
        f"{one.passed_per_s * _of('message_bytes') / 1e6:,.1f}"
    ),
    "orders per second": lambda one: f"{one.orders_per_s:,.1f}",
    "the executor": lambda one: _share(one.orders_per_s, "orders_per_s"),
    "records per second": lambda one: f"{one.records_per_s:,.0f}",
    "the mirror": lambda one: _share(one.records_per_s, "mirror_per_s"),
    "disk per day, at home and on each node": _disk,
}
