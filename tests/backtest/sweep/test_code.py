"""The code that a sweep takes along to other machines."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.backtest.sweep.code import own_code


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a package, one with an `__init__`, and two modules; nothing of it is loaded."""
    for name in ("plain/dip.py", "plain/later.py", "kept/__init__.py", "kept/deep/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f'NAME = "{name}"\n')
    (tmp_path / "alone.py").write_text("")
    (tmp_path / "other.py").write_text("")
    (tmp_path / "plain" / "prices.csv").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    for name in ("plain.dip", "kept.deep.a", "alone"):
        importlib.import_module(name)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_it_is_what_is_loaded_and_all_of_its_packages_without_tapewire(person: Path):
    found = own_code()
    names = {"plain/dip.py", "plain/later.py", "kept/__init__.py", "kept/deep/a.py", "alone.py"}
    assert {name for name in found if (person / name).is_file()} == names
    assert found["plain/later.py"] == b'NAME = "plain/later.py"\n'
    assert not any(name.startswith("tapewire") for name in found)
    assert not any(name.startswith(("ray/", "numpy/", "json/")) for name in found)
