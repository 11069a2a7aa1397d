"""A flatten with a broker that lists what it holds when it is asked to."""

from decimal import Decimal

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Heartbeat,
    ListPositions,
    OrderFilled,
    PositionsListed,
    Scope,
    SubmitOrder,
)
from tapewire.common.roles import LIQUIDATION
from tapewire.risk.closing import Command
from tapewire.risk.flatten import Flatten
from tapewire.risk.halting import Standing
from tests.risk.orders import AAPL, NOW, SECOND, T0, fill, held, intended

LEASE_S = 3


class Run:
    """A flatten, what risk knows, a clock, and a broker that lists what it holds when asked."""

    def __init__(
        self, scope: Scope = EVERYTHING, *, acknowledged: bool = True, keep: int = 0
    ) -> None:
        self.accounts: Accounts[Order] = Accounts([AAPL], Order)
        self.flatten, self.now = (
            Flatten("risk-1", scope, keep=Decimal(keep), price_of=lambda symbol: self.price),
            NOW,
        )
        self.price: Decimal | None = None
        self.acknowledged, self.alive, self.reachable = acknowledged, True, True
        self.open: tuple[str, ...] = ()  # at the broker
        self.gone = False  # the gateway's process, for a while
        self.answers = True
        self.asked: list[tuple[str, Command]] = []
        self.alarms: list[str] = []
        self._beat_ns = NOW.mono_ns

    # ---- what happens ----

    def hold(self, quantity: int, symbol: str = "AAPL", account: str = "DU1") -> None:
        self.apply(held(quantity, symbol, account=account))

    def apply(self, *events: Event, source: str = LIQUIDATION) -> None:
        for event in events:
            self.accounts.apply(event, source)
            self.flatten.on_liquidation(event, self.now.mono_ns)

    def taken(self, close: SubmitOrder) -> SubmitOrder:
        self.apply(intended(close))
        self.open = (*self.open, close.intent_id)
        return close

    def filled(self, close: SubmitOrder, left: int = 0) -> None:
        """A closing order is filled, and the broker says what is held now."""
        quantity = int(close.terms.quantity)
        self.apply(
            fill(close, quantity, f"e{close.intent_id}"), OrderFilled(T0, "DU1", close.intent_id)
        )
        self.open = tuple(name for name in self.open if name != close.intent_id)
        self.hold(left, close.symbol, close.account)

    # ---- turns ----

    def tick(self, seconds: float = 0) -> list[Command]:
        """One turn, and what it asked for; a list is answered before the next one."""
        self.now += int(seconds * SECOND)
        if self.alive:
            self._beat_ns = self.now.mono_ns
        beat = Heartbeat(
            T0, "READY", "", 0, "", mono_ns=self._beat_ns, risk_seq=int(self.acknowledged)
        )
        standing = Standing(1, 1, beat, 0, self.reachable, self.gone)
        asked = self.flatten.tick(self.accounts, standing, self.now)
        self.asked += asked
        self.alarms += self.flatten.alarms
        self.flatten.alarms = []
        commands = [command for _, command in asked]
        for one in commands:
            if isinstance(one, ListPositions) and self.answers:
                self.apply(PositionsListed(T0, one.id, self.open))
        return [one for one in commands if not isinstance(one, ListPositions)]

    def pass_s(self, seconds: float) -> list[Command]:
        """Turns for so long, and all that they asked for."""
        return [one for _ in range(int(seconds * 4)) for one in self.tick(0.25)]

    def closing(self) -> list[SubmitOrder]:
        """The first closing orders."""
        asked = [*self.tick(), *self.tick()]
        return [one for one in asked if isinstance(one, SubmitOrder)]

    def roles_of(self, kind: type[Command]) -> set[str]:
        return {role for role, command in self.asked if isinstance(command, kind)}


def closes(commands: list[Command]) -> list[SubmitOrder]:
    """The closing orders, each once however often it was asked for."""
    return list({one.intent_id: one for one in submitted(commands)}.values())


def submitted(commands: list[Command]) -> list[SubmitOrder]:
    return [one for one in commands if isinstance(one, SubmitOrder)]
