"""Reads a scenario file for a simulated TWS."""

from pathlib import Path

from tapewire.common.config.text import text_fault
from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.scenario import scenario_of
from tapewire.simulator.server import TwsServer


def play(path: Path | None, server: TwsServer) -> None:
    """Let happen what the file says; raises ConfigError for what is not a scenario."""
    if path is None:
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; must be a scenario file") from error
    if fault := text_fault(content):
        raise ConfigError(f"{path}: it is {fault}; expected TOML")
    server.faults.play(scenario_of(content.decode(), str(path)))
