"""Where a strategy's modules are looked for: one order, whatever loads it, live or in a back-test.

Tapewire's package and Python's own modules come first, and no file can stand in for one of them.
Then the calling folder, the strategy's `path`, PYTHONPATH, and what is installed.
"""

import importlib
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Final

import tapewire

HOME: Final = Path(tapewire.__file__).parent
"""The folder of Tapewire's one package, which holds what is installed with it."""
PACKAGE: Final = "tapewire"
_STANDARD: Final = tuple(
    filter(None, [sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")])
)


class _Firm:
    """Finds what no file can stand in for, ahead of the search path."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importlib asks; None where the search path decides."""
        if path is None and name == PACKAGE:
            return PathFinder.find_spec(name, [str(HOME.parent)], target)
        if path is None and name in sys.stdlib_module_names:
            return PathFinder.find_spec(name, _STANDARD, target)
        return None


def look_in(path: Path | None) -> None:
    """Look in the calling folder, then in `path`, before PYTHONPATH and what is installed."""
    first = [str(folder.resolve()) for folder in (Path.cwd(), path) if folder is not None]
    rest = [entry for entry in sys.path if entry not in first]
    sys.path[:] = dict.fromkeys([*first, *rest])
    if _Firm not in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Firm)
    importlib.invalidate_caches()


def file_of(module_name: str) -> Path | None:
    """The file that the order gives for a module, whatever is loaded already; None where it is
    no file, or one of Tapewire's."""
    folders: Sequence[str] | None = sys.path
    spec, parts = None, module_name.split(".")
    for depth in range(1, len(parts) + 1):
        if folders is None or parts[0] == PACKAGE:
            return None
        spec = PathFinder.find_spec(".".join(parts[:depth]), folders)
        folders = spec.submodule_search_locations if spec else None
    return Path(spec.origin).resolve() if spec and spec.origin else None
