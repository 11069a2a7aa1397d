"""A strategy class that a program hands over, where the configuration names a module and a class.

A class of a notebook, or of a function, is in no module that could be imported. So it is put into
one, for as long as it is used.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from types import ModuleType
from typing import Any, Final

from tapewire.common.errors import ConfigError
from tapewire.strategy.base import Strategy

MODULE: Final = "tapewire.run_backtest"
_ONE = RLock()
"""There is one such module, so runs of several threads take turns."""


@contextmanager
def named(strategy: Any) -> Iterator[tuple[str, str]]:
    """The name of a strategy, and its class as `module:Class`, for as long as this lasts.

    A text such as `strategies.dip:Dip` stands for itself. Raises `ConfigError` for what is neither
    that nor a class of Strategy.
    """
    if isinstance(strategy, str):
        yield strategy.rpartition(":")[2] or strategy, strategy
        return
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        raise ConfigError(
            f"the strategy is {strategy!r:.100}; it must be a class of Strategy, or a text such as"
            " strategies.dip:Dip"
        )
    name = strategy.__name__
    module = ModuleType(MODULE)
    module.__file__ = getattr(sys.modules.get(strategy.__module__), "__file__", None)
    setattr(module, name, strategy)
    with _ONE:
        before = sys.modules.get(MODULE)
        sys.modules[MODULE] = module
        try:
            yield name, f"{MODULE}:{name}"
        finally:
            if before is None:
                del sys.modules[MODULE]
            else:
                sys.modules[MODULE] = before
