"""Orders of a person without a group: what is asked, what is sent, what is printed."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tapewire.common.delivery.outcomes import OVER, Outcome
from tapewire.common.delivery.outcomes import after as after_event
from tapewire.common.events import (
    AnySignal,
    CancelSignal,
    ComboLeg,
    Event,
    GroupSignal,
    ModifyOrder,
    ModifySignal,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderModifyPending,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    Signal,
    SubmitOrder,
    TermChanges,
    WhatIfAnswered,
)
from tapewire.console import manual
from tapewire.console.commands import order_entry
from tapewire.console.group import control, status
from tapewire.console.manual import NotAnswered

T0 = 1_700_000_000 * 10**9
ESTIMATE = WhatIfAnswered(
    T0, "DU1", "w", "1", "", Decimal("30000.5"), Decimal("500.5"), None, None, Decimal(99000),
    Decimal("-1.05"), Decimal("1.05"), Decimal("2.1"), "USD", "Your order is large",
)  # fmt: skip


class Group:
    """What the commands ask of a group, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, OrderTerms]] = []
        self.legs: list[tuple[ComboLeg, ...]] = []
        self.sent: list[AnySignal] = []
        self.estimate: WhatIfAnswered | None = ESTIMATE
        self.accounts = ["DU1"]
        self.becomes = ["CREATED", "ACCEPTED"]

    def what_if(
        self, _group, account: str, symbol: str, terms: OrderTerms, legs=()
    ) -> WhatIfAnswered:
        self.asked.append((account, symbol, terms))
        self.legs.append(legs)
        if self.estimate is None:
            raise NotAnswered("the broker did not answer within 6 s")
        return self.estimate

    def send(self, _group, signal: AnySignal, _wait_s: float) -> Iterator[Outcome]:
        self.sent.append(signal)
        for state in self.becomes:
            reason = "no room" if state == "DENIED" else ""
            yield Outcome(signal.id, "manual-1/1", state, reason=reason, done=state in OVER)


@pytest.fixture
def group(monkeypatch, run_dir) -> Group:
    one = Group()
    there = control.Launched(run_dir, symbols=frozenset({"AAPL"}))
    monkeypatch.setattr(order_entry, "running", lambda *_: there)
    monkeypatch.setattr("tapewire.console.commands.orders.running", lambda *_: there)
    monkeypatch.setattr(manual, "what_if", one.what_if)
    monkeypatch.setattr(manual, "send", one.send)
    monkeypatch.setattr(status, "read", lambda _: {"gateway": {"accounts": one.accounts}})
    return one


