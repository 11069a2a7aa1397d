"""Every command in README runs as it is written."""

import re
import shlex

from tests.markdown import blocks
from tests.places import ROOT
from tests.reader import Reader, a_reader

README = ROOT / "README.md"
COMMANDS = [line for block in blocks(README, "sh") for line in block.lines]


def test_the_session_by_hand_runs_line_by_line():
    by_hand = [c for c in COMMANDS if not c.startswith("make")]
    assert len(by_hand) > 5
    with a_reader() as reader:
        for command in by_hand:
            reader.does(command)


def test_each_make_target_of_readme_does_what_it_says(tmp_path):
    """What `make run` and `make test` start is tested by itself; here, that they start it."""
    started = {"make run": ".venv/bin/tapewire run", "make test": ".venv/bin/python -m pytest"}
    reader = Reader(tmp_path)
    for command in (c for c in COMMANDS if c.startswith("make")):
        line = f"{command} --dry-run --assume-old=.venv/.stamp -C {shlex.quote(str(ROOT))}"
        assert started[command] in reader.does(line)


def test_the_strategy_of_readme_trades_in_the_demo():
    (strategy,), (entry,) = blocks(README, "python"), blocks(README, "toml")
    with a_reader() as reader:
        reader.write("strategies/dip.py", strategy.text)
        reader.configure(entry.text)
        reader.write("ticks.csv", _falling_and_rising())
        found = reader.does("tapewire demo --ticks ticks.csv --speed max --json")
    assert '"signals": 0' not in found


def _falling_and_rising() -> str:
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    for n in range(400):
        price = 100 - (n % 100) / 50
        ts_ns = 1_700_000_000_000_000_000 + n * 10_000_000
        lines.append(f"{ts_ns},AAA,{price:.2f},{price + 0.01:.2f},500,500,,")
    return "\n".join(lines) + "\n"


def test_its_lines_fit_a_window():
    lines = enumerate(README.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > 110] == []


def test_it_leads_to_every_document():
    linked = set(re.findall(r"\]\((docs/[^)#]+)\)", README.read_text()))
    assert {f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")} <= linked
