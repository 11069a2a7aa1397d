"""Loading: what is wrong with a strategy is one sentence with its place; folders outside work."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from tapewire.common.config.near import expected
from tapewire.common.config.settings import ConfigError
from tests.places import ROOT
from tests.strategy.kit import runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("outside")]:
        del sys.modules[name]


GOOD = "from tapewire import Strategy\nclass Mine(Strategy):\n    pass\n"


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
    assert sys.path[:2] == [str(ROOT), str(folder)]
    (folder / "risk.py").write_text("raise SystemExit('not this one')")
    (folder / "wave.py").write_text("raise SystemExit('not this one')")
    found = {name: importlib.util.find_spec(name).origin for name in ("risk", "wave")}
    assert not [name for name, origin in found.items() if Path(origin).parent == folder]


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
    assert refused(strategy=".kit:Echo") == (
        "strategies.echo.strategy is .kit:Echo, must be module:Class;"
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
            "from tapewire.common.events import Qoute\n",
            "the import at {file}:1 failed: ImportError: cannot import name 'Qoute' from"
            " 'tapewire.common.events' ({events}); correct that line",
        ),
    ],
)
def test_an_import_in_a_strategys_file_that_fails_is_named_with_its_place(folder, text, says):
    file, events = folder / "outside_bad.py", sys.modules["tapewire.common.events"].__file__
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
    assert said == (
        "strategies.echo.strategy is outside_bad:Mine, but Mine.__init__ at"
        f" {folder}/outside_bad.py:4 does not take what a strategy is made of, (name, symbols,"
        " parameters, context);"
        " leave __init__ out and set up in on_start(self)"
    )


def test_a_constructor_that_leaves_its_base_out_is_a_sentence(folder: Path):
    assert refused_text(folder, f"{GOOD}    def __init__(self, *all):\n        pass\n") == (
        "strategies.echo.strategy is outside_bad:Mine, but Mine.__init__ does not call"
        " super().__init__; leave it out and set up in on_start(self)"
    )


@pytest.mark.parametrize(
    ("callback", "says"),
    [
        ("def on_quote(self): 1", "does not take what it is called with; write it as def on_quote("
         "self, quote)"),
        ("def on_stop(self, why): 1", "does not take what it is called with; write it as def"
         " on_stop(self)"),
        ("async def on_fill(self, fill): 1", "is async, which nothing here awaits; write it as a"
         " plain def"),
    ],
)  # fmt: skip
def test_a_callback_that_could_not_be_called_names_its_own_line(folder: Path, callback, says):
    name = callback.partition("on_")[2].partition("(")[0]
    assert refused_text(folder, f"{GOOD}    {callback}\n") == (
        f"strategies.echo.strategy is outside_bad:Mine, but Mine.on_{name} at"
        f" {folder}/outside_bad.py:4 {says}"
    )


def test_a_callback_with_other_names_and_more_defaults_is_taken(folder: Path):
    text = f"{GOOD}    def on_quote(self, q, more=1): 1\n    def on_trade(self, *all): 1\n"
    assert type(load(folder, "free", text)).__name__ == "Mine"


def test_a_method_that_is_named_as_a_callback_and_is_none_is_a_hint(folder: Path):
    (folder / "outside_slip.py").write_text(f"{GOOD}    def on_quotes(self, quote): 1\n")
    hinting = runner(strategy="outside_slip:Mine", path=folder)
    (hint,) = hinting.hints
    assert hint.startswith(
        "Mine has on_quotes, which Tapewire does not call; did you mean on_quote?"
    )
    assert runner().hints == []


def test_two_modules_of_one_name_are_not_taken_for_each_other(folder: Path):
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "outside_two.py").write_text(GOOD)
    assert runner(strategy="outside_two:Mine", path=folder / "a").loaded == (
        f"outside_two:Mine, from {folder}/a/outside_two.py"
    )
    assert refused(strategy="outside_two:Mine", path=folder / "b") == (
        f"strategies.echo.strategy is outside_two:Mine, which is {folder}/b/outside_two.py, but a"
        f" strategy before it has loaded outside_two from {folder}/a/outside_two.py; rename one,"
        " or run one with --strategy NAME"
    )
