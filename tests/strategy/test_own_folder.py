"""A folder of one's own, outside the project: `tapewire` there finds its strategies and says what
is wrong with them, in the same words wherever they are loaded."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import NO_CONSOLE, ROOT, free_port

INSTALLED = "from tapewire.console.cli import main; main()"
CONFIG = """
[[instruments]]
symbol = "AAA"
[[strategies]]
name = "mine"
strategy = "strategies.mine:Mine"
failures_max = 1
"""
MINE = """
from strategies.sizes import SIZE
from tapewire import Strategy

class Mine(Strategy):
    def on_quote(self, quote):
        if not self.pending(quote.symbol) and not self.position(quote.symbol):
            self.buy(quote.symbol, SIZE)
"""
RAISING = MINE + "            raise KeyError(quote.symbol)\n"
HEADER = "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"


class Folder:
    """A folder with a configuration, a strategy of two modules, and ticks."""

    def __init__(self, path: Path, *, config: bool = True, home: Path = ROOT) -> None:
        self.path, self.home = path, home
        (path / "strategies").mkdir()
        if config:
            (path / "tapewire.toml").write_text(CONFIG)
        (path / "strategies" / "sizes.py").write_text("SIZE = 3\n")
        self.write(MINE)
        rows = [f"{1_700_000_000 + n}000000000,AAA,10,10.01,500,500,," for n in range(200)]
        (path / "ticks.csv").write_text("\n".join([HEADER, *rows]) + "\n")
        for name in ("risk", "strategy", "common"):  # one's own, not the project's
            (path / f"{name}.py").write_text("raise SystemExit('not this one')\n")

    def write(self, text: str) -> None:
        (self.path / "strategies" / "mine.py").write_text(text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python there, with a path that an installed command has: not the folder itself."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
        environment |= {
            **NO_CONSOLE,
            "PYTHONPATH": str(self.home / "src"),
            "TAPEWIRE_RUN_DIR": str(self.path / "run"),
        }
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=self.path, env=environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    def tapewire(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-c", INSTALLED, *arguments)

    def doctors_finding(self) -> dict[str, object]:
        findings = json.loads(self.tapewire("doctor", "--json").stdout)
        return next(one for one in findings if one["check"] == "strategy mine")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_strategy_of_ones_own_folder_trades_in_back_test_and_demo(folder: Folder):
    for command in (["backtest"], ["demo", "--speed", "max"]):
        found = folder.tapewire(*command, "--ticks", "ticks.csv", "--json")
        assert found.returncode == 0, found.stderr + found.stdout
        told = json.loads(found.stdout)
        assert (told["orders"], told["faults"]) == (1, [])
    assert folder.doctors_finding()["ok"] is True


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Tapewire's folder as a newcomer has it: with a strategy of the same name in it."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "src", clone / "src", symlinks=True)
    for package in (p.name for p in (ROOT / "src" / "tapewire").iterdir() if p.is_dir()):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, clone / package, ignore=ignore)
    shutil.copy(ROOT / "supervisord.conf", clone)
    (clone / "strategies").mkdir()
    (clone / "strategies" / "mine.py").write_text("raise SystemExit('the clone's')\n")
    (clone / "strategies" / "sizes.py").write_text("raise SystemExit('the clone's')\n")
    return clone


@pytest.mark.soak
def test_of_two_files_of_one_name_the_calling_folders_is_loaded_everywhere(tmp_path, clone):
    (tmp_path / "own").mkdir()
    own = Folder(tmp_path / "own", home=clone)
    loaded = "strategies.mine:Mine, from strategies/mine.py"
    tested = own.tapewire("backtest", "--ticks", "ticks.csv", "--json")
    assert (tested.returncode, tested.stderr.splitlines()[0]) == (0, f"strategy mine: {loaded}")
    assert json.loads(tested.stdout)["loaded"] == {"mine": loaded}
    tried = own.tapewire("demo", "--ticks", "ticks.csv", "--speed", "max", "--json")
    assert tried.returncode == 0, tried.stderr
    assert f"strategy-mine: {loaded}\n" in tried.stderr
    status = json.loads((own.path / "run" / "status" / "strategy-mine.json").read_text())
    assert status["loaded"] == loaded
    assert own.doctors_finding()["found"] == loaded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "import no_such_module\n",
            "strategies.mine.strategy is strategies.mine:Mine, but the import at"
            " strategies/mine.py:1 failed: ModuleNotFoundError: No module named 'no_such_module';"
            f" correct that line, or install no_such_module for {sys.executable}",
        ),
        (
            "x = 1\nclass Mine(:\n",
            "strategies.mine.strategy is strategies.mine:Mine, but it cannot be loaded:"
            " SyntaxError: invalid syntax at strategies/mine.py:2; correct that line",
        ),
    ],
)
def test_what_is_wrong_is_the_same_sentence_live_in_back_test_demo_and_doctor(folder, text, says):
    folder.write(text)
    live = folder.run("-m", "tapewire.strategy", "mine")
    assert (live.returncode, live.stderr) == (2, f"{says}\n")
    tested = folder.tapewire("backtest", "--ticks", "ticks.csv")
    assert tested.returncode == 2
    assert tested.stderr.endswith(f"tapewire: {says}\n")
    tried = folder.tapewire("demo", "--ticks", "ticks.csv")
    assert tried.returncode == 1
    assert f"tapewire: strategy-mine ended: {says} (" in tried.stderr
    found = folder.doctors_finding()
    assert (found["ok"], f"{found['found']}; {found['advice']}") == (False, says)


@pytest.mark.soak
def test_a_file_that_the_back_test_takes_is_taken_by_the_demo_and_for_warming_up(folder: Folder):
    rows = [f"{1_700_000_000 + n},{10 + n % 2}" for n in range(200)]
    (folder.path / "AAA.csv").write_text("\n".join(["time,price", *rows]) + "\n")
    warm_up = 'warm_up = { ticks = "AAA.csv" }\n'
    (folder.path / "tapewire.toml").write_text(CONFIG + warm_up)
    for command in (["backtest"], ["demo", "--speed", "max"]):
        found = folder.tapewire(*command, "--ticks", "AAA.csv", "--json")
        assert found.returncode == 0, found.stderr + found.stdout
        assert json.loads(found.stdout)["orders"] == 1


@pytest.mark.soak
def test_what_the_broker_rejects_is_said_with_its_reason(folder: Folder):
    (folder.path / "strategies" / "sizes.py").write_text("SIZE = 0.5\n")
    halves = CONFIG.replace('symbol = "AAA"', 'symbol = "AAA"\nlot = 0.5')
    (folder.path / "tapewire.toml").write_text(halves)
    for command in (["backtest"], ["demo", "--speed", "max"]):
        found = folder.tapewire(*command, "--ticks", "ticks.csv")
        said = " ".join((found.stdout + found.stderr).split())
        assert re.search(r"note: mine: [\d,]+ orders? rejected, the first because: Order rej", said)
        assert "a size of 0.5 is not a whole number (error 201, BUY 0.5 MKT of AAA)" in said


@pytest.mark.soak
def test_a_slip_in_a_callbacks_name_is_a_hint_everywhere(folder: Folder):
    folder.write(MINE.replace("on_quote", "on_quotes"))
    hint = "Mine has on_quotes, which Tapewire does not call; did you mean on_quote?"
    found = folder.doctors_finding()
    assert (found["ok"], str(found["advice"]).startswith(hint)) == (True, True)
    tested = folder.tapewire("backtest", "--ticks", "ticks.csv", "--json")
    assert any(note.startswith(hint) for note in json.loads(tested.stdout)["notes"])
    tried = folder.tapewire("demo", "--ticks", "ticks.csv", "--speed", "max")
    assert hint in " ".join(tried.stderr.split())
    log = (folder.path / "run" / "logs" / "strategy-mine.log").read_text()
    assert hint in log


def test_a_symbol_that_is_not_configured_is_the_same_sentence_everywhere(folder: Folder):
    (folder.path / "tapewire.toml").write_text(CONFIG + 'symbols = ["AAB"]\n')
    says = (
        "tapewire.toml: strategies.mine.symbols has AAB, which is not in [[instruments]];"
        " did you mean AAA?"
    )
    ticks = ["--ticks", "ticks.csv"]
    for command in (["up"], ["run"], ["backtest", *ticks], ["demo", *ticks]):
        found = folder.tapewire(*command)
        assert found.returncode == 2, command
        assert found.stderr.endswith(f"{says}\n"), command
    assert says in " ".join(folder.tapewire("doctor").stdout.split())


TWO = (
    CONFIG
    + """symbols = ["AAA"]
