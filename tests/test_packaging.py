"""What is shipped: the wheel and the source archive, the ranges of dependencies, their locks."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.places import ROOT
from tests.reader import a_reader

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BASE = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
REQUIREMENTS = {
    "build": PROJECT["build-system"]["requires"],
    "base": BASE,
    **{extra: BASE + needed for extra, needed in EXTRAS.items()},
}
LOCKS = {name: (ROOT / "requirements" / f"{name}.lock").read_text() for name in REQUIREMENTS}
LINKS = [path for path in (ROOT / "src" / "tapewire").iterdir() if path.is_symlink()]
SERVED = [ROOT / "backtest" / "report" / name for name in ("assets", "vendor")]
SERVED.append(ROOT / "web" / "static")
NEEDED = (
    {"__init__.py", "testing.py", "py.typed", "supervisord.conf"}
    | {f"common/config/profiles/{name}.toml" for name in ("day_trader", "prop_firm_evaluation")}
    | {str(path.relative_to(ROOT)) for folder in SERVED for path in folder.iterdir()}
    | {str(path.relative_to(ROOT)) for path in (ROOT / "console" / "starting").glob("*.template")}
)
BUILD = (
    "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
)


def built(kind: str, tree: Path, into: Path) -> Path:
    """An archive of `tree`, made as pip makes it, without the network."""
    pytest.importorskip("setuptools")
    command = [sys.executable, "-c", BUILD, f"build_{kind}", str(into)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(into.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged, for a build writes into the tree."""
    tree = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", tree / "src", symlinks=True, ignore=ignore)
    for link in LINKS:
        target = ROOT / link.name
        if target.is_dir():
            shutil.copytree(target, tree / link.name, ignore=ignore)
        else:
            shutil.copy(target, tree)
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tree, tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_adds_one_name_to_site_packages(wheel):
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert tops == {"tapewire", f"tapewire-{PROJECT['project']['version']}.dist-info"}


def test_the_wheel_has_every_module_and_every_file_that_a_run_needs(wheel):
    folders = [link for link in LINKS if link.is_dir()]
    modules = {
        f"tapewire/{folder.name}/{path.relative_to(folder)}"
        for folder in folders
        for path in folder.rglob("*.py")
    }
    assert modules
    assert {f"tapewire/{name}" for name in NEEDED} | modules == {
        name for name in names_in(wheel) if name.startswith("tapewire/")
    }


def test_a_wheel_made_from_the_source_archive_is_the_same(tree, wheel, tmp_path):
    (tmp_path / "wheel").mkdir()
    with tarfile.open(built("sdist", tree, tmp_path)) as archive:
        assert not any("/tests/" in name for name in archive.getnames())
        archive.extractall(tmp_path, filter="data")
    unpacked = next(path.parent for path in tmp_path.glob("*/pyproject.toml"))
    assert names_in(built("wheel", unpacked, tmp_path / "wheel")) == names_in(wheel)


def test_the_group_runs_from_the_wheel_alone(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    with a_reader() as reader:
        reader.environment["PYTHONPATH"] = str(tmp_path)
        found = reader.does(".venv/bin/python -c 'import tapewire; print(tapewire.__file__)'")
        assert found.strip() == str(tmp_path / "tapewire" / "__init__.py")
        (reader.folder / "tapewire.toml").unlink()
        refused = reader.run("tapewire up").stderr
        make = refused.strip().rpartition("start from: ")[2]  # the command that it gives
        reader.does(make.replace("FOLDER", "."))
        reader.does("tapewire up")
        reader.does("tapewire status")
        reader.does("tapewire down")


@pytest.mark.parametrize("text", [*BASE, *(one for extra in EXTRAS.values() for one in extra)])
def test_a_dependency_has_a_lowest_release_and_ends_before_one_that_may_break(text):
    assert sorted(one.operator for one in Requirement(text).specifier) == ["<", ">="]


def pinned(lock: str) -> Iterator[tuple[str, Version]]:
    for found in re.finditer(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE):
        yield canonicalize_name(found[1]), Version(found[2])


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_made_of_hashed_versions_and_names_no_registry(name):
    for line in LOCKS[name].splitlines():
        assert re.fullmatch(
            r"#.*|[a-z0-9-]+==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line
        ), line
        assert "://" not in line


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_fits_the_ranges_in_pyproject(name):
    locked = {package: str(version) for package, version in pinned(LOCKS[name])}
    needed = [Requirement(text) for text in REQUIREMENTS[name]]
    found = {str(one): locked.get(canonicalize_name(one.name), "") for one in needed}
    unfit = [one for one in needed if found[str(one)] not in one.specifier]
    assert unfit == [], f"run `make lock`; locked are {found}"


def test_all_locks_agree_on_the_version_of_a_package():
    found = {one for lock in LOCKS.values() for one in pinned(lock)}
    assert len(found) == len({name for name, _ in found})
