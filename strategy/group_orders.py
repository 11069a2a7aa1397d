"""What a strategy may do with groups of orders: the part of `Strategy` that is about them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tapewire.common import combos
from tapewire.common.events import (
    ComboLeg,
    GroupKind,
    GroupLeg,
    LegRole,
    OrderTerms,
    Side,
    TimeInForce,
)
from tapewire.strategy.live_group import LiveGroup
from tapewire.strategy.terms import Number, decimal_of, terms_of

if TYPE_CHECKING:
    from tapewire.strategy.abilities import StrategyContext

EXITS_LAST: TimeInForce = "GTC"
WITHIN_MAX_S = 3600


class GroupOrders:
    """Groups are signalled, taken and denied as a whole: all of one goes to the broker, or none.

    Each of the calls returns the group's id, which `cancel` takes; an empty text as `buy` does.
    """

    symbols: tuple[str, ...]
    _context: "StrategyContext"

    @property
    def groups(self) -> list[LiveGroup]:
        """This strategy's groups that are not DONE, oldest first."""
        return self._context.groups()

    def bracket(
        self,
        symbol: str,
        quantity: Number,
        *,
        side: Side = "BUY",
        limit: Number | None = None,
        stop: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        trail: Number | None = None,
        tif: TimeInForce | None = None,
        exits_tif: TimeInForce = EXITS_LAST,
        confidence: float = 1.0,
    ) -> str:
        """An entry with a stop at `stop_loss`, a limit at `take_profit`, or both, at the broker.

        `limit` and `stop` make the entry what they make of `buy`. `trail` in place of `stop_loss`
        is the distance of a trailing stop. The exits work once the entry fills; a fill of one
        reduces the other. They last until cancelled, or as `exits_tif` says.
        """
        entry = terms_of(side, quantity, {"limit": limit, "stop": stop}, tif=tif)
        legs = [GroupLeg("entry", symbol, entry)]
        legs += exits_of(symbol, entry, stop_loss, take_profit, trail, exits_tif)
        return self._group("bracket", legs, confidence)

    def ladder(
        self,
        symbol: str,
        targets: Sequence[tuple[Number, Number]],
        *,
        stop_loss: Number,
        side: Side = "BUY",
        limit: Number | None = None,
        stop: Number | None = None,
        tif: TimeInForce | None = None,
        exits_tif: TimeInForce = EXITS_LAST,
        confidence: float = 1.0,
    ) -> str:
        """An entry that is left in parts: `targets` are a price and a quantity each.

        The entry is for the sum of them. Each part has its own stop at `stop_loss`, so that at any
        time the stops are for what is still open.
        """
        parts = [(price, decimal_of("quantity", size) or Decimal(0)) for price, size in targets]
        whole = sum((quantity for _, quantity in parts), Decimal(0))
        entry = terms_of(side, whole, {"limit": limit, "stop": stop}, tif=tif)
        legs = [GroupLeg("entry", symbol, entry)]
        for part, (price, quantity) in enumerate(parts):
            of_part = replace(entry, quantity=quantity)
            legs += exits_of(symbol, of_part, stop_loss, price, None, exits_tif, part)
        return self._group("ladder", legs, confidence)

    def one_cancels_other(self, *orders: GroupLeg, confidence: float = 1.0) -> str:
        """Orders of which the broker cancels the others when one fills; `leg` makes each."""
        return self._group("oco", list(orders), confidence)

    def leg(
        self,
        side: Side,
        symbol: str,
        quantity: Number,
        limit: Number | None = None,
        stop: Number | None = None,
        tif: TimeInForce | None = None,
    ) -> GroupLeg:
        """One order of `one_cancels_other`."""
        terms = terms_of(side, quantity, {"limit": limit, "stop": stop}, tif=tif)
        return GroupLeg("order", symbol, terms)

    def vertical(
        self,
        buy: str,
        sell: str,
        quantity: Number,
        *,
        buy_limit: Number | None = None,
        sell_limit: Number | None = None,
        within_s: float = 10.0,
        confidence: float = 1.0,
        combo: bool = False,
        limit: Number | None = None,
        tif: TimeInForce | None = None,
    ) -> str:
        """A spread of two contracts: `buy` is bought first, and `sell` is sold once it is held.

        If the sale fails or is not filled within `within_s`, it is cancelled, and what it has not
        covered is closed at market: nothing is ever sold that is not covered.

        With `combo` both go as one order, which the broker fills as a whole; `limit` is then the
        most that one spread may cost, and `tif` how long the order lasts.
        """
        if combo:
            if buy_limit is not None or sell_limit is not None:
                raise ValueError("a combo has one price for both contracts; give limit")
            terms = terms_of("BUY", quantity, {"limit": limit}, tif=tif)
            return self._group("vertical", [combo_of(buy, sell, terms)], confidence)
        if limit is not None or tif is not None:
            raise ValueError("limit and tif are a combo's; give combo=True, or buy_limit")
        if not 0 < within_s <= WITHIN_MAX_S:
            raise ValueError(f"within_s is {within_s}; it must be above 0, at most {WITHIN_MAX_S}")
        legs = [
            GroupLeg("entry", buy, terms_of("BUY", quantity, {"limit": buy_limit})),
            GroupLeg("cover", sell, terms_of("SELL", quantity, {"limit": sell_limit})),
        ]
        return self._group("vertical", legs, confidence, int(within_s * 1000))

    def _submit(
        self,
        symbol: str,
        terms: OrderTerms,
        confidence: float,
        stop_loss: Number | None,
        take_profit: Number | None,
    ) -> str:
        """What `buy` and `sell` signal: an order, a combo, or a bracket around an entry."""
        has_exits = (stop_loss, take_profit) != (None, None)
        if symbol not in self.symbols and (legs := combos.read(symbol)):
            if has_exits:
                raise ValueError(f"{symbol} is a combo; it has neither stop_loss nor take_profit")
            return self._group("combo", [combos.combo_order(legs, terms)], confidence)
        if not has_exits:
            return self._context.submit(symbol, terms, _checked(confidence))
        exits = exits_of(symbol, terms, stop_loss, take_profit)
        return self._group("bracket", [GroupLeg("entry", symbol, terms), *exits], confidence)

    def _group(
        self, kind: GroupKind, legs: list[GroupLeg], confidence: float, within_ms: int = 0
    ) -> str:
        return self._context.submit_group(kind, tuple(legs), _checked(confidence), within_ms)


