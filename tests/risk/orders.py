"""Orders, executions and positions for the tests of risk; a monitor to give them to."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from types import SimpleNamespace

from tapewire.common import roles
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    ForeignOrderReported,
    Heartbeat,
    ListPositions,
    OrderIntended,
    OrderTerms,
    PositionReported,
    PositionsListed,
    RiskViolation,
    RuleStateChanged,
    Scope,
    Side,
    SubmitOrder,
    Until,
)
from tapewire.common.instruments import Instrument
from tapewire.risk.closing import Asked
from tapewire.risk.halting import Standing
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Rule, RuleBook, load_rules
from tests.risk.standings import at_login

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
NOW = Now(T0, 50 * SECOND)
"""The moment of every test; its monotonic clock has nothing to do with its wall clock."""
AAPL = Instrument(symbol="AAPL", con_id=1001)
MSFT = Instrument(symbol="MSFT", con_id=1002)


def order(
    intent_id: str = "a/1", side: Side = "BUY", quantity: int = 10, **more: object
) -> SubmitOrder:
    given = {"symbol": "AAPL", "strategy": "s", "account": "DU1", **more}
    terms = OrderTerms(side, Decimal(quantity))
    return SubmitOrder(intent_id=intent_id, ts_ns=T0, terms=terms, expires_ns=T0 + SECOND, **given)


def intended(of: SubmitOrder) -> OrderIntended:
    return OrderIntended(T0, "1", of)


def fill(of: SubmitOrder, quantity: int, exec_id: str, **more: object) -> Fill:
    given = {
        "intent_id": of.intent_id, "strategy": of.strategy, "price": Decimal(100), "ts_ns": T0,
        "account": of.account, **more,
    }  # fmt: skip
    return Fill(
        exec_id=exec_id, permanent_id="1", symbol=of.symbol, side=of.terms.side,
        quantity=Decimal(quantity), **given,
    )  # fmt: skip


def held(
    quantity: int, symbol: str = "AAPL", ts_ns: int = T0, account: str = "DU1"
) -> PositionReported:
    return PositionReported(ts_ns, account, symbol, Decimal(quantity), Decimal(100))


def foreign(
    number: int,
    quantity: int = 10,
    *,
    remaining: int | None = None,
    side: Side = "BUY",
    symbol: str = "AAPL",
    account: str = "DU1",
    **more: object,
) -> ForeignOrderReported:
    """An order that somebody entered by hand; `number` names it at the broker."""
    left = Decimal(quantity if remaining is None else remaining)
    return ForeignOrderReported(
        T0, account, symbol, side, Decimal(quantity), left, "0", "", f"9{number}", **more
    )


def hold(one: RiskMonitor, quantity: int, symbol: str = "AAPL", account: str = "DU1") -> None:
    """A position that both the fills and the broker have."""
    side: Side = "BUY" if quantity > 0 else "SELL"
    traded = order(f"held {symbol} {account}", side, symbol=symbol, account=account)
    if quantity:
        one.on_broker(fill(traded, abs(quantity), f"held {symbol} {account}"))
    one.on_broker(held(quantity, symbol, account=account))


def denial(one: RiskMonitor, wanted: SubmitOrder, now: Now | None = None) -> str:
    """Why the rules of a monitor deny an order; its view sees no market before the first mark."""
    return one.rules.denial(wanted, one.view.at(now or NOW))


def broken(one: RiskMonitor, now: Now | None = None) -> list[str]:
    """What a check of everything reports, each with its account: `DU1: too much`."""
    events = one.check(now or NOW, timer=True)
    found = [event for event in events if isinstance(event, RiskViolation)]
    return [f"{event.scope.account}: {event.reason}" for event in found]


def kept(events: Iterable[Event]) -> list[Event]:
    """What of a journal a monitor that starts again reads of its rules."""
    return [event for event in events if isinstance(event, RuleStateChanged)]


def entry(
    rule: str = "MaxContractsPerInstrument",
    enforcement: str | tuple[str, ...] = "halt",
    scope: Scope = EVERYTHING,
    until: Until = "person",
    **parameters: object,
) -> SimpleNamespace:
    """A `[[risk.rules]]` entry."""
    measures = (enforcement,) if isinstance(enforcement, str) else enforcement
    return SimpleNamespace(
        rule=rule, parameters=parameters, enforcement=measures, until=until, scope=scope
    )


def book(*entries: SimpleNamespace) -> RuleBook:
    """The rules of these entries."""
    return load_rules(entries)


def monitor(
    limit: int = 100,
    journal: Sequence[Event] = (),
    rules: Iterable[Rule] | RuleBook | None = None,
    day_of: TradingDays | None = None,
) -> RiskMonitor:
    """A monitor that has read `journal`, and whose gateways' past is known."""
    if rules is None:
        rules = book(entry(limit=limit))
    known = rules if isinstance(rules, RuleBook) else RuleBook(list(rules))
    one = RiskMonitor(known, [AAPL, MSFT], day_of=day_of)
    for event in journal:
        one.apply(event)
    return one


def turns(one: RiskMonitor, now: Now) -> tuple[list[Event], list[Asked]]:
    """Two turns, with the halt in force at the gateway, and the broker's list between them; gives
    what came of both, but for the questions for lists."""
    beat = Heartbeat(now.wall_ns, "READY", "", 0, "", mono_ns=now.mono_ns, risk_seq=1)
    events: list[Event] = []
    asked: list[Asked] = []
    for _ in range(2):
        came, wanted = one.tick(now, at_login(Standing(1, 1, beat)))
        events += came
        for each in wanted:
            if isinstance(each.command, ListPositions):
                answer = PositionsListed(now.wall_ns, each.command.id)
                one.on_broker(answer, roles.LIQUIDATION, now.mono_ns)
            else:
                asked.append(each)
    return events, asked
