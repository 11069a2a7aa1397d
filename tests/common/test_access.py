"""Access: what each kind of client may ask, and that nothing else is done."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.bus.access import RIGHTS, Access, clients_of, right_of
from tapewire.common.combos import combo_order
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    CancelSignal,
    CatchUp,
    ChainQuery,
    ComboLeg,
    Control,
    Event,
    GroupSignal,
    HistoryQuery,
    ListPositions,
    OrderReply,
    OrderRequest,
    OrderTerms,
    ResolveOrder,
    Signal,
    SubmitGroup,
    SubmitOrder,
    WhatIf,
)

T0 = 1_700_000_000_000_000_000
TERMS = OrderTerms("BUY", Decimal(1))
SIGNAL = Signal("s-1", T0, "", "s", "AAPL", TERMS, T0)
MANUAL = Signal("manual-1", T0, "", "manual", "AAPL", TERMS, T0)
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))
COMBO = GroupSignal("manual-3", T0, "", "manual", "combo", (combo_order(LEGS, TERMS),), T0)
RESOLVE = ResolveOrder("s-1/1", T0, "lost", "looked at TWS", "anna")
HALT = Control(T0, "halt", "x")


def order(strategy: str = "s") -> SubmitOrder:
    return SubmitOrder("s-1/1", T0, "DU1", strategy, "AAPL", TERMS, T0)


def asked(*commands: Event, token: str = "", hello: str = "") -> OrderRequest:
    return OrderRequest(1, [*commands], token, hello)  # type: ignore[list-item]


def access(server: str) -> Access:
    return Access(server, {one: f"secret of {one}".encode() for one in clients_of(server)})


def refusal(server: str, client: str, event: Event) -> str:
    return access(server).refusal(f"secret of {client}".encode(), event)


@pytest.mark.parametrize(
    ("server", "client", "event"),
    [
        ("gateway", "executor", asked(hello="e1/1")),
        ("gateway", "executor", asked(order(), CancelOrder("s-1/1", T0), token="g.1")),
        ("gateway", "risk", asked(CancelOrder("s-1/1", T0), CancelAll(T0))),
        ("gateway", "risk", asked(order("risk"), ListPositions(T0, "1"))),
        ("liquidation", "risk", asked(order("risk"), CancelAll(T0))),
        ("gateway", "strategy", HistoryQuery("q", "AAPL")),
        ("gateway", "cli", ChainQuery("q", "AAPL")),
        ("executor", "strategy", SIGNAL),
        ("executor", "strategy", CancelSignal("s-2", T0, "", "s", "s-1", T0)),
        ("executor", "cli", MANUAL),
        ("executor", "cli", COMBO),
        ("executor", "cli", CancelSignal("manual-2", T0, "", "manual", "s-1", T0)),
        ("risk", "cli", HALT),
        ("gateway", "cli", asked(RESOLVE)),
        ("gateway", "cli", asked(WhatIf("w-1", T0, order("manual")))),
        ("gateway", "executor", asked(WhatIf("w-1", T0, order()), token="g.1")),
        ("liquidation", "cli", asked(RESOLVE)),
    ],
)
def test_each_client_may_ask_for_what_it_is_there_for(server: str, client: str, event: Event):
    assert refusal(server, client, event) == ""


def bracket(strategy: str) -> SubmitGroup:
    return SubmitGroup("g", T0, "bracket", (order("s"),), later=(order(strategy),))


@pytest.mark.parametrize(
    ("server", "client", "event", "says"),
    [
        ("gateway", "executor", asked(order()), "executor needs a fencing token"),
        (
            "gateway",
            "executor",
            asked(CancelAll(T0), token="g.1"),
            "may not ask gateway for order.",
        ),
        ("gateway", "executor", asked(order("risk"), token="g.1"), "may not send orders of risk"),
        ("gateway", "executor", asked(bracket("risk"), token="g.1"), "may not send orders of risk"),
        ("gateway", "risk", asked(token="g.1"), "risk has no fencing token"),
        ("gateway", "risk", asked(hello="r/1"), "risk has no fencing token"),
        ("gateway", "risk", asked(order("s")), "risk may not send orders of s"),
        ("gateway", "risk", HALT, "risk may not send risk.control to gateway"),
        ("liquidation", "risk", asked(order("s")), "risk may not send orders of s"),
        ("executor", "strategy", HALT, "strategy may not send risk.control to executor"),
        ("gateway", "cli", asked(order()), "cli may not ask gateway for order.submit"),
        ("gateway", "executor", asked(RESOLVE, token="g.1"), "may not ask gateway for order.res"),
        ("risk", "cli", SIGNAL, "cli may not send signal to risk"),
        ("executor", "cli", SIGNAL, "cli may not send signals of s"),
        ("executor", "strategy", MANUAL, "strategy may not send signals of manual"),
        ("risk", "cli", asked(CancelAll(T0)), "cli may not send order.request to risk"),
    ],
)
def test_and_for_nothing_else(server: str, client: str, event: Event, says: str):
    assert says in refusal(server, client, event)


@pytest.mark.parametrize(
    ("server", "event", "files"),
    [
        (
            "gateway",
            asked(),
            "tokens/gateway.executor or tokens/gateway.risk or tokens/gateway.cli",
        ),
        ("liquidation", asked(), "tokens/liquidation.risk or tokens/liquidation.cli"),
        ("executor", SIGNAL, "tokens/executor.strategy or tokens/executor.cli"),
        ("risk", HALT, "tokens/risk.cli"),
    ],
)
def test_without_a_good_token_it_names_the_file_to_read(server: str, event: Event, files: str):
    one = access(server)
    assert one.refusal(b"", event).endswith(f" with no token; expected that of {files}")
    stale = one.refusal(b"of an earlier start", event)
    assert stale.endswith(f" with a token that is not of this start; expected that of {files}")


@pytest.mark.parametrize("server", [*roles.JOURNALED])
def test_a_token_of_one_process_is_worth_nothing_at_another(server: str):
    others = {client for of, client in RIGHTS if of != server} - {*clients_of(server)}
    for client in others:
        assert refusal(server, client, asked(CancelAll(T0))) != ""
        assert refusal(server, client, HALT) != ""


@pytest.mark.parametrize("server", [*roles.JOURNALED])
def test_reading_is_free_and_what_nobody_may_send_is_refused(server: str):
    assert access(server).refusal(b"", CatchUp(1, 1)) == ""
    assert (
        access(server).refusal(b"", OrderReply(1, [])) == f"nobody may send order.reply to {server}"
    )


def test_only_the_executor_is_fenced_and_only_risk_cancels_everything():
    fenced = {client for (_, client), right in RIGHTS.items() if right.fenced}
    assert fenced == {roles.EXECUTOR}
    assert {c for (_, c), right in RIGHTS.items() if CancelAll in right.commands} == {roles.RISK}


def test_all_strategies_are_one_kind_of_client():
    assert (
        right_of(roles.strategy_role("dip-2"), roles.EXECUTOR)
        is RIGHTS[roles.EXECUTOR, roles.STRATEGY]
    )


def test_every_gateway_gives_the_same_rights():
    for kind in roles.GATEWAYS:
        of_login = roles.of_login(kind, "paper-2")
        assert right_of(roles.RISK, of_login) is RIGHTS[kind, roles.RISK]
        assert {*clients_of(of_login)} == {*clients_of(kind)}
