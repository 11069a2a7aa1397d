"""docs/strategies.md from nothing to an own strategy: on a file, in the demo, and on paper."""

import json
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tapewire.common.events import Fill, Quote
from tapewire.console.records import books
from tests.made_ticks import made
from tests.markdown import blocks, spans
from tests.places import ROOT
from tests.reader import Reader, a_reader
from tests.waiting import wait_for

README = ROOT / "README.md"
STRATEGIES = ROOT / "docs" / "strategies.md"
(DIP,) = (b.text for b in blocks(README, "python"))
(ENTRY,) = (b.text for b in blocks(STRATEGIES, "toml"))
*_CLASSES, SIZED, _PAST, MAKE_TICKS = (b.text for b in blocks(STRATEGIES, "python"))
"""Others run the rest: tests/strategy/test_docs.py, tests/virtual/test_queries_world.py."""
NOT_YET = ("account", "path", "warm_up", "feeds")  # "Leave ... out until you need them."
PROJECT = (ROOT / "tapewire.toml").read_text()


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """Somebody who has written the strategy and its entry as the text says."""
    with a_reader() as reader:
        reader.write("strategies/dip.py", DIP)
        lines = [one for one in ENTRY.splitlines() if not one.startswith(NOT_YET)]
        reader.configure(PROJECT + "\n" + "\n".join(lines) + "\n")
        yield reader


def test_the_own_strategy_trades_on_a_file_in_the_back_test_and_in_the_demo(reader: Reader):
    reader.write("strategies/make_ticks.py", MAKE_TICKS)
    (block,) = [b for b in blocks(STRATEGIES, "sh") if "make_ticks.py" in b.text]
    commands = [line.split()[1] for line in block.lines]
    assert commands == ["strategies/make_ticks.py", "backtest", "demo"]
    for line in block.lines:
        printed = reader.does(line)
        assert "make_ticks.py" in line or "dip" in printed
    found = json.loads(reader.does("tapewire backtest --ticks ticks.csv --strategy dip --json"))
    assert found["fills"] > 0


def _demo_of_combos(reader: Reader, line: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the demo found, and the combos of it that were filled."""
    found = json.loads(reader.does(f"{line} --json"))
    assert found["faults"] == []
    assert found["options_subscribed"] >= 80
    assert found["greeks_published"]["tws"] > 0
    return found, [one for one in found["combos"] if one["filled"] != "0"]


def test_the_demo_on_an_option_chain_reads_it_and_trades_spreads_as_one_order(reader: Reader):
    (block,) = [b for b in blocks(STRATEGIES, "sh") if "chain_file" in b.text]
    make, demo = block.lines
    reader.does(make)
    found, filled = _demo_of_combos(reader, demo)
    if not filled:  # at ten times the speed, a machine that hesitates misses every price
        found, filled = _demo_of_combos(reader, demo)
    assert filled
    for one in filled:
        first, second = one["legs"]
        prices = [Decimal(leg["average_price"]) for leg in one["legs"]]
        assert (first["filled"], second["filled"]) == (one["filled"], one["filled"])
        assert Decimal(one["average_price"]) == prices[0] - prices[1]
        is_bought = one["side"] == "BUY"
        assert (first["side"], second["side"]) == (
            ("BUY", "SELL") if is_bought else ("SELL", "BUY")
        )
        better = Decimal(one["limit"]) - Decimal(one["average_price"])
        assert better >= 0 if is_bought else better <= 0
    assert [one for one in found["combo_pnl"].values() if one["realised"] != one["broker"]] == []


def test_what_the_text_puts_into_the_folder_is_neither_checked_nor_committed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "strategies" in project["tool"]["ruff"]["extend-exclude"]
    assert {"/strategies/", "/ticks.csv", "/chain.csv"} <= {
        *(ROOT / ".gitignore").read_text().splitlines()
    }


def test_the_whole_entry_works_as_it_is_written(tmp_path):
    reader = Reader(tmp_path / "p")
    reader.configure(PROJECT + "\n" + ENTRY)
    reader.write("../my-strategies/strategies/dip.py", DIP)
    reader.write("yesterday.csv", made("2026-11-19T14:30:00+00:00", seconds=2, rate_per_s=200))
    reader.write("ticks.csv", made("2026-11-20T14:30:00+00:00", seconds=10, rate_per_s=200))
    found = json.loads(reader.does("tapewire backtest --ticks ticks.csv --strategy dip --json"))
    assert found["fills"] > 0


def test_the_own_strategy_trades_on_paper(reader: Reader):
    """The TWS is the simulator, on the port where the reader's would be."""
    port = reader.environment["TAPEWIRE_TWS__PORT"]
    stated = [s.text for s in spans(STRATEGIES) if s.line > _line_of("## On paper")]
    steps = [text for text in stated if text.startswith("tapewire ")]
    assert steps[:4] == ["tapewire down", "tapewire doctor", "tapewire up", "tapewire status"]
    assert steps[-2:] == ["tapewire halt", "tapewire flatten"]
    reader.configure(_on_paper((reader.folder / "tapewire.toml").read_text(), stated))
    with reader.start(f"python -m tapewire.simulator --port {port} --rate 600") as tws:
        tws.until_it_prints()
        for step in steps[1:-2]:  # no group runs, so there is none to end
            printed = reader.does(step)
            assert step != "tapewire status" or "strategy-dip" in printed
        (log,) = [text for text in stated if text.endswith("/strategy-dip.log")]
        assert (reader.folder / log).is_file()
        run_dir = (reader.folder / log).parents[1]
        wait_for(lambda: _fills(run_dir, "dip"), "a fill of the strategy's", 60)
        for step in steps[-2:]:
            reader.does(step)
        wait_for(lambda: _fills(run_dir, "risk"), "the fill that closes its position", 30)
        reader.does("tapewire down")


def _line_of(heading: str) -> int:
    return STRATEGIES.read_text().splitlines().index(heading) + 1


def _on_paper(toml: str, stated: list[str]) -> str:
    """The changes that the two texts name."""
    assert "enabled = false" in [s.text for s in spans(README)]
    (run_dir,) = [text for text in stated if text.startswith("run_dir = ")]
    assert {"limit", "[[risk.rules]]"} <= {*stated}
    changes = {r"^enabled = true": "enabled = false", r"^run_dir = \"run\"": run_dir,
               r"limit = 100": "limit = 20"}  # fmt: skip
    for old, new in changes.items():
        toml, count = re.subn(old, new, toml, flags=re.MULTILINE)
        assert count == 1, old
    return toml


def _fills(run_dir: Path, strategy: str) -> bool:
    journals = [books.read_journal(run_dir, name) for name in ("gateway", "liquidation")]
    return any(isinstance(e, Fill) and e.strategy == strategy for j in journals for e in j)


def test_the_example_of_sizing_buys_what_the_stop_risks():
    """One percent of 100,000 over a stop that is 2 away: 500, of which the cash pays for 120."""
    bought = []
    account = SimpleNamespace(equity=Decimal(100_000), buying_power=Decimal(12_000))
    strategy = SimpleNamespace(account=account, buy=lambda *order: bought.append(order))
    quote = Quote("AAPL", 1, 99.0, 1.0, 100.0, 1.0)
    exec(SIZED, {"self": strategy, "quote": quote})
    assert bought == [("AAPL", 120)]
