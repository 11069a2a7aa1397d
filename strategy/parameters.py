"""Parameters: which class a strategy takes them in, as its `Strategy[...]` says."""

from typing import Any, get_args, get_origin

import msgspec
from typing_extensions import TypeVar, get_original_bases


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a strategy that takes none."""


P = TypeVar("P", default=NoParameters)
"""A strategy's parameters: a `msgspec.Struct` or a dataclass."""


def parameters_type(cls: type, root: type) -> Any:
    """What stands in the brackets of `root`, from which `cls` is derived; `NoParameters` where
    there are none.

    A class between the two may be generic itself: then the brackets further down say it.
    """
    for base in get_original_bases(cls):
        origin = get_origin(base) or base
        if origin is root:
            return next(iter(get_args(base)), NoParameters)
        if isinstance(origin, type) and issubclass(origin, root):
            found = parameters_type(origin, root)
            named = dict(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
            return named.get(found, found)
    return NoParameters
