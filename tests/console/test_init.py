"""`tapewire init`: a folder with which a newcomer can begin, and which loses nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.errors import ConfigError
from tapewire.console import starting
from tests.markdown import blocks
from tests.places import ROOT


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_it_makes_what_it_lists_and_tells_what_to_do_next(tapewire, tmp_path):
    made = tapewire("init", str(tmp_path / "mine"))
    assert made.status == 0
    assert set(contents(tmp_path / "mine")) == set(starting.FILES)
    for name, purpose in starting.FILES.items():
        assert any(name in line and purpose in line for line in made.out.splitlines())
    assert made.out.endswith(f"cd {tmp_path / 'mine'} && tapewire run\n")


def test_without_a_folder_it_is_the_one_at_hand(tapewire, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert tapewire("init").out.endswith("until Ctrl-C: tapewire run\n")
    assert set(contents(tmp_path / "here")) == set(starting.FILES)


def test_its_test_passes_and_fails_if_the_strategy_is_changed(tmp_path, monkeypatch):
    starting.make(tmp_path)
    monkeypatch.delenv("TAPEWIRE_CONFIG", raising=False)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    def tested() -> int:
        return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode

    assert tested() == 0
    strategy = tmp_path / "strategies" / "dip.py"
    strategy.write_text(strategy.read_text().replace("self.buy", "self.sell"))
    assert tested() == 1


def test_its_configuration_is_accepted_and_its_strategy_is_that_of_the_readme(tmp_path):
    starting.make(tmp_path)
    config = configuration.load(str(tmp_path / "tapewire.toml"))
    assert [(one.name, one.strategy) for one in config.strategies] == [
        ("dip", "strategies.dip:Dip")
    ]
    (shown,) = blocks(ROOT / "README.md", "python")
    assert (tmp_path / "strategies" / "dip.py").read_text().strip() == shown.text.strip()


@pytest.mark.parametrize("name", starting.FILES)
def test_what_is_there_is_left_alone_and_named(name: str, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match=rf"already has {name}, which is left as it is"):
        starting.make(tmp_path)
    assert contents(tmp_path) == {name: "mine"}


def test_a_folder_that_cannot_be_made_is_one_sentence(tapewire, tmp_path):
    (tmp_path / "file").write_text("")
    refused = tapewire("init", str(tmp_path / "file"))
    assert refused.status == 1
    assert refused.err.startswith("tapewire: ")
    assert len(refused.err.splitlines()) == 1