def test_an_order_is_asked_about_and_sent_with_the_terms_of_the_options(tapewire, group: Group):
    ended = tapewire(
        "orders", "sell", "AAPL", "10", "--trail-percent", "2", "--stop", "140", "--tif", "GTC",
        "--outside-hours", "--yes",
    )  # fmt: skip
    terms = OrderTerms(
        "SELL", Decimal(10), "TRAIL", stop=Decimal(140), trail_percent=Decimal(2),
        time_in_force="GTC", outside_hours=True,
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert group.asked == [("DU1", "AAPL", terms)]
    (signal,) = group.sent
    assert isinstance(signal, Signal)
    assert (signal.strategy, signal.account, signal.terms) == ("manual", "DU1", terms)
    assert ended.out == "manual-1/1 is CREATED\nmanual-1/1 is ACCEPTED\n"


def test_a_combo_is_one_order_with_its_legs(tapewire, group: Group, monkeypatch, run_dir):
    names = ("AAPL  261218C00230000", "AAPL  261218C00240000")
    there = control.Launched(run_dir, symbols=frozenset(names))
    monkeypatch.setattr(order_entry, "running", lambda *_: there)
    ended = tapewire(
        "orders", "sell", "AAPL 20261218 C 230/240", "2", "--limit", "-1.5", "--yes"
    )  # fmt: skip
    assert ended.status == 0, ended.err
    terms = OrderTerms("SELL", Decimal(2), "LMT", Decimal("-1.5"))
    assert group.asked == [("DU1", " - ".join(names), terms)]
    legs = (ComboLeg(names[0], 1, "BUY"), ComboLeg(names[1], 1, "SELL"))
    assert group.legs == [legs]
    (signal,) = group.sent
    assert isinstance(signal, GroupSignal)
    assert (signal.strategy, signal.account, signal.kind) == ("manual", "DU1", "combo")
    assert [(leg.terms, leg.legs) for leg in signal.legs] == [(terms, legs)]


def test_the_estimate_is_shown_first(tapewire, group: Group):
    ended = tapewire("orders", "buy", "AAPL", "10", "--yes")
    assert ended.err.splitlines() == [
        "initial margin: 30,000.50 (+500.50)",
        "equity with loan: 99,000.00 (-1.05)",
        "commission: 1.05 to 2.10 USD",
        "Your order is large",
    ]


def test_an_account_that_would_lack_margin_is_said(tapewire, group: Group):
    group.estimate = WhatIfAnswered(
        T0, "DU1", "w", initial_margin=Decimal(120), equity_with_loan=Decimal(100)
    )
    assert "would lack 20.00 of margin" in tapewire("orders", "buy", "AAPL", "1", "--yes").err


def test_what_the_broker_would_not_take_is_not_sent(tapewire, group: Group):
    group.estimate = WhatIfAnswered(T0, "DU1", "w", reason="no permission (error 201)")
    ended = tapewire("orders", "buy", "AAPL", "10", "--yes", "--json")
    assert (ended.status, group.sent) == (1, [])
    assert ended.json["text"].endswith("would not take it: no permission (error 201)")


def test_a_broker_that_does_not_answer_keeps_nobody_from_an_exit(tapewire, group: Group):
    group.estimate = None
    ended = tapewire("orders", "sell", "AAPL", "10", "--yes", "--json")
    assert ended.err == "no what-if: the broker did not answer within 6 s\n"
    assert (ended.status, len(group.sent), ended.json["what_if"]) == (0, 1, None)


def test_without_a_what_if_nothing_is_asked(tapewire, group: Group):
    assert tapewire("orders", "buy", "AAPL", "10", "--yes", "--no-what-if").status == 0
    assert (group.asked, len(group.sent)) == ([], 1)


def test_json_is_one_object_with_the_end_of_it(tapewire, group: Group):
    group.becomes = ["CREATED", "ACCEPTED", "FILLED"]
    found = tapewire("orders", "buy", "AAPL", "10", "--yes", "--json").json
    assert (found["ok"], found["state"], found["intent_id"]) == (True, "FILLED", "manual-1/1")
    assert found["what_if"]["initial_margin"] == "30000.5"


def test_a_denial_has_its_reason_and_status_1(tapewire, group: Group):
    group.becomes = ["DENIED"]
    ended = tapewire("orders", "buy", "AAPL", "10", "--yes")
    assert (ended.status, ended.out) == (1, "manual-1/1 is DENIED: no room\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("buy", "AAPL", "ten"), "quantity is 'ten'; it must be a number"),
        (("buy", "AAPL", "0"), "quantity is 0; it must be above 0"),
        (("buy", "AAPL", "1", "--limit", "1", "--trail", "1"), "no order type takes the prices"),
        (("buy", "AAPL", "1", "--type", "REL"), "type is 'REL'; the types are MKT, LMT"),
        (("buy", "AAPL", "1", "--tif", "GTD"), "tif is GTD and good_till is None"),
        (("buy", "MSFT", "1"), "SYMBOL is 'MSFT', which is not known"),
        (("buy", "AAPL - MSFT", "1"), "SYMBOL is 'MSFT', which is not known"),
        (("buy", "AAPL - AAPL", "1"), "it needs two symbols or more, each in one leg"),
        (("buy", "AAPL 20261218 C 230/230", "1"), "SYMBOL: both strikes are 230"),
        (("buy", "AAPL", "1", "--account", "DU9"), "--account is 'DU9', which is not known"),
        (("modify", "s-1/1"), "changes nothing; name a quantity or a price"),
        (("buy", "AAPL", "1"), "orders buy needs a confirmation"),
        (("modify", "s-1/1", "--limit", "5"), "orders modify needs a confirmation"),
        (("cancel", "s-1/1"), "orders cancel needs a confirmation"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_sent(
    tapewire, group: Group, arguments, says
):
    yes = () if "confirmation" in says else ("--yes",)
    ended = tapewire("orders", *arguments, *yes)
    assert ended.status == 2
    assert says in ended.err
    assert group.sent == []


@pytest.mark.parametrize(
    ("accounts", "says"),
    [([], "the gateway is not logged in"), (["DU1", "DU2"], "there are 2 accounts")],
)
def test_the_account_must_be_clear(tapewire, group: Group, accounts: list[str], says: str):
    group.accounts = accounts
    ended = tapewire("orders", "buy", "AAPL", "1", "--yes")
    assert (ended.status, group.sent) == (2, [])
    assert says in ended.err


def test_an_order_is_modified_and_cancelled_by_the_id_of_its_intent(tapewire, group: Group):
    tapewire("orders", "modify", "dip-e-1/1", "--limit", "5", "--quantity", "3", "--yes")
    tapewire("orders", "cancel", "dip-e-1/1", "--yes")
    modified, cancelled = group.sent
    assert isinstance(modified, ModifySignal)
    assert modified.changes == TermChanges(Decimal(3), Decimal(5))
    assert isinstance(cancelled, CancelSignal)
    assert modified.signal_id == cancelled.signal_id == "dip-e-1/1"


def test_a_modify_shows_what_the_order_would_do_with_its_new_terms(tapewire, group: Group):
    ended = tapewire("orders", "modify", "dip-e-2/1", "--quantity", "12", "--yes", "--json")
    rest = OrderTerms("BUY", Decimal(12), "LMT", Decimal("5400.25"))
    assert group.asked == [("DU1", "ESZ6", rest)]
    assert ended.json["what_if"]["initial_margin"] == "30000.5"
    assert len(group.sent) == 1


def test_a_modify_that_the_broker_would_not_take_is_not_sent(tapewire, group: Group):
    group.estimate = WhatIfAnswered(T0, "DU1", "w", reason="no permission (error 201)")
    ended = tapewire("orders", "modify", "dip-e-2", "--limit", "6000", "--yes")
    assert (ended.status, group.sent, len(group.asked)) == (1, [], 1)
    assert "would not take it: no permission (error 201)" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("dip-e-2/1", "--quantity", "9"),  # it can only reduce
        ("dip-e-2/1", "--limit", "6000", "--no-what-if"),
        ("dip-e-1/1", "--quantity", "12"),  # it is filled: the executor says so
        ("nobody-1/1", "--quantity", "12"),
    ],
)
def test_nothing_is_asked_where_a_modify_adds_nothing_or_nobody_wants_it(
    tapewire, group: Group, arguments
):
    assert tapewire("orders", "modify", *arguments, "--yes").status == 0
    assert (group.asked, len(group.sent)) == ([], 1)


# ---- what the executor's journal says of a signal ------------------------------------------------

TERMS = OrderTerms("BUY", Decimal(10), "LMT", Decimal(5))
ORDER = SubmitOrder("m-1/1", T0, "DU1", "manual", "AAPL", TERMS, T0, signal_id="m-1")


def after(*events: Event) -> list[Outcome]:
    """The outcomes of a signal m-1 as these events make them."""
    signal = Signal("m-1", T0, "DU1", "manual", "AAPL", TERMS, T0)
    outcomes = [Outcome("m-1")]
    for event in events:
        outcomes.append(after_event(outcomes[-1], signal, event))
    return outcomes[1:]


def moved(state: str, filled: int = 0, intent_id: str = "m-1/1") -> OrderStateChanged:
    return OrderStateChanged(T0, "DU1", intent_id, "manual", state, Decimal(filled), "why")


def test_an_order_is_followed_to_its_end():
    found = after(OrderCreated(T0, "m-1", ORDER), moved("ACCEPTED"), moved("FILLED", 10))
    assert [(one.state, one.done) for one in found] == [
        ("CREATED", False), ("ACCEPTED", False), ("FILLED", True),
    ]  # fmt: skip
    assert (found[-1].filled, found[-1].intent_id, found[-1].ok) == (10, "m-1/1", True)


@pytest.mark.parametrize(
    ("event", "state", "ok"),
    [
        (OrderDenied(T0, "DU1", "manual", "executor", "no", signal_id="m-1"), "DENIED", False),
        (OrderExpired(T0, "DU1", "m-1", "manual"), "EXPIRED", False),
        (
            OrderTermsChanged(T0, "DU1", "s-1/1", "s", TERMS, "m-1"),
            "MODIFIED",
            True,
        ),
    ],
)
def test_an_end_without_an_order_is_an_end(event: Event, state: str, ok: bool):
    (found,) = after(event)
    assert (found.state, found.done, found.ok) == (state, True, ok)


def test_a_cancel_ends_with_its_order_and_a_modify_with_its_terms():
    cancelling = OrderCancelPending(T0, "DU1", "m-1", "manual", "s-1/1")
    *_, found = after(cancelling, moved("CANCELLED", intent_id="s-1/1"))
    assert (found.state, found.done) == ("CANCELLED", True)
    modify = ModifyOrder("m-1", T0, "s-1/1", TERMS, T0)
    found, _ = after(
        OrderModifyPending(T0, "DU1", "m-1", "manual", modify), moved("ACCEPTED", intent_id="x")
    )
    assert (found.state, found.intent_id, found.done) == ("MODIFYING", "s-1/1", False)


def test_what_is_about_other_orders_is_not_taken_for_it():
    other = OrderDenied(T0, "DU1", "s", "executor", "no", signal_id="m-2")
    assert after(other, moved("FILLED", 10, "x/1")) == [Outcome("m-1")] * 2