def _checked(confidence: float) -> float:
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence is {confidence}; it must be from 0 to 1")
    return confidence


def combo_of(buy: str, sell: str, terms: OrderTerms) -> GroupLeg:
    """One order that buys a contract and sells another against it."""
    if buy == sell:
        raise ValueError(f"a spread of {buy} and {sell} is none; give two contracts")
    return combos.combo_order((ComboLeg(buy, 1, "BUY"), ComboLeg(sell, 1, "SELL")), terms)


def exits_of(
    symbol: str,
    entry: OrderTerms,
    stop_loss: Number | None,
    take_profit: Number | None,
    trail: Number | None = None,
    tif: TimeInForce = EXITS_LAST,
    part: int = 0,
) -> list[GroupLeg]:
    """The target and the stop of a part. The stop is last: an order before it can only wait for it
    at the broker."""
    if stop_loss is None and take_profit is None and trail is None:
        raise ValueError("a bracket has neither stop_loss nor take_profit nor trail; give one")
    if stop_loss is not None and trail is not None:
        raise ValueError("a bracket has both stop_loss and trail; it can have one stop")
    side: Side = "SELL" if entry.side == "BUY" else "BUY"
    legs: list[GroupLeg] = []
    prices: tuple[tuple[LegRole, dict[str, Number | None]], ...] = (
        ("target", {"limit": take_profit}),
        ("stop", {"stop": stop_loss}),
        ("stop", {"trail": trail}),
    )
    for role, price in prices:
        if any(value is not None for value in price.values()):
            terms = terms_of(side, entry.quantity, price, tif=tif)
            legs.append(GroupLeg(role, symbol, terms, part))
    return legs
