"""The code that a sweep runs and that is not a library's: which modules, and what is in them."""

import sys
from pathlib import Path

from tapewire.common.own_code import is_own
from tapewire.strategy.loading.searching import PACKAGE


def own_modules() -> dict[str, Path]:
    """The file of each module that is loaded and no library's: the strategy, what it imports."""
    modules = list(sys.modules.items())
    files = {name: path for name, one in modules if name != "__main__" and (path := file_of(one))}
    return {name: path for name, path in files.items() if is_own(str(path)) and path.is_file()}


def own_code() -> dict[str, bytes]:
    """What is in these modules, each by the path that a folder of modules has it under. Of a
    package it is all of its modules, as some may be imported later. Without Tapewire's own: those
    are installed wherever it is."""
    own = own_modules().items()
    files = {_top(name, path) for name, path in own if name.partition(".")[0] != PACKAGE}
    return {
        str(one.relative_to(root)): one.read_bytes()
        for root, top in sorted(files)
        for one in (sorted(top.rglob("*.py")) if top.is_dir() else [top])
    }


def _top(name: str, path: Path) -> tuple[Path, Path]:
    """The folder of modules that a module was loaded from, and what is the outermost of it there:
    the folder of a package, or a file."""
    parts = name.split(".")
    is_package = path.name == "__init__.py"
    root = path.parents[len(parts) if is_package else len(parts) - 1]
    top = root / parts[0]
    return root, top if top.is_dir() else path


def file_of(module: object) -> Path | None:
    """The source file of a module; None if it has none."""
    file = getattr(module, "__file__", None)
    return Path(file) if file and file.endswith(".py") else None
