"""A run of a sweep on a node of a Ray cluster: what Ray calls there.

Ray keeps its worker processes for the next run, and a strategy that keeps something in its module
would find it there. So a worker makes no run itself: each is a fork of it, as it is on one machine.
"""

import importlib.metadata
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from tapewire.backtest.sweep.forks import forked
from tapewire.backtest.sweep.trial import Settings, Task, encoded
from tapewire.common.errors import ConfigError

if TYPE_CHECKING:
    from ray import ObjectRef


def version() -> str:
    """The version of Tapewire that is installed here."""
    return importlib.metadata.version("tapewire")


def run_here(expected: str, shared: "list[ObjectRef]", task: Task) -> tuple[bytes, str]:
    """Make a run: a trial as JSON, or how its process ended without one. `shared` has the settings,
    which a node gets once and all of its workers read in the same memory; in a list, as Ray would
    fetch it for each run otherwise. Raises `ConfigError` where another version is installed."""
    if version() != expected:
        raise ConfigError(f"a node has tapewire {version()}, expected {expected} as here")
    work = partial(encoded, _settings(shared[0]))
    (found,) = forked(work, [task], 1, _nothing)
    return found.result, found.lost


@lru_cache(maxsize=1)
def _settings(of: "ObjectRef") -> Settings:
    import ray

    found = ray.get(of)
    assert isinstance(found, Settings)
    return found


def _nothing() -> None:
    """Nobody watches a single run here: Ray ends the worker, and the fork ends with it."""
