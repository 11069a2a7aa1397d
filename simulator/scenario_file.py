"""Reads a scenario file for a simulator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tapewire.common.config.text import text_fault
from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.catalogue import FAULTS
from tapewire.simulator.faults.kinds import Fault
from tapewire.simulator.faults.scenario import Scenario, scenario_of


class Playing(Protocol):
    """The faults of a simulator, which play a scenario."""

    def play(self, scenario: Scenario) -> None:
        """Arm all that the scenario has."""


def play(path: Path | None, faults: Playing, catalogue: Mapping[str, type[Fault]] = FAULTS) -> None:
    """Let happen what the file says, of the faults in `catalogue`; raises ConfigError for what is
    not a scenario."""
    if path is None:
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; must be a scenario file") from error
    if fault := text_fault(content):
        raise ConfigError(f"{path}: it is {fault}; expected TOML")
    faults.play(scenario_of(content.decode(), str(path), catalogue))
