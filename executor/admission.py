"""Admission: whether an order may be sent, by the instrument, the disk and the rules."""

from collections.abc import Mapping

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.clock import Now
from tapewire.common.events import Event, InstrumentDescribed, SubmitOrder, terms_fault
from tapewire.common.instruments import Instrument
from tapewire.common.order_checks import terms_denial
from tapewire.executor.orders import ExecutorOrder, Ledger
from tapewire.risk.rules import RuleBook, View


class Admission:
    """Asked about every order, new or modified, before it goes. What can only reduce a position
    needs no room on the disk, and need not keep what the exchange asks of lots and prices."""

    def __init__(
        self, rules: RuleBook, instruments: Mapping[str, Instrument], ledger: Ledger
    ) -> None:
        self.rules = rules
        self.no_room = ""  # on the disk, for orders that add risk
        self._instruments = instruments
        self._described: dict[str, InstrumentDescribed] = {}  # by the broker, by symbol
        self._view = View(ledger)

    def note(self, event: Event) -> None:
        """Take in an event of a gateway, which the ledger has already."""
        if type(event) is InstrumentDescribed:
            self._described[event.symbol] = event
        self._view.note(event)

    def adds_risk(self, order: SubmitOrder, replaced: ExecutorOrder | None, now: Now) -> bool:
        """Whether an order, perhaps in place of another, could do more than bring its position
        nearer to zero."""
        exposure = self._view.at(now, replaced).exposure(order.account, order.symbol)
        return not exposure.reduced_by(order.terms)

    def denial(self, order: SubmitOrder, now: Now, known: Exposure | None = None) -> str:
        """Why an order must not go; `known` is its exposure, where other orders come with it."""
        if order.symbol not in self._instruments:
            return f"symbol {order.symbol} is not configured; it must be one of [[instruments]]"
        fault = terms_fault(order.terms)
        if self.no_room and not fault:
            exposure = known or self._view.at(now).exposure(order.account, order.symbol)
            fault = "" if exposure.reduced_by(order.terms) else self.no_room
        return fault or self.rule_denial(order, None, now, known)

    def rule_denial(
        self,
        order: SubmitOrder,
        replaced: ExecutorOrder | None,
        now: Now,
        known: Exposure | None = None,
    ) -> str:
        """As `denial`, of terms that make sense; `replaced` is the order that is modified."""
        place = ((order.account, order.symbol), known) if known is not None else None
        view = self._view.at(now, replaced, place)
        reason = self._terms_denial(order, replaced, now)
        if reason and not view.exposure(order.account, order.symbol).reduced_by(order.terms):
            return reason
        return self.rules.denial(order, view)

    def _terms_denial(self, order: SubmitOrder, replaced: ExecutorOrder | None, now: Now) -> str:
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            return ""
        filled = replaced.filled if replaced is not None else ZERO
        described = self._described.get(order.symbol)
        return terms_denial(order.terms, instrument, now.wall_ns, filled, described)
