"""One run of the latency benchmark for all tests of what it counts, prints and draws."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.benchmarks.running import figures_of


class LatencyRun(NamedTuple):
    """What it printed, and the folder that `--plot` left."""

    figures: dict[str, Any]
    folder: Path


@pytest.fixture(scope="session")
def latency(tmp_path_factory: pytest.TempPathFactory) -> LatencyRun:
    """A second of ticks; tests/conftest.py keeps the tests that use it together."""
    folder = tmp_path_factory.mktemp("plot") / "new" / "bench"
    run = figures_of("latency", "--seconds", "1", "--rates", "200", "--plot", str(folder))
    return LatencyRun(run, folder)
