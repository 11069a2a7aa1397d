"""docs/architecture.md names every module with the job that its first line gives."""

import ast
from pathlib import Path

import pytest

from tests.places import ROOT

PACKAGES = (
    "common", "gateway", "strategy", "executor", "risk", "simulator", "console", "backtest",
    "benchmarks",
)  # fmt: skip
MODULES = [p for name in PACKAGES for p in sorted((ROOT / name).rglob("*.py"))]
NAMED = [p for p in MODULES if p.name != "__init__.py"]
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def row(path: Path) -> str:
    """The module's row of "What is where": its place in the package, and its docstring's start."""
    _package, *rest = path.relative_to(ROOT).parts
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    job = docstring.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    return f"| `{'/'.join(rest)}` | {job} |"


@pytest.mark.parametrize("path", NAMED, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_stands_in_the_table_with_its_job(path):
    assert row(path) in TEXT, f"expected in docs/architecture.md: {row(path)}"
