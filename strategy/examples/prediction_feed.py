"""Prediction feed: a model elsewhere predicts how far a price will move; follow it."""

from typing import Any

import msgspec

from tapewire import Quote, Strategy


class PredictionFeedParameters(msgspec.Struct, frozen=True):
    """Act on predictions of at least `move` (a share of the price), at most `age_ms` old."""

    move: float = 0.0005
    age_ms: int = 2000
    quantity: int = 10


class PredictionFeed(Strategy[PredictionFeedParameters]):
    """Long while the newest prediction is up, short while it is down, flat when it is too old."""

    def on_start(self) -> None:
        """No prediction yet."""
        self.predictions: dict[str, tuple[float, int]] = {}

    def on_external(self, feed: str, topic: str, value: Any) -> None:
        """`{"symbol": ..., "move": ...}`; anything else raises, and counts as a failure."""
        move = float(value["move"])
        self.predictions[value["symbol"]] = move, self.clock.now_ns()

    def on_quote(self, quote: Quote) -> None:
        """Bring the position to what the newest prediction asks for."""
        symbol = quote.symbol
        if self.pending(symbol):
            return
        move, received_ns = self.predictions.get(symbol, (0.0, 0))
        is_old = self.clock.now_ns() - received_ns > self.parameters.age_ms * 1_000_000
        side = 0 if is_old or abs(move) < self.parameters.move else (1 if move > 0 else -1)
        change = side * self.parameters.quantity - self.position(symbol)
        if change:
            (self.buy if change > 0 else self.sell)(symbol, abs(change))
