"""Admission: whether an order may be sent, by the instrument, the disk and the rules."""

from collections.abc import Mapping, Sequence

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import NOTHING, Exposures
from tapewire.common.clock import Now
from tapewire.common.events import Event, InstrumentDescribed, RulesChanged, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.common.order_checks import order_denial, order_fault
from tapewire.executor.orders import ExecutorOrder, Ledger
from tapewire.risk.rules import RuleBook, View
from tapewire.risk.rules.in_force import taken_over


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
        """Take in an event that the ledger has already."""
        if type(event) is InstrumentDescribed:
            self._described[event.symbol] = event
        self._view.note(event)

    def take_over(self, event: RulesChanged) -> None:
        """From now on the rules are those of risk's journal."""
        self.rules = taken_over(event.rules, self.rules)

    def adds_risk(self, order: SubmitOrder, replaced: ExecutorOrder | None, now: Now) -> bool:
        """Whether an order, perhaps in place of another, could do more than bring its position
        nearer to zero."""
        return not self._view.at(now, replaced).is_reducing(order)

    def denial(
        self,
        order: SubmitOrder,
        now: Now,
        known: Exposures = NOTHING,
        beside: Sequence[SubmitOrder] = (),
    ) -> str:
        """Why an order must not go; `known` are its exposures, where others come `beside` it."""
        for symbol in order.symbols:
            if symbol not in self._instruments:
                return f"symbol {symbol} is not configured; it must be one of [[instruments]]"
        fault = order_fault(order)
        if self.no_room and not fault:
            fault = "" if self._view.at(now, None, known).is_reducing(order) else self.no_room
        return fault or self.rule_denial(order, None, now, known, beside)

    def rule_denial(
        self,
        order: SubmitOrder,
        replaced: ExecutorOrder | None,
        now: Now,
        known: Exposures = NOTHING,
        beside: Sequence[SubmitOrder] = (),
    ) -> str:
        """As `denial`, of terms that make sense; `replaced` is the order that is modified."""
        view = self._view.at(now, replaced, known, beside)
        filled = replaced.filled if replaced is not None else ZERO
        reason = order_denial(order, self._instruments, self._described, now.wall_ns, filled)
        if reason and not view.is_reducing(order):
            return reason
        return self.rules.denial(order, view)
