"""The moving averages of `strategy/examples` trade alike in the back-test, the demo and live.

What is compared
----------------
All that a trader would see: every order in the order in which they were made, with the number of
the signal that it came of, symbol, side, quantity, type, prices and time in force; what became of
it; and each of its executions with quantity and price. Nothing is left out and nothing is rounded.

What is not compared is when something happened. A live order takes milliseconds where the back-test
takes less than one, and nobody can promise the same price to both in a market that moves in
between. So the ticks are made such that it does not: the example's bars end with a number of
trades and not by a clock, and for `REST_S` around each of its signals and each exit no price moves.
Then whatever still differs is wrong.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tapewire.backtest import group as backtest_group
from tapewire.common.config import settings as configuration
from tapewire.common.ticks.rows import HEADER
from tapewire.console import demo
from tapewire.console.application import application
from tapewire.console.group.supervisor import Group
from tapewire.console.records import blotter
from tapewire.console.records.blotter import Only, Trading
from tapewire.console.views import trading_json
from tapewire.strategy.examples import moving_average as example
from tapewire.virtual.world import World
from tests.pipeline.running import Running, tapewire
from tests.places import DATA, free_port

END = "END"
STRATEGY = "strategy-averages"
REAL = DATA / "us_equity_20131007_l1_trades.csv.gz"
REST_S = 1.0
"""How long prices stay as they are after whatever is to trade: far longer than an order takes."""
JOIN_S = 3.0
"""Quotes alone, while the group's gateway gets ready."""
START_NS = 1_700_000_000 * 10**9
TRADE_NS = 500_000

CONFIG = """
[[strategies]]
name = "averages"
strategy = "tapewire.strategy.examples.moving_average:MovingAverage"
"""
TERMS = ("signal", "symbol", "side", "quantity", "type", "limit", "stop", "time_in_force", "role")
OUTCOME = ("state", "filled", "average_price")
Order = dict[str, Any]


class Tape:
    """A file of ticks as it is written: each symbol stays at its price until it is moved."""

    def __init__(self, **prices: float) -> None:
        self.lines = [HEADER]
        self._now_ns = START_NS
        self._trades = 0
        for symbol, price in prices.items():
            self.quote(symbol, price)
        self.rest(JOIN_S)

    def quote(self, symbol: str, price: float, trade: str = ",") -> None:
        """A row with the quote around `price`, and a trade if there is one."""
        self.lines.append(f"{self._now_ns},{symbol},{price:.2f},{price + 0.01:.2f},900,900,{trade}")
        self._now_ns += TRADE_NS

    def bars(self, symbol: str, *prices: float) -> None:
        """One bar at each price, of as many trades as the example asks for."""
        for price in prices:
            for _ in range(example.TRADES):
                self._trades += 1
                cents = self._trades * 5 % 7  # so that a lost or repeated trade shifts every close
                self.quote(symbol, price, f"{price + cents / 100:.2f},1")

    def rest(self, seconds: float = REST_S) -> None:
        """Nothing moves."""
        self._now_ns += int(seconds * 10**9)

    def write(self, path: Path) -> Path:
        """The file; its last row is the only one of END, and shows that the market is over."""
        self.quote(END, 1.0)
        path.write_text("\n".join(self.lines) + "\n")
        return path


def made(path: Path) -> Path:
    """AAPL enters three times: it takes its profit, is stopped out, and keeps what it bought last.
    MSFT enters meanwhile, and is stopped out."""
    tape = Tape(AAPL=104.0, MSFT=54.0)
    for n in range(example.SLOW):  # both fall, so that no average crosses
        tape.bars("AAPL", 104 - n / 5)
        tape.bars("MSFT", 54 - n / 5)
    for symbol, *prices in (
        ("AAPL", 106, 106),  # the first entry
        ("MSFT", 56, 56),
        ("AAPL", 107),  # above its target
        ("AAPL", 97, 97, 97, 97, 108, 108, 108),  # the second entry
        ("MSFT", 55),  # below its stop
        ("AAPL", 102),  # below its stop
        ("AAPL", 97, 97, 97, 97, 109, 109, 109),  # the third
    ):
        tape.bars(symbol, *prices)
        tape.rest()
    return tape.write(path)


# ---- the three ways ------------------------------------------------------------------------------


