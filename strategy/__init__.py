"""Strategies: ticks to signals. Each runs in its own process, and a crash affects no other."""

from tapewire.strategy.base import Strategy

__all__ = ["Strategy"]
