"""A strategy's class looked over before it is called: what could never work, or is never called."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

from tapewire.common.config.near import expected
from tapewire.common.own_code import shown
from tapewire.strategy.base import Strategy
from tapewire.strategy.patterns.decorator import pattern_of

CALLBACKS: Final = tuple(name for name in vars(Strategy) if name.startswith("on_"))
_MADE_OF: Final = ("name", "symbols", "parameters", "context")


def never_called(cls: type[Strategy[Any]]) -> list[str]:
    """A sentence for each method that looks like a callback but is not one, such as `on_quotes`."""
    named = [
        name
        for name in dir(cls)
        if name.startswith("on_")
        and callable(getattr(cls, name))
        and not pattern_of(getattr(cls, name))
    ]
    return [
        f"{cls.__name__} has {name}, which Tapewire does not call; {expected(name, CALLBACKS)}"
        for name in named
        if name not in CALLBACKS
    ]


def refusal(cls: type[Strategy[Any]]) -> str:
    """Why an instance could not be made or called, and in which line; an empty text if it can."""
    return next(_refusals(cls), "")


def _refusals(cls: type[Strategy[Any]]) -> Iterator[str]:
    if hasattr(cls, "Parameters"):
        yield (
            f"{cls.__name__} has a class Parameters in it, which nothing reads; put that beside it,"
            f" and write class {cls.__name__}(Strategy[{cls.__name__}Parameters])"
        )
    if not _takes(cls, *_MADE_OF):
        yield (
            f"{_where(cls.__init__)} does not take what a strategy is made of,"
            f" ({', '.join(_MADE_OF)}); leave __init__ out and set up in on_start(self)"
        )
    for name in CALLBACKS:
        ours, theirs = getattr(Strategy, name), getattr(cls, name)
        wanted = inspect.signature(ours).parameters
        if not callable(theirs):
            yield f"{cls.__name__}.{name} is {theirs!r:.60} and not a method; correct that line"
        elif inspect.iscoroutinefunction(theirs):
            yield f"{_where(theirs)} is async, which nothing here awaits; write it as a plain def"
        elif not _takes(theirs, *wanted):
            call = f"def {name}({', '.join(wanted)})"
            yield f"{_where(theirs)} does not take what it is called with; write it as {call}"


def _takes(called: Callable[..., Any], *arguments: str) -> bool:
    """Whether it can be called so; what does not show its signature is let pass."""
    try:
        inspect.signature(called).bind(*arguments)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _where(method: Callable[..., Any]) -> str:
    """`Dip.on_quote at strategies/dip.py:14`."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    at = f" at {shown(code.co_filename)}:{code.co_firstlineno}" if code else ""
    return f"{method.__qualname__}{at}"
