"""Foreign orders: what works at the broker and is none of our orders, folded once for everybody.

They were entered by hand, by another program, or by us under a tag that no journal here knows. All
of them can fill in our accounts, so all count in every exposure. None can be cancelled alone.

Who counts which
----------------
Both gateways list the broker's open orders, and each calls foreign what it did not place itself.
So the orders of one are foreign to the other, and an order entered by hand is reported twice.

*   Whoever reads both journals (risk, executor, console) counts an order once, by its permanent
    id, and not at all where it is the order of a known intent: that one counts among our own. Which
    of two words holds is a matter of time: the newest, as with positions. If a gateway has listed
    an order before the reader has read its intent, it counts as foreign until then. So it is never
    counted twice and never left out.
*   A gateway reads only its own journal, and counts the orders of the other one as foreign. That is
    what it should do: they can fill, and they would turn a position round that its own order
    closes. For the liquidation gateway these are the orders that a flatten has to see cancelled
    before it closes beside them; for the gateway, the closing orders of a flatten. Its picture is
    as old as the last list, which risk requests again when a flatten needs it.

A combo counts in each symbol that its legs trade, as ours do. Its executions are not followed leg
by leg: what remains of it is what the broker says of whole ones.
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.changes import Changes
from tapewire.common.events import ForeignOrderReported

Working = tuple[Decimal, Decimal]
"""What may still be bought, and sold."""


class ForeignOrders:
    """Foreign orders by id, with what they may still buy and sell. State changes in `apply`, and in
    `recount` when more is known of an intent. `is_ours` says whether one is a known intent's.
    It adds to `changes` where the working totals change."""

    def __init__(self, is_ours: Callable[[ForeignOrderReported], bool], changes: Changes) -> None:
        self._changes = changes
        self._is_ours = is_ours
        self._words: dict[str, dict[str, ForeignOrderReported]] = {}  # by id and source
        self.tags: defaultdict[str, set[str]] = defaultdict(set)  # ids by tag
        self._counted: dict[str, ForeignOrderReported] = {}
        self._working: dict[Key, Working] = {}

    def __len__(self) -> int:
        return len(self._counted)

    def apply(self, event: ForeignOrderReported, source: str = "") -> None:
        """Take in a gateway's word on an order; `source` names the journal that it is from."""
        words = self._words.setdefault(event.id, {})
        words[source] = event
        if event.reference:
            self.tags[event.reference].add(event.id)
        self._count(event.id)
        if not any(word.remaining for word in words.values()):
            del self._words[event.id]

    def recount(self, intent_id: str) -> None:
        """More is known of an intent: orders under its tag may turn out to be ours, or not."""
        if intent_id in self.tags:
            for order_id in sorted(self.tags[intent_id]):
                self._count(order_id)

    def word(self, order_id: str) -> ForeignOrderReported | None:
        """The newest word on an order that is open; None if there is none."""
        words = self._words.get(order_id)
        if not words:
            return None
        newest = words[max(words, key=lambda source: (words[source].ts_ns, source))]
        return newest if newest.remaining else None

    def is_open(self, client_id: str, order_id: str, permanent_id: str) -> bool:
        """Whether an order of these names is one, and open."""
        if not self._words:
            return False
        return self.word(ForeignOrderReported.id_of(client_id, order_id, permanent_id)) is not None

    def listed(self) -> list[ForeignOrderReported]:
        """Those that are open, whether or not they turned out to be ours."""
        return [word for order_id in self._words if (word := self.word(order_id)) is not None]

    def counted(self) -> list[ForeignOrderReported]:
        """Those that count in exposures."""
        return list(self._counted.values())

    def working(self, key: Key) -> Working:
        """What they may still buy and sell in an account and symbol."""
        return self._working.get(key, (ZERO, ZERO))

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            one.id: (one.account, one.symbol, one.side, one.remaining) for one in self.counted()
        }

    def _count(self, order_id: str) -> None:
        before, now = self._counted.pop(order_id, None), self.word(order_id)
        if before is not None:
            self._add(before, -before.remaining)
        if now is not None and not self._is_ours(now):
            self._counted[order_id] = now
            self._add(now, now.remaining)

    def _add(self, order: ForeignOrderReported, change: Decimal) -> None:
        for symbol, side, ratio in order.parts:
            key, more = (order.account, symbol), ratio * change
            buying, selling = self._working.get(key, (ZERO, ZERO))
            self._changes.add(key)
            is_buy = side == "BUY"
            self._working[key] = (buying + more, selling) if is_buy else (buying, selling + more)
