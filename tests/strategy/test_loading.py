"""Loading: what is wrong with a strategy is one sentence with its place; folders outside work."""

import os
import sys
from pathlib import Path

import pytest

from common.config import ConfigError
from common.near import expected
from tests.strategy.desk import runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("outside")]:
        del sys.modules[name]


GOOD = "from strategy import Strategy\nclass Mine(Strategy):\n    pass\n"


def load(folder: Path, name: str, text: str, of: str = "Mine"):
    (folder / f"outside_{name}.py").write_text(text)
    return runner(strategy=f"outside_{name}:{of}", path=folder).strategy


def refused(**given: object) -> str:
    with pytest.raises(ConfigError) as caught:
        runner(**given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused_text(folder: Path, text: str, of: str = "Mine", **given: object) -> str:
    (folder / "outside_bad.py").write_text(text)
    return refused(strategy=f"outside_bad:{of}", path=folder, **given)


# ---- where it is looked for ---------------------------------------------------------------------


def test_a_strategy_from_a_folder_outside_the_tree(folder: Path):
    assert type(load(folder, "good", GOOD)).__name__ == "Mine"


def test_a_strategy_of_the_working_folder_needs_no_path(folder: Path, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "outside").mkdir()
    (folder / "outside" / "mine.py").write_text(GOOD)
    assert type(runner(strategy="outside.mine:Mine").strategy).__name__ == "Mine"


def test_a_folder_outside_cannot_stand_in_for_a_module_of_the_project(folder: Path):
    load(folder, "path", GOOD)
    assert sys.path[-1] == str(folder)


def test_a_path_that_is_no_folder_is_refused(folder: Path):
    said = refused(path=folder / "nowhere")
    assert said.startswith(f"strategies.echo.path is {folder}/nowhere, expected a folder; correct")


def test_a_module_that_is_nowhere_says_where_it_was_looked_for_and_how_to_name_one(folder: Path):
    assert refused(strategy="nosuch.dip:Dip") == (
        "strategies.echo.strategy is nosuch.dip:Dip, but there is no module nosuch,"
        f" looked for in the working folder {os.getcwd()} and on PYTHONPATH;"
        " strategies.dip:Dip is class Dip of strategies/dip.py in the working folder,"
        " and `path` is the folder of a module elsewhere"
    )
    said = refused(strategy="nosuch:Dip", path=folder)
    assert f"in the working folder {os.getcwd()}, in path {folder} and on PYTHONPATH; " in said


def test_a_module_that_its_package_does_not_have_names_those_that_it_has(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "outside").mkdir()
    for name in ("dip", "trend", "_own"):
        (folder / "outside" / f"{name}.py").write_text(GOOD)
    assert refused(strategy="outside.dipp:Mine") == (
        "strategies.echo.strategy is outside.dipp:Mine, but there is no module outside.dipp,"
        f" looked for in outside; {expected('dipp', ['dip', 'trend'])}"
    )
    assert refused(strategy="outside.dip.Mine:Mine").endswith(
        "looked for in outside.dip, which is one file; its classes are outside.dip:CLASS"
    )


def test_a_name_that_cannot_be_a_modules_is_refused():
    assert refused(strategy=".desk:Echo") == (
        "strategies.echo.strategy is .desk:Echo, must be module:Class;"
        " write it such as strategies.dip:Dip"
    )


# ---- what is in it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "of", "says"),
    [
        (GOOD, "mime", "{file} has no class mime; {known}"),
        (GOOD, "Other", "{file} has no class Other; {known}"),
        ("", "Other", "{file} has no class Other; write it as class Other(Strategy)"),
        (
            GOOD + "class Other:\n    pass\n", "Other",
            "Other in {file} is not a class of Strategy; {known}",
        ),
        (
            "class Other:\n    pass\n", "Other",
            "Other in {file} is not a class of Strategy; write it as class Other(Strategy)",
        ),
        (
            "Other = 5", "Other",
            "Other in {file} is 5 and not a class of Strategy; write it as class Other(Strategy)",
        ),
    ],
)  # fmt: skip
def test_a_class_that_is_missing_or_no_strategy_names_those_that_are(folder, text, of, says):
    says = says.format(file=folder / "outside_bad.py", known=expected(of, ["Mine"]))
    assert refused_text(folder, text, of) == (
        f"strategies.echo.strategy is outside_bad:{of}, but {says}"
    )


def test_a_near_miss_is_asked_for(folder: Path):
    assert "; did you mean Mine?" in refused_text(folder, GOOD, "mime")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "x = 1\nimport no_such.module\n",
            "the import at {file}:2 failed: ModuleNotFoundError: No module named 'no_such';"
            " correct that line, or install no_such for {python}",
        ),
        (
            "from common.events import Qoute\n",
            "the import at {file}:1 failed: ImportError: cannot import name 'Qoute' from"
            " 'common.events' ({events}); correct that line",
        ),
    ],
)
def test_an_import_in_a_strategys_file_that_fails_is_named_with_its_place(folder, text, says):
    file, events = folder / "outside_bad.py", sys.modules["common.events"].__file__
    assert refused_text(folder, text) == (
        "strategies.echo.strategy is outside_bad:Mine, but "
        + says.format(file=file, events=events, python=sys.executable)
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\nclass Mine(:\n", 2, "SyntaxError: invalid syntax"),
        ("x = 1\n  y = 2\n", 2, "IndentationError: unexpected indent"),
        ("x = 1\ny = 2\nz = x + nothing\n", 3, "NameError: name 'nothing' is not defined"),
        ("\nraise AttributeError('own')\n", 2, "AttributeError: own"),
        ("import sys\nsys.exit('bye')\n", 2, "SystemExit: bye"),
        (f"{GOOD}    def __init__(self, *a):\n        1 / 0\n", 5, "ZeroDivisionError: division"),
        (f"import json\n{GOOD}\njson.loads('x')\n", 6, "JSONDecodeError: Expecting value"),
        ("raise ValueError('two\\nlines')\n", 1, "ValueError: two lines"),
    ],
)
def test_a_fault_in_a_strategys_file_names_the_file_and_the_line_once(folder, text, line, says):
    said = refused_text(folder, text)
    cause = "strategies.echo.strategy is outside_bad:Mine, but it cannot be loaded: "
    assert said.startswith(f"{cause}{says}")
    assert said.endswith(f" at {folder}/outside_bad.py:{line}; correct that line")
    assert said.count("outside_bad.py") == 1


def test_a_constructor_that_takes_something_else_is_a_sentence(folder: Path):
    said = refused_text(folder, f"{GOOD}    def __init__(self):\n        pass\n")
    assert "TypeError: Mine.__init__() takes 1 positional argument but 5 were given" in said
