"""The command line itself: each command has help, and its JSON is JSON."""

import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer.main
from rich.table import Table

from tapewire.console import application, cli
from tapewire.console.commands import common
from tapewire.console.views import terminal
from tests.console.running import Tapewire

COMMANDS = sorted(application.COMMANDS)
GROUPS = {
    "orders": ["list", "cancel", "resolve", "buy", "sell", "modify"],
    "events": ["list", "replay", "follow"],
    "ledger": ["pnl", "export"],
}
READING = [
    ["events"],
    ["events", "--limit", "1"],
    ["trace", "dip-e-1"],
    ["tail", "--seconds", "0"],
    ["orders"],
    ["orders", "--live"],
    ["orders", "list"],
    ["events", "list", "--source", "risk"],
    ["fills"],
    ["positions"],
    ["blotter"],
    ["ledger"],
    ["ledger", "pnl", "--from", "-7d"],
    ["reconcile"],
    ["risk"],
    ["doctor", "--timeout", "0.3"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tapewire: Tapewire, command: str):
    ended = tapewire(command, "--help")
    assert ended.status == 0
    assert "Usage:" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_short_option_asks_for_help_too(tapewire: Tapewire, command: str):
    assert tapewire("-h").out == tapewire("--help").out
    assert tapewire(command, "-h").out == tapewire(command, "--help").out


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_the_version_can_be_asked_for(tapewire: Tapewire, command: list[str]):
    ended = tapewire(*command, "--version")
    assert (ended.status, ended.out) == (0, f"tapewire {metadata.version('tapewire')}\n")


def alone(command: str) -> Any:
    """A command or group of the command line, loaded without the others."""
    return typer.main.get_command(application.application(command)).commands[command]  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_brackets_as_they_are_written(tapewire: Tapewire, command: str):
    shown = re.sub(r"\s+", "", tapewire(command, "--help").out)
    one = alone(command)
    assert re.sub(r"\s+", "", one.help or "") in shown
    for parameter in one.params:
        assert re.sub(r"\s+", "", getattr(parameter, "help", None) or "") in shown


def test_an_error_of_the_system_names_the_file_and_no_number(tapewire: Tapewire):
    ended = tapewire("status", "--config", "x" * 5000)
    named = f"{Path.cwd()}/{'x' * 5000}"[:200]
    assert (ended.status, ended.err) == (1, f"tapewire: {named}: File name too long\n")


@pytest.mark.parametrize(("group", "commands"), GROUPS.items())
def test_a_group_lists_its_commands(tapewire: Tapewire, group: str, commands: list[str]):
    shown_there = [name for name, one in alone(group).commands.items() if not one.hidden]
    assert shown_there == commands
    shown = tapewire(group, "--help").out
    for command in commands:
        assert f"  {command} " in shown
        assert "Usage: tapewire " in tapewire(group, command, "--help").out


def test_a_group_alone_lists(tapewire: Tapewire, run_dir):
    for group in GROUPS:
        assert tapewire(group).out == tapewire(group, "list").out


def test_the_strategies_of_the_file_are_named_in_help(tapewire: Tapewire):
    assert "a strategy of [[strategies]]" in tapewire("scale", "--help").out


def test_each_command_is_in_the_module_that_the_table_names():
    everything = typer.main.get_command(application.application()).commands  # type: ignore[attr-defined]
    assert list(everything) == list(application.COMMANDS)
    for name in application.COMMANDS:
        alone = typer.main.get_command(application.application(name)).commands  # type: ignore[attr-defined]
        assert list(alone) == [name]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_json_parses_line_by_line(tapewire: Tapewire, run_dir, arguments: list[str]):
    ended = tapewire(*arguments, "--json")
    assert ended.lines
    assert len(ended.lines) == 1 or arguments[0] in ("events", "tail")


MISUSED = {
    ("scale", "fast", "0"): "COUNT is '0', must be 1 or more; see `tapewire scale --help`",
    ("scale", "fast", "two"): "COUNT is 'two', must be a whole number; see `tapewire scale --help`",
    ("scale", "fast"): "Missing argument 'count'; see `tapewire scale --help`",
    ("events", "--limit", "0"): (
        "--limit is '0', must be 1 or more; see `tapewire events list --help`"
    ),
    ("tail", "--seconds", "-1"): "--seconds is '-1', must be 0 or more; see `tapewire tail --help`",
    ("orders", "resolve", "dip-1/1", "gone", "--reason", "x"): (
        "OUTCOME is 'gone', must be one of 'cancelled', 'filled', 'lost';"
        " see `tapewire orders resolve --help`"
    ),
    ("orders", "nope"): "No such command 'nope'; see `tapewire orders --help`",
    ("nope",): "No such command 'nope'; see `tapewire --help`",
    ("orders", "--nope"): "No such option: --nope; see `tapewire orders list --help`",
}


@pytest.mark.parametrize(("arguments", "sentence"), MISUSED.items(), ids=map(" ".join, MISUSED))
def test_a_wrong_argument_is_one_sentence(tapewire: Tapewire, arguments, sentence: str):
    ended = tapewire(*arguments)
    assert (ended.status, ended.out, ended.err) == (2, "", f"tapewire: {sentence}\n")


def test_without_a_command_there_is_help(tapewire: Tapewire):
    assert tapewire().out == tapewire("--help").out


def test_brackets_in_output_are_text(capsys: pytest.CaptureFixture[str]):
    table = Table("[a]")
    table.add_row("[/b]")
    terminal.out.print("[bold]x[/] :smile:", table)
    common.note("[/c] /tmp/[d]")
    said = capsys.readouterr()
    assert [part for part in ("[bold]x[/] :smile:", "[a]", "[/b]") if part not in said.out] == []
    assert said.err == "[/c] /tmp/[d]\n"


def test_a_configuration_can_be_named(tapewire: Tapewire, run_dir, config, monkeypatch):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    assert tapewire("orders", "--config", str(config)).status == 0
    ended = tapewire("orders", "--config", "/nowhere.toml")
    assert ended.status == 2
    assert ended.err == (
        "tapewire: /nowhere.toml: no such file; expected a configuration, such as tapewire init"
        " FOLDER makes\n"
    )


def test_ctrl_c_while_a_command_is_loaded_ends_it_without_a_traceback(monkeypatch, capfd):
    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_command", interrupted)
    monkeypatch.setattr("sys.argv", ["tapewire", "doctor"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capfd.readouterr()) == (130, ("", ""))
