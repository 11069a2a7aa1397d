"""The command line itself: each command has help, and its JSON is JSON."""

import pytest
import typer.main

from console.cli import app
from tests.console.running import Tapewire

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
READING = [
    ["events"],
    ["events", "--limit", "1"],
    ["trace", "dip-e-1"],
    ["tail", "--seconds", "0"],
    ["orders"],
    ["orders", "--live"],
    ["fills"],
    ["positions"],
    ["blotter"],
    ["doctor", "--timeout", "0.3"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tapewire: Tapewire, command: str):
    ended = tapewire(command, "--help")
    assert ended.status == 0
    assert "Usage:" in ended.out


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_json_parses_line_by_line(tapewire: Tapewire, run_dir, arguments: list[str]):
    ended = tapewire(*arguments, "--json")
    assert ended.lines
    assert len(ended.lines) == 1 or arguments[0] in ("events", "tail")


def test_a_configuration_can_be_named(tapewire: Tapewire, run_dir, config, monkeypatch):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    assert tapewire("orders", "--config", str(config)).status == 0
    ended = tapewire("orders", "--config", "/nowhere.toml")
    assert ended.status == 2
    assert ended.err == (
        "tapewire: /nowhere.toml: no such file; expected a configuration (see tapewire.toml)\n"
    )
