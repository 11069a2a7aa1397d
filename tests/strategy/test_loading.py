"""Loading: a strategy's own faults end in a sentence with file and line; folders outside work."""

import sys
from pathlib import Path

import pytest

from common.config import ConfigError
from tests.strategy.desk import runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("outside_")]:
        del sys.modules[name]


GOOD = "from strategy import Strategy\nclass Mine(Strategy):\n    pass\n"


def load(folder: Path, name: str, text: str):
    (folder / f"outside_{name}.py").write_text(text)
    return runner(strategy=f"outside_{name}:Mine", path=folder).strategy


def test_a_strategy_from_a_folder_outside_the_tree(folder: Path):
    assert type(load(folder, "good", GOOD)).__name__ == "Mine"


def test_a_folder_outside_cannot_stand_in_for_a_module_of_the_project(folder: Path):
    load(folder, "path", GOOD)
    assert sys.path[-1] == str(folder)


def test_a_path_that_is_no_folder_is_refused(folder: Path):
    with pytest.raises(ConfigError, match=r"strategies.echo.path is .*nowhere, must be a folder"):
        runner(path=folder / "nowhere")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\nclass Mine(:\n", 2, "SyntaxError: invalid syntax"),
        ("x = 1\ny = 2\nz = x + nothing\n", 3, "NameError: name 'nothing' is not defined"),
        ("import no_such_module\n", 1, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("\nraise AttributeError('own')\n", 2, "AttributeError: own"),
        ("import sys\nsys.exit('bye')\n", 2, "SystemExit: bye"),
        (f"{GOOD}    def __init__(self, *a):\n        1 / 0\n", 5, "ZeroDivisionError"),
        (f"import json\n{GOOD}\njson.loads('x')\n", 6, "JSONDecodeError"),
    ],
)
def test_a_fault_in_a_strategys_file_names_the_file_and_the_line(
    folder: Path, text: str, line: int, says: str
):
    with pytest.raises(ConfigError) as caught:
        load(folder, "bad", text)
    assert f"outside_bad.py, line {line}: " in str(caught.value)
    assert says in str(caught.value)
    assert str(caught.value).startswith("strategies.echo.strategy outside_bad:Mine cannot be load")