[[instruments]]
symbol = "BBB"
[[instruments]]
symbol = "CCC"
[[strategies]]
name = "all"
strategy = "strategies.mine:Mine"
[[strategies]]
name = "none"
strategy = "strategies.mine:Mine"
symbols = ["CCC"]
"""
)


@pytest.mark.soak
def test_back_test_and_demo_give_a_strategy_those_of_its_symbols_that_the_file_has(folder: Folder):
    (folder.path / "tapewire.toml").write_text(TWO)
    with (folder.path / "ticks.csv").open("a") as file:
        rows = [f"{1_700_000_200 + n}000000000,BBB,10,10.01,500,500,," for n in range(100)]
        file.write("\n".join(rows) + "\n")
    for command in (["backtest"], ["demo", "--speed", "max"]):
        found = folder.tapewire(*command, "--ticks", "ticks.csv", "--json")
        assert found.returncode == 0, found.stderr + found.stdout
        told = json.loads(found.stdout)
        assert told["ticks_received"] == {"strategy-mine": 2, "strategy-all": 4}
        assert told["orders"] == 3
        assert "none did not run: the file has none of its symbols" in found.stderr + found.stdout


def test_what_cannot_be_loaded_is_said_before_the_file_is_read(folder: Folder):
    folder.write("import no_such_module\n")
    (folder.path / "bad.csv").write_text("time,price\nnoon,1\n")
    found = folder.tapewire("backtest", "--ticks", "bad.csv")
    assert "No module named 'no_such_module'" in found.stderr
    assert "noon" not in found.stderr


def test_a_folder_as_ticks_is_said_to_be_one(folder: Folder):
    for command in ("backtest", "demo"):
        found = folder.tapewire(command, "--ticks", "strategies")
        assert (found.returncode, found.stderr) == (
            2, "tapewire: --ticks strategies is a folder; expected a CSV of ticks\n",
        )  # fmt: skip


def test_a_strategy_that_is_stopped_fails_the_back_test_and_names_its_line(folder: Folder):
    folder.write(RAISING)
    found = folder.tapewire("backtest", "--ticks", "ticks.csv", "--json")
    assert found.returncode == 1
    (fault,) = json.loads(found.stdout)["faults"]
    assert fault == (
        "strategy mine was stopped for a while after 1 failure, the last: KeyError: 'AAA' at"
        " strategies/mine.py:9; these figures lack what came after"
    )
    assert "Traceback (most recent call last)" in found.stderr
    shown = folder.tapewire("backtest", "--ticks", "ticks.csv")
    assert (shown.returncode, "FAULT: strategy mine was stopped" in shown.stdout) == (1, True)


@pytest.mark.soak
def test_a_strategy_that_is_stopped_fails_the_demo_and_its_log_has_the_traceback(folder: Folder):
    folder.write(RAISING)
    found = folder.tapewire("demo", "--ticks", "ticks.csv", "--speed", "max", "--json")
    assert found.returncode == 1
    error = "KeyError: 'AAA' at strategies/mine.py:9"
    stopped = f"strategy mine was stopped after 1 failure, the last: {error}"
    assert json.loads(found.stdout)["faults"] == [stopped]
    status = json.loads((folder.path / "run" / "status" / "strategy-mine.json").read_text())
    assert (status["state"], status["reason"].partition(";")[0]) == ("HALTED", stopped)
    lines = (folder.path / "run" / "logs" / "strategy-mine.log").read_text().splitlines()
    (logged,) = [e for e in map(json.loads, lines) if e["event"] == "strategy"]
    assert f"raised {error}, failure 1 of 1, on Quote(" in logged["text"]
    assert logged["traceback"].startswith("Traceback (most recent call last):\n")
    assert 'strategies/mine.py", line 9, in on_quote\n' in logged["traceback"]


UNSET = (
    MINE
    + """
    def on_start(self):
        self.window = {}[self.symbols[0]]

    def on_trade(self, trade):
        self.window.append(trade)