@pytest.fixture
def backtested(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """What `tapewire backtest` trades on the file."""
    return by_backtest(monkeypatch, "--ticks", str(made(folder / "ticks.csv")))


def by_backtest(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[Order]:
    """Its world is kept, for it writes no journals to look into."""
    worlds: list[World] = []

    def kept(*given: Any, **named: Any) -> World:
        worlds.append(World(*given, **named))
        return worlds[-1]

    monkeypatch.setattr(backtest_group, "World", kept)
    ended = CliRunner().invoke(application("backtest"), ["backtest", "--json", *arguments])
    assert ended.exit_code == 0, ended.output
    world = worlds[-1]  # the one before it tried how long the group takes to get ready
    trading = Trading(world.instruments)
    for source in blotter.SOURCES:
        for event in world.events(source):
            trading.apply(event, source)
    return seen(trading)


def by_group(run_dir: Path) -> list[Order]:
    """What the processes of a run directory traded."""
    return seen(blotter.read(run_dir, configuration.load().all_instruments()))


def seen(trading: Trading) -> list[Order]:
    """Every order as a trader sees it, without the names that each run makes up for itself."""
    found = trading_json.blotter(trading, blotter.orders(trading, Only()), [])["orders"]
    return [
        {
            "signal": int(one["signal_id"].rpartition("-")[2]),
            **{name: one[name] for name in (*TERMS[1:], *OUTCOME)},
            "fills": [(fill["quantity"], fill["price"]) for fill in one["fills"]],
        }
        for one in found
    ]


@pytest.fixture
def folder(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration and the ticks are; the run directory is a folder in it."""
    configure(run_dir, "AAPL", "MSFT", END)
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(run_dir / "tapewire.toml"))
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir / "run"))
    return run_dir


def configure(folder: Path, *symbols: str) -> None:
    """The example on these symbols, whatever else a file of ticks has."""
    instruments = "".join(f'[[instruments]]\nsymbol = "{symbol}"\n' for symbol in symbols)
    wanted = f"symbols = {json.dumps(symbols)}\n"
    (folder / "tapewire.toml").write_text(instruments + CONFIG + wanted)


# ---- they agree ----------------------------------------------------------------------------------


def test_the_back_test_trades_what_the_ticks_were_made_for(backtested: list[Order]):
    """Entries, both kinds of exit, and one that is left open: there is something to compare."""
    filled = [
        (one["signal"], one["symbol"], one["role"], *fill)
        for one in backtested
        for fill in one["fills"]
    ]
    assert filled == [
        (1, "AAPL", "entry", "10", "106.01"),
        (1, "AAPL", "target", "10", "106.42"),
        (2, "MSFT", "entry", "10", "56.01"),
        (2, "MSFT", "stop", "10", "55"),
        (3, "AAPL", "entry", "10", "108.01"),
        (3, "AAPL", "stop", "10", "102"),
        (4, "AAPL", "entry", "10", "109.01"),
    ]
    open_exits = [one["state"] for one in backtested if one["signal"] == 4]
    assert open_exits == ["FILLED", "ACCEPTED", "ACCEPTED"]


def test_the_demo_trades_what_the_back_test_does(folder: Path, backtested: list[Order]):
    ended = tapewire("demo", "--ticks", str(folder / "ticks.csv"), "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert json.loads(ended.stdout)["faults"] == []
    assert by_group(folder / "run") == backtested
    ticks = ("--ticks", str(folder / "ticks.csv"))
    compared = tapewire("backtest", *ticks, "--compare", str(folder / "run"), "--json")
    comparison = json.loads(compared.stdout)["comparison"]
    executed = sum(one["filled"] != "0" for one in backtested)
    assert (comparison["equal"], comparison["differences"]) == (executed, [])


def test_a_group_on_a_tws_that_plays_the_file_trades_what_the_back_test_does(
    folder: Path, backtested: list[Order], live: Running
):
    """The group is configured as for a paper TWS: it knows an address and nothing of a file."""
    live.until(lambda: END in live.status("gateway")["tick_seqs"], "the end of the market", 60)
    live.group.down()
    assert by_group(live.run_dir) == backtested


@pytest.fixture
def live(
    folder: Path, backtested: list[Order], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """A running group, and then a TWS that plays the file of the back-test: so no process misses a
    tick."""
    port = free_port()
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "false")
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(port))
    running = Running(Group(configuration.load()))
    command = ("-m", "tapewire.simulator", "--port", str(port), "--ticks", "ticks.csv")
    tws = None
    running.group.up()
    try:
        running.until(lambda: not demo.late(running.group, [STRATEGY]), "all to wait for TWS")
        tws = subprocess.Popen([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL)
        yield running
    finally:
        if running.group.is_up():
            running.group.down()
        if tws is not None:
            tws.terminate()
            tws.wait(10)


@pytest.mark.soak
def test_on_a_real_market_the_same_orders_are_made(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A thousand seconds of three stocks in fifty. Here prices move while an order is on its way,
    twenty times as fast as they did, so that an entry may cost a cent more or less: its fill is not
    compared. All that the strategy asked for is, in its order: each follows from every trade before
    it."""
    if not REAL.exists():
        pytest.skip(f"{REAL.name} is not here; the made file is tested instead")
    configure(folder, "IBM", "AIG", "BAC")
    start = ("--ticks", str(REAL), "--from", "2013-10-07T14:00Z")
    backtested = by_backtest(monkeypatch, *start, "--to", "2013-10-07T14:16:40Z")
    ended = tapewire("demo", *start, "--seconds", "50", "--speed", "20", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert terms(by_group(folder / "run")) == terms(backtested)
    assert len(backtested) == 9, "three brackets"


def terms(orders: list[Order]) -> list[Order]:
    """What was asked for, without what became of it."""
    return [{name: one[name] for name in TERMS} for one in orders]
