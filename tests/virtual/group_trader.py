"""A strategy that trades groups of one kind, one after the other."""

from decimal import Decimal

import msgspec

from tapewire import Quote, Strategy


class GroupTraderParameters(msgspec.Struct, frozen=True):
    """`kind` is what it trades; `stop` and `target` are how far its exits are from the market, and
    `limit` is where a bracket, a ladder or a combo enters. What is WORKING is cancelled, and what
    is PROTECTING closed, where `leaves` names the state. It begins no group once `count` have
    ended.
    """

    kind: str = "bracket"
    stop: Decimal = Decimal("0.05")
    target: Decimal = Decimal("0.05")
    limit: Decimal | None = None
    leaves: str = ""
    count: int = 1_000_000


class GroupTrader(Strategy[GroupTraderParameters]):
    """One group at a time; `done` counts those that have ended."""

    def on_start(self) -> None:
        self.done = 0
        self.seen: list[tuple[str, str]] = []

    def on_quote(self, quote: Quote) -> None:
        if quote.bid is None or quote.ask is None or self.pending(quote.symbol) or self.groups:
            return
        if self.done >= self.parameters.count:
            return
        bid, ask = Decimal(repr(quote.bid)), Decimal(repr(quote.ask))
        stop, target = bid - self.parameters.stop, ask + self.parameters.target
        if self.parameters.kind == "ladder":
            targets, limit = [(target, 4), (target + 1, 6)], self.parameters.limit
            self.ladder(quote.symbol, targets, stop_loss=stop, limit=limit)
        elif self.parameters.kind == "vertical":
            self.vertical(quote.symbol, "MSFT" if quote.symbol == "AAPL" else "AAPL", 3)
        elif self.parameters.kind == "combo":
            other = "MSFT" if quote.symbol == "AAPL" else "AAPL"
            self.buy(f"{quote.symbol} - {other}", 3, limit=self.parameters.limit)
        elif self.parameters.kind == "vertical at once":
            other = "MSFT" if quote.symbol == "AAPL" else "AAPL"
            self.vertical(quote.symbol, other, 3, combo=True, limit=self.parameters.limit)
        elif self.parameters.kind == "oco":
            buy = self.leg("BUY", quote.symbol, 5, limit=stop)
            sell = self.leg("SELL", quote.symbol, 5, limit=target)
            self.one_cancels_other(buy, sell)
        else:
            self.buy(quote.symbol, 10, self.parameters.limit, stop_loss=stop, take_profit=target)

    def on_group(self, news) -> None:
        self.seen.append((news.group_id, news.state))
        self.done += news.state == "DONE"
        if news.state != self.parameters.leaves:
            return
        if news.state == "PROTECTING":
            self.close(self.symbols[0])
        else:
            self.cancel(news.group_id)
