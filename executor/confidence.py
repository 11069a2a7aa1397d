"""Confidence: whether a signal is traded, and how much of it, by how sure its strategy is.

This is the one place that looks at it. What it decides depends on the signal and the configuration
alone, so a signal that is sent again after a crash comes to the same order.
"""

from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import replace

from tapewire.common.amounts import whole_lots
from tapewire.common.events import GroupSignal, OrderTerms, Signal
from tapewire.common.instruments import Instrument


class Confidence(msgspec.Struct, frozen=True):
    """What one strategy's configuration makes of the confidence of its signals, from 0 to 1."""

    least: float = 0.0
    scales: bool = False

    def sized(self, signal: Signal, instrument: Instrument | None) -> tuple[OrderTerms, str]:
        """The terms that the order gets, and why there must be none; empty if there may be.

        Scaled, the quantity is the signal's times its confidence, rounded down to whole lots. What
        cannot be traded in any size is left as it is: others say what is wrong with it.
        """
        if unsure := self.unsure(signal):
            return signal.terms, unsure
        return self.scaled(signal.terms, signal.confidence, instrument)

    def unsure(self, signal: Signal | GroupSignal) -> str:
        """Why a signal must not be traded; empty if it may be."""
        if signal.confidence >= self.least:
            return ""
        return (
            f"its confidence is {signal.confidence:g}, and"
            f" strategies.{signal.strategy}.confidence_min is {self.least:g}"
        )

    def scaled(
        self, terms: OrderTerms, confidence: float, instrument: Instrument | None
    ) -> tuple[OrderTerms, str]:
        """The terms for this confidence, and why no order can have them; empty if one can."""
        if not self.scales or instrument is None or terms.quantity <= 0 or confidence == 1:
            return terms, ""
        scaled = terms.quantity * Decimal(repr(confidence))
        quantity = whole_lots(scaled, instrument.lot)
        if not quantity:
            return terms, (
                f"its quantity of {terms.quantity:f} comes to {scaled:f} with a confidence of"
                f" {confidence:g}, less than one lot of {instrument.lot:f}"
            )
        return replace(terms, quantity=quantity), ""


INDIFFERENT: Final = Confidence()
"""Trades every signal as it is."""
