"""A strategy that trades, modifies and cancels: every fault meets an order under way."""

from decimal import Decimal

import msgspec

from tapewire import Quote, Strategy
from tapewire.common.events import ComboLeg, GroupLeg, OrderTerms, Side, TimeInForce, combo_name

HALF_HOUR_NS = 1_800_000_000_000
TICKS = Decimal("0.25")
FAR = 80 * TICKS
LADDERS_PENDING_MAX = 11  # orders of a symbol that work: two or three ladders


class TraderParameters(msgspec.Struct, frozen=True):
    """A signal every `every` quotes, up to `until_ns`; every third one is a limit order, which may
    rest, and every fifth a stop order. Between them orders are modified and cancelled, some before
    they were answered. With `groups` every other one is a group of orders, with `combos` a
    combo of both instruments. With `ladders` too there are ladders and nothing else, a few at a
    time, and most are left to themselves: then what they have entered is theirs to protect, and
    what goes wrong with one is theirs to end. `tif` is for how long an order rests that is in no
    group."""

    every: int = 7
    until_ns: int = 0
    quantity: int = 5
    groups: bool = False
    combos: bool = False
    ladders: bool = False
    tif: TimeInForce = "DAY"


class Trader(Strategy[TraderParameters]):
    """Buys and sells in turn, whatever the price."""

    def on_start(self) -> None:
        self.quotes = 0
        self.given = ""
        self.bids: dict[str, Decimal] = {}

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        turn, place = divmod(self.quotes, self.parameters.every)
        if quote.bid is not None:
            self.bids[quote.symbol] = Decimal(repr(quote.bid))
        if quote.bid is None or self._is_over(quote.ts_ns):
            return
        if place == 0:
            self.trade(turn, quote.symbol, Decimal(repr(quote.bid)))
        elif place == 2:
            self.modify_one(turn)
        elif place == 4 and turn % self._cancels_every == 1 and self.orders:
            self.cancel(self.orders[turn % len(self.orders)].id)

    @property
    def _cancels_every(self) -> int:
        """Turns. What is cancelled soon by its strategy needs nobody else to end it."""
        return 16 if self.parameters.ladders else 2

    def _is_over(self, ts_ns: int) -> bool:
        """Whether trading has ended. A clock that is an hour ahead does not end it."""
        return 0 < ts_ns - self.parameters.until_ns < HALF_HOUR_NS

    def trade(self, turn: int, symbol: str, bid: Decimal) -> None:
        """A market order, a limit order at the bid or one away from it, or a stop order."""
        is_buy = bool(turn % 2)
        limit = stop = None
        if self.parameters.ladders:
            self.climb(turn, symbol, bid)
            return
        if self.parameters.groups and is_buy:
            self.group(turn // 2, symbol, bid)
            return
        if self.parameters.combos and is_buy and len(self.bids) > 1:
            self.combo(turn // 2, symbol)
            return
        if turn % 3 == 0:
            limit = bid + turn % 2 * -1 if turn % 4 else bid
        elif turn % 5 == 0:
            stop = bid + 1 if is_buy else bid - 1
        act = self.buy if is_buy else self.sell
        quantity, tif = self.parameters.quantity + turn % 4, self.parameters.tif
        order_id = act(symbol, quantity, limit, stop, tif=tif)
        if turn % 11 == 0:
            self.cancel(order_id)  # nobody has answered it yet
        elif turn % 13 == 0:
            self.modify(order_id, self.parameters.quantity + 9)

    def group(self, turn: int, symbol: str, bid: Decimal) -> None:
        """A bracket, a ladder, a vertical or a one-cancels-other, with exits near enough to be
        reached; now and then all on the symbol is closed, or what was given last is cancelled."""
        away, quantity = TICKS * (1 + turn % 3), self.parameters.quantity
        rests = turn % 12 == 11
        if rests:  # it would work on, if nobody cancelled it
            bid -= FAR
        limit = bid if rests or turn % 4 == 3 else None
        if turn % 7 == 6:
            self.close(symbol)
        elif turn % 9 == 8:
            other = next(one for one in self.symbols if one != symbol)
            self.given = self.vertical(symbol, other, 2, within_s=3.0)
        elif turn % 5 in (1, 4):
            away *= 20 if turn % 5 == 1 else 1  # far enough to rest, or near enough to fill
            high, low = (
                self.leg("SELL", symbol, 2, limit=bid + away),
                self.leg("SELL", symbol, 2, stop=bid - away),
            )
            self.given = self.one_cancels_other(high, low)
        elif turn % 5 == 3:
            targets = [(bid + away, 2), (bid + 2 * away, 3)]
            self.given = self.ladder(symbol, targets, stop_loss=bid - away, limit=limit)
        elif turn % 2:
            self.given = self.buy(
                symbol, quantity, limit, stop_loss=bid - away, take_profit=bid + away
            )
        else:
            self.given = self.sell(
                symbol, quantity, limit, stop_loss=bid + away, take_profit=bid - away
            )
        if turn % 6 == 5:
            self.cancel(self.given)

    def climb(self, turn: int, symbol: str, bid: Decimal) -> None:
        """A ladder with exits near enough to be reached, one whose exits rest far from the market,
        or one of which nothing is entered; now and then all on the symbol is closed, or what was
        given last is cancelled."""
        kind, number = turn % 3, turn // 3
        if turn % 64 == 63:
            self.close(symbol)
        elif self.pending(symbol) < LADDERS_PENDING_MAX:
            away = FAR if kind == 1 else TICKS * (1 + number % 3)
            near = bid - FAR if kind == 2 else bid
            limit = near if kind == 2 or number % 4 == 3 else None
            targets = [(near + away, 2), (near + 2 * away, 3)]
            self.given = self.ladder(symbol, targets, stop_loss=near - away, limit=limit)
            if kind == 2 and number % 4 == 1:
                self.cancel(self.given)

    def combo(self, turn: int, symbol: str) -> None:
        """One unit of a symbol against one or two of the other: at market, at what they come to, or
        away from that, where it rests; now and then it is cancelled before it is answered."""
        other = next(one for one in self.bids if one != symbol)
        legs = (ComboLeg(symbol, 1, "BUY"), ComboLeg(other, 1 + turn % 2, "SELL"))
        side: Side = "BUY" if turn % 4 < 2 else "SELL"
        away = Decimal(turn % 3) * (-1 if side == "BUY" else 1)
        net = self.bids[symbol] - (1 + turn % 2) * self.bids[other] + away
        at_market = turn % 5 == 0
        terms = OrderTerms(
            side, Decimal(4 + turn % 5), "MKT" if at_market else "LMT", None if at_market else net
        )
        one = GroupLeg("order", combo_name(legs), terms, legs=legs)
        self.given = self._group("vertical", [one], 1.0)
        if turn % 7 == 6:
            self.cancel(self.given)

    def modify_one(self, turn: int) -> None:
        """Another quantity, another limit, or both, for an order that rests."""
        resting = [order for order in self.orders if order.limit is not None]
        if not resting:
            return
        order = resting[turn % len(resting)]
        quantity = max(order.filled + 1, order.quantity + turn % 7 - 3)
        limit = order.limit + turn % 3 - 1
        if turn % 5 == 0:
            self.modify(order.id, quantity)
        elif turn % 5 == 1:
            self.modify(order.id, limit=limit)
        else:
            self.modify(order.id, quantity, limit)
        if turn % 9 == 0:
            self.cancel(order.id)
