"""Strategies: ticks to signals. A crash of one is its own affair."""

from tapewire.strategy.base import Strategy

__all__ = ["Strategy"]