"""
)
UNSET = UNSET.replace("not self.pending", "self.window and not self.pending")
OFTEN = CONFIG.replace("failures_max = 1\n", "")  # what comes later would not stop it
BESIDE = (
    '[[strategies]]\nname = "beside"\nstrategy = "tapewire.strategy.examples.momentum:Momentum"\n'
)
FIRST = "strategy mine was stopped: its on_start raised KeyError: 'AAA' at strategies/mine.py:11"


def test_an_on_start_that_raises_fails_back_test_and_demo_at_once_with_that_error(folder: Folder):
    folder.write(UNSET)
    (folder.path / "tapewire.toml").write_text(OFTEN)
    for command, status in ((["backtest"], 2), (["demo", "--speed", "0.01"], 1)):
        found = folder.tapewire(*command, "--ticks", "ticks.csv")
        assert found.returncode == status, found.stderr
        assert f"tapewire: {FIRST}; correct that line\n" in found.stderr
        assert "AttributeError" not in found.stderr + found.stdout


@pytest.mark.soak
def test_beside_a_strategy_whose_on_start_raises_the_others_go_on_and_it_is_a_fault(folder: Folder):
    folder.write(UNSET)
    (folder.path / "tapewire.toml").write_text(OFTEN + BESIDE)
    for command in (["backtest"], ["demo", "--speed", "max"]):
        found = folder.tapewire(*command, "--ticks", "ticks.csv", "--json")
        assert found.returncode == 1, found.stderr
        (fault,) = json.loads(found.stdout)["faults"]
        assert fault.startswith(FIRST)
        assert "AttributeError" not in found.stderr + found.stdout


@pytest.mark.soak
def test_live_an_on_start_that_raises_is_shown_and_is_not_tried_again(folder: Folder):
    folder.write(UNSET)
    live = f"[tws]\nport = {free_port()}\n[simulator]\nenabled = true\n"
    (folder.path / "tapewire.toml").write_text(live + OFTEN)
    up = folder.tapewire("up")
    status = json.loads(folder.tapewire("status", "--json").stdout)["strategy-mine"]
    folder.tapewire("down")
    assert (up.returncode, f"  strategy-mine: HALTED: {FIRST};" in up.stdout) == (1, True)
    assert (status["state"], status["stopped"], status["failures"]) == ("HALTED", FIRST, 1)
    log = (folder.path / "run" / "logs" / "strategy-mine.log").read_text()
    assert (log.count('"started"'), log.count("in on_start")) == (1, 1)
    ran = folder.tapewire("run")
    assert (ran.returncode, f"  strategy-mine: HALTED: {FIRST};" in ran.stderr) == (1, True)


@pytest.mark.soak
def test_the_commands_that_the_document_gives_for_it_work_as_they_stand(tmp_path: Path):
    text = (ROOT / "docs" / "strategies.md").read_text()
    section = text.split("## A folder of your own")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    installed = tmp_path / "tapewire" / ".venv" / "bin" / "tapewire"
    installed.parent.mkdir(parents=True)
    command = shlex.join([sys.executable, "-P", "-c", INSTALLED])
    installed.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {command} "$@"\n')
    installed.chmod(0o700)
    shutil.copy(ROOT / "tapewire.toml", tmp_path / "tapewire")
    (tmp_path / "mine").mkdir()
    folder = Folder(tmp_path / "mine", config=False)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
    environment |= {**NO_CONSOLE, "TAPEWIRE_TWS__PORT": str(free_port())}

    def sh(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-e"], input=text, cwd=tmp_path, env=environment, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip

    found = sh(block)
    down = sh("cd mine\n../tapewire/.venv/bin/tapewire down\n")
    assert (found.returncode, down.returncode) == (0, 0), found.stdout + found.stderr
    assert "strategy momentum-fast" in found.stdout
    assert (folder.path / "run" / "journals" / "gateway.sqlite").exists()
