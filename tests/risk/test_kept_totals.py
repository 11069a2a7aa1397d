"""What is kept between orders and events is what it would come to if it were worked out again."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    ComboLeg,
    Event,
    Fill,
    ModifyOrder,
    OrderCancelled,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderRejected,
    PositionCarried,
    PositionReported,
    SubmitOrder,
    Tick,
    Trade,
)
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.limits import Ledger
from tapewire.risk.rules import Reading, View
from tests.risk.orders import NOW, T0, book, entry, fill, foreign, held, intended, order
from tests.risk.test_portfolio_greeks import CALL, INSTRUMENTS, OTHER, PUT, greeks

SYMBOLS = ("AAPL", "MSFT", CALL, PUT, OTHER, "ESZ6")
ACCOUNTS = ("DU1", "DU2")
SPREAD = (ComboLeg(CALL, 1, "BUY"), ComboLeg(PUT, 2, "SELL"))
RULES = (
    entry("MaxContracts", limit=25),
    entry("MaxNotional", gross=2500, net=1200),
    entry("PortfolioGreeks", delta=400, vega=250),
)
SECONDS = 10**9


class Step(NamedTuple):
    """Something that happens: what, and to which order, symbol and account."""

    kind: str
    number: int
    symbol: str
    account: str
    side: str
    quantity: int


def asked(step: Step) -> SubmitOrder:
    """An order of a step: the second is a combo, the third and the fourth are one OCA set."""
    more: dict[str, Any] = {"account": step.account, "symbol": step.symbol}
    if step.number == 1:
        more |= {"symbol": "a spread", "legs": SPREAD}
    is_set = step.number in (2, 3)
    of = order(f"i{step.number}", step.side, step.quantity, group_id="g" * is_set, **more)  # type: ignore[arg-type]
    return replace(of, terms=replace(of.terms, group="g", oca="block")) if is_set else of


def filled(step: Step, known: SubmitOrder | None) -> Fill:
    """An execution of a known order, or of nobody's; or a correction, of one elsewhere perhaps, or
    to no shares."""
    of = known if known is not None and not known.legs else asked(step._replace(number=0))
    if step.kind == "bust":
        return fill(of, 0, f"e{step.number}.99")
    one = fill(of, step.quantity, f"e{step.number}.{step.quantity:02}")
    return replace(one, intent_id=f"i{step.quantity % 5}") if step.kind == "moved" else one


def event_of(step: Step, known: SubmitOrder | None) -> Event | None:
    """What happens, as an event; None where it is none."""
    quantity, side = Decimal(step.quantity), step.side
    if step.kind == "order":
        return intended(asked(step))
    if step.kind in ("fill", "bust", "moved"):
        return filled(step, known)
    if step.kind == "held":
        signed = step.quantity if side == "BUY" else -step.quantity
        return held(signed, step.symbol, T0 + step.number, step.account)
    if step.kind in ("foreign", "combo of others"):
        more: dict[str, Any] = {"side": side, "symbol": step.symbol, "account": step.account}
        more |= {"legs": SPREAD} if step.kind != "foreign" else {}
        number = step.number + 20 * bool(more.get("legs"))
        return foreign(number, 9, remaining=step.quantity - 1, **more)
    if step.kind == "carried":
        money = (Decimal(100), Decimal(0), Decimal(0))
        return PositionCarried(T0, step.account, step.symbol, quantity, *money)
    return None if known is None else event_about(known, step.kind, quantity)


def event_about(known: SubmitOrder, kind: str, quantity: Decimal) -> Event | None:
    about = (T0, known.account, known.intent_id)
    terms = replace(known.terms, quantity=quantity)
    modify = ModifyOrder("m", T0, known.intent_id, terms, T0)
    kinds: dict[str, Event] = {
        "cancel": OrderCancelled(*about),
        "lost": OrderLost(*about, "it was never named"),
        "rejected": OrderRejected(*about, 201, "no"),
        "modify": OrderModifyIntended(T0, known.account, modify),
        "modified": OrderModified(*about, "m", terms),
    }
    return kinds.get(kind)


KINDS = (
    "order", "order", "fill", "fill", "held", "foreign", "carried", "cancel", "modify", "modified",
    "tick", "delayed", "unpriced", "greeks", "age", "lost", "rejected", "bust", "moved",
    "combo of others",
)  # fmt: skip
steps = st.lists(
    st.builds(
        Step, st.sampled_from(KINDS), st.integers(0, 4), st.sampled_from(SYMBOLS),
        st.sampled_from(ACCOUNTS), st.sampled_from(("BUY", "SELL")), st.integers(1, 9),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


class Watched:
    """Accounts with the rules that look at all of them, asked after each step."""

    def __init__(self, accounts: Accounts[Any], apply: Callable[[Event], object]) -> None:
        self.accounts, self.apply = accounts, apply
        self.ticks: dict[str, Tick] = {s: Trade(s, T0, 100.0, 1.0) for s in SYMBOLS[1:]}
        self.greeks = {CALL: greeks(CALL), PUT: greeks(PUT, -0.4)}
        self.now = NOW
        self.view, self.rules = self.fresh_view(), [book(one) for one in RULES]

    def fresh_view(self) -> View:
        view = View(self.accounts, self.ticks.get).at(self.now)
        view.newest_greeks = self.greeks.get
        return view

    def happens(self, step: Step) -> None:
        self.now += step.quantity * SECONDS
        if step.kind == "tick":
            self.ticks[step.symbol] = Trade(step.symbol, self.now.wall_ns, 90.0 + step.number, 1.0)
        elif step.kind == "delayed":
            self.ticks[step.symbol] = Trade(step.symbol, self.now.wall_ns, 80.0, 1.0, delayed=True)
        elif step.kind == "unpriced":
            self.ticks.pop(step.symbol, None)
        elif step.kind == "age":
            self.now += 30 * step.quantity * SECONDS
        elif step.kind == "greeks":
            self.greeks[step.symbol] = greeks(step.symbol, step.quantity / 10, 0, self.now)
        known = self.accounts.orders.get(f"i{step.number}")
        event = event_of(step, known.order if known is not None else None)
        if event is not None:
            self.apply(event)

    def answers(self, view: View, rules: list[Any], step: Step) -> tuple[list[str], list[Reading]]:
        """What the rules say of a new order, and of one in place of a known one; and what of each
        limit is used."""
        known = self.accounts.orders.get("i2")
        new = order("new", step.side, step.quantity, symbol=step.symbol, account=step.account)  # type: ignore[arg-type]
        said = [one.denial(new, view.at(self.now)) for one in rules]
        if known is not None:
            more = replace(known.order, terms=replace(known.order.terms, quantity=Decimal(12)))
            said += [one.denial(more, view.at(self.now, known)) for one in rules]
        readings = [one for rule in rules for one in rule.readings(view.at(self.now))]
        return said, readings

    def agrees(self, step: Step) -> None:
        again, rules = self.fresh_view(), [book(one) for one in RULES]
        assert self.answers(self.view, self.rules, step) == self.answers(again, rules, step)
        for account in ACCOUNTS:
            assert self.view.exposures(account) == {
                symbol: self.accounts.exposure(name, symbol)
                for name, symbol in self.accounts.keys()  # noqa: SIM118 - not a mapping
                if name == account
            }


@settings(deadline=None, max_examples=60)
@given(steps)
def test_rules_answer_as_if_they_had_kept_nothing(happening: list[Step]):
    accounts: Accounts[Order] = Accounts(INSTRUMENTS, Order)
    watched = Watched(accounts, accounts.apply)
    for step in happening:
        watched.happens(step)
        watched.agrees(step)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_so_they_do_in_a_gateway_whose_positions_are_the_brokers(happening: list[Step]):
    holdings = Holdings()
    ledger = Ledger(INSTRUMENTS, holdings)

    def apply(event: Event) -> None:
        if type(event) is Fill:
            holdings.apply(event, ledger.book.fill(event.exec_id))
        if type(event) is PositionReported:
            key = (event.account, event.symbol)
            if not holdings.report(key, event.quantity, Decimal(100), T0):
                return  # what is known already is not an event
            holdings.apply(event)
        ledger.apply(event)

    watched = Watched(ledger, apply)
    for step in happening:
        watched.happens(step)
        watched.agrees(step)


def test_a_correction_changes_the_position_that_it_came_from_too():
    accounts: Accounts[Order] = Accounts(INSTRUMENTS, Order)
    view = View(accounts).at(NOW)
    accounts.apply(fill(order("a"), 5, "e.01"))
    assert view.exposures("DU1")["AAPL"].position == 5
    accounts.apply(fill(order("a", symbol="MSFT"), 5, "e.02"))
    assert [one.position for one in view.exposures("DU1").values()] == [0, 5]


def test_a_list_that_says_what_was_reported_before_changes_what_fills_made_of_it():
    holdings = Holdings()
    ledger = Ledger(INSTRUMENTS, holdings)
    view = View(ledger).at(NOW)
    for event in (held(5), fill(order("a"), 3, "e.01")):
        holdings.apply(event)
        ledger.apply(event)
    assert view.exposures("DU1")["AAPL"].position == 8
    assert holdings.report(("DU1", "AAPL"), Decimal(5), Decimal(100), T0) == []
    assert view.exposures("DU1")["AAPL"].position == 5
