"""Holdings: what the account holds, as TWS reports it and as fills have made of it since."""

from decimal import Decimal

from tapewire.common.events import AccountPosition, Event, Fill, signed

ZERO = Decimal(0)


class Holdings:
    """Positions for admission. State changes in `apply`, from events that are on disk."""

    def __init__(self) -> None:
        self.reported: dict[str, Decimal] = {}
        self.filled: dict[str, Decimal] = {}
        self._named: set[str] | None = None  # told since they were asked for; None: not asked

    def apply(self, event: Event, counted: Decimal = ZERO) -> None:
        """Take in a position or a fill; `counted` is what the fill corrects, 0 if nothing."""
        if isinstance(event, AccountPosition):
            self.reported[event.symbol] = self.filled[event.symbol] = event.quantity
        elif isinstance(event, Fill):
            change = signed(event.side, event.quantity - counted)
            self.filled[event.symbol] = self.filled.get(event.symbol, ZERO) + change

    def smallest(self) -> dict[str, Decimal]:
        """By symbol, the smaller of what TWS reported and what fills have made of it since.

        Either may run ahead of the other by a message; an order must reduce both.
        """
        return {
            symbol: _nearer_zero(self.reported.get(symbol, ZERO), quantity)
            for symbol, quantity in self.filled.items()
        }

    def asked(self) -> None:
        """TWS is about to list all positions."""
        self._named = set()

    def told(self, symbol: str, quantity: Decimal, cost: Decimal, now_ns: int) -> list[Event]:
        """TWS's word on a position: an event where it is news."""
        if self._named is not None:
            self._named.add(symbol)
        if self.reported.get(symbol) == quantity and symbol in self.filled:
            self.filled[symbol] = quantity
            return []
        return [AccountPosition(now_ns, symbol, quantity, cost)]

    def all_told(self, now_ns: int) -> list[Event]:
        """The list is complete. TWS does not name what is flat: what it left out was closed."""
        named, self._named = self._named, None
        if named is None:
            return []
        closed = [s for s, held in self.reported.items() if held and s not in named]
        return [AccountPosition(now_ns, symbol, ZERO, ZERO) for symbol in closed]

    def forget_question(self) -> None:
        """The connection is gone, and the rest of its list with it."""
        self._named = None


def _nearer_zero(a: Decimal, b: Decimal) -> Decimal:
    return ZERO if a * b <= 0 else min(a, b, key=abs)
