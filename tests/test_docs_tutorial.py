"""docs/tutorial.md, followed from an empty folder to the reports, by what it says alone."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest

from tests.markdown import blocks
from tests.places import ROOT
from tests.reader import Reader, a_reader

TUTORIAL = ROOT / "docs" / "tutorial.md"
TEXT = TUTORIAL.read_text()
FILES = dict(re.findall(r"Save this as `([^`]+)`.*?```python\n(.*?)```", TEXT, re.DOTALL))
(ENTRY,) = (block.text for block in blocks(TUTORIAL, "toml"))
INSTALL, BEGIN, *STEPS = (block.lines for block in blocks(TUTORIAL, "sh"))
YEAR, WEEKS = "range(365)", "range(84)"


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Somebody who has come as far as the folder, and has saved what there is to save."""
    with a_reader() as reader:
        (reader.folder / "tapewire.toml").unlink()
        make, enter = BEGIN
        reader.does(make)
        reader.folder /= enter.removeprefix("cd ")
        for name, text in FILES.items():
            reader.write(name, text)
        reader.configure((reader.folder / "tapewire.toml").read_text() + "\n" + ENTRY)
        yield reader


def test_every_program_has_a_name():
    assert list(FILES) == ["make_prices.py", "strategies/cross.py", "research.py"]
    assert list(FILES.values()) == [block.text for block in blocks(TUTORIAL, "python")]


def test_each_step_does_what_it_says(reader: Reader):
    """On twelve weeks, for the sake of time."""
    pytest.importorskip("pandas", reason="the data extra is not installed")
    assert YEAR in FILES["make_prices.py"]
    reader.write("make_prices.py", FILES["make_prices.py"].replace(YEAR, WEEKS))
    _follows(reader)


@pytest.mark.soak
def test_each_step_does_what_it_says_on_the_whole_year(reader: Reader):
    _follows(reader)


def _follows(reader: Reader) -> None:
    printed = {line: reader.does(line) for lines in STEPS for line in lines}
    prices, backtest, other, sweep, research = printed
    assert prices.endswith("> ACME.csv")
    assert "the ledger matches the broker" in printed[backtest]
    assert "ACME   long 100" in printed[backtest]
    assert printed[other] != printed[backtest]
    assert "deflated Sharpe ratio" in printed[sweep]
    assert printed[research].startswith("<Back-test of Cross: ")
    assert (reader.folder / "report.html").is_file()
    assert (reader.folder / "research.html").is_file()
    assert len(list(reader.folder.glob("sweeps/cross-*/report.html"))) == 1


def test_the_wheel_that_is_installed_is_the_one_that_is_built():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((name, extra),) = re.findall(r"'\./(\S+\.whl)\[(\w+)\]'", INSTALL[1])
    assert name == f"tapewire-{project['version']}-py3-none-any.whl"
    assert extra in project["optional-dependencies"]


@pytest.mark.soak
def test_the_wheel_installs_into_an_empty_folder(tmp_path):
    """With pip, from the package index that is in force."""
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True)
    script = "\n".join(["set -e", *INSTALL, *BEGIN, "tapewire doctor --help"])
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
