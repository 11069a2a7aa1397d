"""What a sweep is of, as a short text: with another strategy, data or settings it is another one.

So what is kept of an earlier sweep is taken for this one only where it would come out the same.
The grid is not part of it: a wider grid takes what the narrower one has done.
"""

import hashlib
import importlib.metadata
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.code import file_of, own_modules
from tapewire.backtest.sweep.trial import Settings
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.cache import digest, table_of_file

WITHOUT_EFFECT: Final = {"run_dir", "mode", "live_account", "bus", "metrics"}
"""Keys that a back-test does not read; see docs/backtest.md."""
LENGTH: Final = 12


def fingerprint(settings: Settings, window: Window, swept: frozenset[str], source: str) -> str:
    """The fingerprint of a sweep whose strategy is loaded and whose file is read.

    `source` is the strategy's code where it is in no module of a file; `swept` are the parameters
    whose configured values count for nothing.
    """
    found = hashlib.blake2b(digest_size=LENGTH)
    for part in _parts(settings, window, swept, source):
        found.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
    return found.hexdigest()[:LENGTH]


def source_of(strategy: Any) -> str:
    """The code of a class that a program hands over: all of its file, or in a notebook its own.

    Raises `ConfigError` where there is none to be read.
    """
    if isinstance(strategy, str):
        return ""
    file = file_of(sys.modules.get(strategy.__module__))
    if file is not None and file.is_file():
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    try:
        return inspect.getsource(strategy)
    except (OSError, TypeError):
        raise ConfigError(
            f"the code of {strategy.__name__} cannot be read, so a sweep of it cannot be kept in a"
            " folder and gone on with; write the class into a file"
        ) from None


def _parts(settings: Settings, window: Window, swept: frozenset[str], source: str) -> Iterator[str]:
    yield importlib.metadata.version("tapewire")
    yield digest(table_of_file(settings.file))
    yield f"{window.from_ns} {window.to_ns}"
    yield _text({name: str(value) for name, value in settings.arguments.items()})
    yield _text(_configured(settings.config, settings.name, swept))
    yield source
    for path in sorted(set(own_modules().values())):
        yield f"{path.name} {hashlib.blake2b(path.read_bytes()).hexdigest()}"


def _configured(config: Config, name: str, swept: frozenset[str]) -> dict[str, Any]:
    (own,) = (one for one in config.strategies if one.name == name)
    fixed = {key: value for key, value in own.parameters.items() if key not in swept}
    alone = own.model_copy(update={"parameters": fixed})
    found = config.model_copy(update={"strategies": (alone,)})
    return found.model_dump(mode="json", exclude=WITHOUT_EFFECT)


def _text(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, default=str)
