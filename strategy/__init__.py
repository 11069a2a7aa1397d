"""Strategies: ticks to signals. Each runs in its own process, and a crash affects no other."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapewire.strategy.base import Strategy

__all__ = ["Strategy"]


def __getattr__(name: str) -> Any:
    """`Strategy`, for whom the package was not only on the way to one of its modules."""
    if name != "Strategy":
        raise AttributeError(f"module {__name__} has no attribute {name!r}")
    from tapewire.strategy.base import Strategy

    return Strategy
