"""The combinations of a sweep: which values each parameter takes.

A person writes `fast=5:50:5` (from, to, step, both ends included), `mode=trend,revert` (these) or
`slow=20` (this one). Steps are added as decimals, so that 0.1:0.5:0.1 has 0.3 and not
0.30000000000000004. Each value is then read as `--param` of a back-test is.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from tapewire.common.config.settings import StrategyConfig
from tapewire.common.config.text import quoted
from tapewire.common.errors import ConfigError
from tapewire.strategy.loading.overrides import OPTION, replaced

Combination = dict[str, Any]
Grid = dict[str, tuple[Any, ...]]
COMBINATIONS_MAX: Final = 100_000


def grid_of(given: Sequence[str], strategy: StrategyConfig) -> Grid:
    """The values of each parameter, from texts such as `fast=5:50:5`; raises `ConfigError`."""
    texts = _texts(given)
    required(texts)
    found: Grid = {}
    for name, values in texts.items():
        found[name] = tuple(replaced(strategy, {name: one}).parameters[name] for one in values)
    return required(found)


def _texts(given: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name or not values:
            raise ConfigError(
                f"{OPTION} is {quoted(text)}; write it as NAME=FROM:TO:STEP, such as fast=5:50:5,"
                " or NAME=VALUE,VALUE"
            )
        if name in found:
            raise ConfigError(f"{OPTION} {name} is there twice; give all of its values once")
        found[name] = list(_values(name, values))
    return found


def required(grid: Mapping[str, Iterable[Any]]) -> Grid:
    """The grid as it is, if it has values to try, each once; raises `ConfigError`."""
    if not grid:
        raise ConfigError(f"no parameter is swept; name one, such as {OPTION} fast=5:50:5")
    found = {name: tuple(_once(name, values)) for name, values in grid.items()}
    for name, values in found.items():
        if not values:
            raise ConfigError(f"the parameter {name} has no values to try; give it one at least")
    if (count := size(found)) > COMBINATIONS_MAX:
        raise ConfigError(
            f"these are {count:,} combinations, expected at most {COMBINATIONS_MAX:,}; take wider"
            " steps"
        )
    return found


def size(grid: Grid) -> int:
    """How many combinations there are."""
    count = 1
    for values in grid.values():
        count *= len(values)
    return count


def combinations(grid: Grid) -> Iterator[Combination]:
    """Every combination, the last parameter changing first."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def shown(combination: Mapping[str, Any]) -> str:
    """A combination for reading: `fast=5 slow=20`."""
    return " ".join(f"{name}={value}" for name, value in combination.items())


def _values(name: str, text: str) -> Iterator[str]:
    if text[0] in "[{":  # one value, in JSON
        yield text
    elif ":" in text:
        yield from _stepped(name, text)
    else:
        yield from (one.strip() for one in text.split(","))


def _stepped(name: str, text: str) -> Iterator[str]:
    parts = text.split(":")
    try:
        first, last, step = map(Decimal, parts if len(parts) > 2 else (*parts, "1"))
        count = int((last - first) / step) if step > 0 and last >= first else -1
    except (InvalidOperation, ValueError, OverflowError):
        count = -1
    if count < 0:
        raise ConfigError(
            f"{OPTION} {name} is {quoted(text)}, must be FROM:TO:STEP with numbers, TO at least"
            " FROM, and STEP above 0"
        )
    if count >= COMBINATIONS_MAX:
        raise ConfigError(f"{OPTION} {name}={text} has more than {COMBINATIONS_MAX:,} values")
    for n in range(count + 1):
        yield format(first + n * step, "f")


def _once(name: str, values: Iterable[Any]) -> Iterator[Any]:
    """Each value once, in order."""
    seen = set()
    for value in values:
        try:
            key = (type(value), msgspec.json.encode(value, order="sorted"))
        except TypeError:
            raise ConfigError(
                f"the parameter {name} has the value {value!r:.60}, which cannot be written into a"
                " configuration; give numbers, texts, lists or tables"
            ) from None
        if key not in seen:
            seen.add(key)
            yield value
