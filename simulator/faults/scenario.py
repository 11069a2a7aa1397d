"""Scenario files: TOML with one `[[faults]]` table per fault."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tapewire.common.config import syntax
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.catalogue import FAULTS
from tapewire.simulator.faults.entry import Entry, entry_of
from tapewire.simulator.faults.kinds import Fault

KEYS: Final = ("seed", "faults")
SEED_DEFAULT: Final = 1


class Scenario(msgspec.Struct, frozen=True):
    """What goes wrong in a run; the same seed makes the same choices."""

    name: str
    seed: int = SEED_DEFAULT
    entries: Sequence[Entry] = ()


def scenario_of(text: str, name: str, catalogue: Mapping[str, type[Fault]] = FAULTS) -> Scenario:
    """The scenario in `text`, of the faults in `catalogue`; raises ConfigError, with the file's
    `name`, for what is not one."""
    try:
        found = syntax.parsed(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {syntax.sentence(error, text, ['faults'])}") from error
    for key in sorted(found.keys() - set(KEYS)):
        raise ConfigError(f"{name}: {key} is not a known key; {expected(key, KEYS)}")
    return Scenario(name, _seed(found, name), _entries(found.get("faults", []), name, catalogue))


def _seed(found: dict[str, Any], name: str) -> int:
    seed = found.get("seed", SEED_DEFAULT)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ConfigError(f"{name}: seed is {seed!r:.80}, must be a whole number")
    return seed


def _entries(tables: Any, name: str, catalogue: Mapping[str, type[Fault]]) -> tuple[Entry, ...]:
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ConfigError(f"{name}: [faults] must be written [[faults]]")
    return tuple(
        entry_of(table, f"{name}: [[faults]] number {number}: ", catalogue)
        for number, table in enumerate(tables, 1)
    )
