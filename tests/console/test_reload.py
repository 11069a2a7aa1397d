"""`tapewire risk reload`: what is refused, what is asked, and what is sent to risk."""

import json
import sys
import time
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.events import EVERYTHING, ControlReply, RulesChanged, Scope
from tapewire.console.commands import risk as command
from tapewire.console.group import control, launch, reloading
from tapewire.console.group.control import Launched
from tapewire.risk.rules.in_force import digest_of, text_of
from tests.console.journaled import T0, write
from tests.console.running import Ended, Tapewire

TEN = '[[risk.rules]]\nrule = "MaxContracts"\nparameters = { limit = 10 }\n'
BLOCK = '[[risk.rules]]\nrule = "SymbolBlock"\nparameters = { symbols = ["AAPL"] }\n'


class Risk:
    """A risk that answers, and group processes that show the rules they work by."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.asked: list[tuple[str, str]] = []
        self.refusal = ""
        self.deaf: tuple[str, ...] = ()

    def ask(
        self, group: Launched, action: str, reason: str, scope: Scope = EVERYTHING, rules: str = ""
    ) -> ControlReply:
        assert (action, scope) == ("reload", EVERYTHING)
        self.asked.append((reason, rules))
        if self.refusal:
            return ControlReply(ok=False, state="ACTIVE", text=self.refusal)
        write(self.run_dir, "risk", [RulesChanged(time.time_ns(), rules)])
        self.show(rules)
        return ControlReply(ok=True, state="ACTIVE", text="")

    def show(self, rules: str) -> None:
        (self.run_dir / "status").mkdir(exist_ok=True)
        for role in ("risk", "gateway", "executor"):
            if role not in self.deaf:
                plain = {"rules": digest_of(rules), "ts_ns": time.time_ns(), "pid": 1}
                (self.run_dir / "status" / f"{role}.json").write_text(json.dumps(plain))


@pytest.fixture
def risk(run_dir: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Risk:
    """The group was started with a limit of 10, and has worked by it."""
    config.write_text(config.read_text() + TEN)
    started = configuration.load()
    launch.keep(started, run_dir)
    one = Risk(run_dir)
    write(run_dir, "risk", [RulesChanged(T0, text_of(started.risk.rules))])
    one.show(text_of(started.risk.rules))
    monkeypatch.setattr(control, "ask", one.ask)
    monkeypatch.setattr(command, "running", lambda *_: Launched(run_dir))
    monkeypatch.setattr(command, "load_started", lambda *_: launch.read(run_dir))
    monkeypatch.setattr(reloading, "WAIT_S", 0.2)
    return one


def edit(config: Path, before: str, after: str) -> None:
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))


def refused(tapewire: Tapewire, *arguments: str) -> Ended:
    ended = tapewire("risk", "reload", *arguments)
    assert ended.status != 0
    return ended


def test_a_rule_that_is_added_is_taken_over_without_a_question(
    tapewire: Tapewire, risk: Risk, config: Path
) -> None:
    config.write_text(config.read_text() + BLOCK)
    ended = tapewire("risk", "reload", "--reason", "news")
    assert (ended.status, ended.out) == (
        0, "in force: added SymbolBlock, in risk, gateway and executor\n",
    )  # fmt: skip
    wanted = configuration.load().risk.rules
    assert risk.asked == [("news", text_of(wanted))]
    kept = launch.read(risk.run_dir)
    assert kept is not None
    assert kept.risk.rules == wanted


@pytest.mark.parametrize("after", ["limit = 11", "limit = 9"])
def test_a_rule_that_changes_needs_a_confirmation(
    tapewire: Tapewire, risk: Risk, config: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    edit(config, "limit = 10", after)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    assert "--yes" in refused(tapewire).err
    assert risk.asked == []
    assert tapewire("risk", "reload", "--yes").status == 0
    assert len(risk.asked) == 1


def test_a_rule_that_goes_needs_a_confirmation(
    tapewire: Tapewire, risk: Risk, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(config, TEN, BLOCK)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    refused(tapewire)
    ended = tapewire("risk", "reload", "--yes", "--json")
    assert ended.json["changes"] == "added SymbolBlock; removed MaxContracts"


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("limit = -1", "limit is -1; it must be above 0"),
        ("limits = 1", "limits is not known"),
        ("limit = ", "tapewire.toml"),
        ('limit = 1 }\nscope = { symbol = "ESH9"', "ESH9"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_what_is_wrong(
    tapewire: Tapewire, risk: Risk, config: Path, after: str, why: str
) -> None:
    before = launch.read(risk.run_dir)
    edit(config, "limit = 10", after)
    assert why in refused(tapewire, "--yes").err
    assert risk.asked == []
    assert launch.read(risk.run_dir) == before


def test_a_rule_about_a_symbol_that_the_running_group_does_not_have_is_refused(
    tapewire: Tapewire, risk: Risk, config: Path
) -> None:
    edit(config, "limit = 10 }", 'limit = 10 }\nscope = { symbol = "MSFT" }')
    config.write_text(config.read_text() + '[[instruments]]\nsymbol = "MSFT"\n')
    ended = refused(tapewire, "--yes")
    assert "MSFT" in ended.err
    assert "of the group that runs" in ended.err
    assert risk.asked == []


def test_what_risk_refuses_is_said_and_the_launch_configuration_stays(
    tapewire: Tapewire, risk: Risk, config: Path
) -> None:
    before = launch.read(risk.run_dir)
    edit(config, "limit = 10", "limit = 9")
    risk.refusal = "not taken over: no such file"
    assert refused(tapewire, "--yes").out == "not taken over: no such file\n"
    assert launch.read(risk.run_dir) == before


def test_a_process_that_has_not_taken_them_over_is_named(
    tapewire: Tapewire, risk: Risk, config: Path
) -> None:
    edit(config, "limit = 10", "limit = 9")
    risk.deaf = ("executor",)
    ended = refused(tapewire, "--yes")
    assert ended.out == (
        "in force: changed MaxContracts; executor: it has not read them yet, and takes them over"
        " when it does\n"
    )


def test_without_a_change_there_is_nothing_to_do(
    tapewire: Tapewire, risk: Risk, config: Path
) -> None:
    ended = tapewire("risk", "reload")
    assert (ended.status, risk.asked) == (0, [])
    assert ended.out == "nothing to take over: the rules are in force already\n"
