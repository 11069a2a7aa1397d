"""The command line on journals that a test has made, in a folder of its own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.console import cli
from tests.console.journaled import EVENTS, write
from tests.console.running import Ended, Tapewire, simulator
from tests.places import NO_CONSOLE, free_port


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [v for v in os.environ if v.startswith("TAPEWIRE_")]:
        monkeypatch.delenv(variable)
    for variable, value in NO_CONSOLE.items():
        monkeypatch.setenv(variable, value)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration on a free port, with a run directory beside it."""
    path = tmp_path / "tapewire.toml"
    path.write_text(
        f'run_dir = "{tmp_path / "r"}"\n[tws]\nport = {free_port()}\n'
        '[[instruments]]\nsymbol = "AAPL"\n[[instruments]]\nsymbol = "ESZ6"\nmultiplier = 50\n'
    )
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(path))
    monkeypatch.setenv("COLUMNS", "80")
    return path


@pytest.fixture
def run_dir(config: Path, tmp_path: Path) -> Path:
    """A run directory with the journals of a short session in it."""
    path = tmp_path / "r"
    (path / "journals").mkdir(parents=True, mode=0o700)
    path.chmod(0o700)
    for source, events in EVENTS.items():
        write(path, source, events)
    return path


@pytest.fixture
def tapewire(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tapewire:
    """`tapewire("orders", "--json")`: run the command line in this process, to its end."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tapewire", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def tws_port() -> Iterator[int]:
    """A simulated TWS in a process of its own, on a free port."""
    with simulator() as port:
        yield port
