"""What a single open position gains or loses: what its loss and its profit rule look at."""

from abc import ABC
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.events import SubmitOrder
from tapewire.risk.rules.amount_limit import AmountLimit, slopes_of
from tapewire.risk.rules.view import View


class UnrealizedResult(AmountLimit, ABC):
    """What each open position makes (`sign` 1) or loses (-1), at the newest price. It halts and
    closes that position's symbol alone."""

    looks_at = ()
    watches_marks = True
    sign: ClassVar[int]

    def subjects(self, view: View, account: str | None = None) -> Iterable[Key]:
        """Every open position that the rule is about."""
        for one in view.accounts() if account is None else [account]:
            for position in view.positions(one):
                inside = self.scope.covers(one, self.scope.strategy, position.symbol)
                if position.quantity and inside:
                    yield one, position.symbol

    def subject_of(self, order: SubmitOrder) -> Key:
        """The position that it would add to."""
        return order.account, order.symbol

    def amount(self, subject: Key, view: View) -> Decimal | None:
        """Its gain or loss; nothing where nothing is held."""
        position = view.position(*subject)
        if position is None:
            return ZERO
        return None if position.unrealised is None else self.sign * position.unrealised

    def slopes(self, subject: Key, view: View) -> dict[str, Decimal]:
        """Its own price alone."""
        account, symbol = subject
        every = slopes_of(account, self.sign, view)
        return {symbol: every[symbol]} if symbol in every else {}

    def marks(self, subject: Key, view: View) -> int:
        """The prices of its symbol."""
        return view.marks(subject[1])

    def unknown(self, subject: Key, view: View) -> str:
        """It has no price."""
        return f"what {subject[1]} has gained or lost is not known: it has no price"
