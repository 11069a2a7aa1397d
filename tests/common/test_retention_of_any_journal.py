"""Retention: whatever the journals hold, starts with a checkpoint come to the same as without."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.carried import execution_entry
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.events import Event, ExecutionsCarried, Fill, PositionReported
from tapewire.common.retention.policy import Policy
from tests.gateway.tws_bench import fill_of
from tests.gateway.tws_messages import ACCOUNT, SECOND, T0
from tests.gateway_journal import GatewayModel, Step, steps
from tests.keeping import Group, checkpoint, group, kept, order

FAR_NS = 2 * 10**18  # the model's intents expire at 10**18, and its stamps are small numbers
AT_ONCE = Policy(expired_ns=0, ended_ns=1, given_up_ns=1)
REPORTS: list[Step] = [("report", which, 1) for which in range(4)]
BACK_NS = 7  # the model's clock goes on by one with each event


def set_back(events: Sequence[Event], at: int) -> list[Event]:
    """The same events, of a clock that was set back before event `at`."""
    return [
        replace(e, ts_ns=max(0, e.ts_ns - BACK_NS)) if number >= at else e
        for number, e in enumerate(events)
    ]


def seen_by_the_other(events: Sequence[Event], which: int) -> list[Event]:
    """Some of the executions, as the other gateway reports them: without their order."""
    fills = [e for e in events if isinstance(e, Fill)]
    chosen = [fill for number, fill in enumerate(fills) if which >> number % 8 & 1]
    reports = [e for e in events if isinstance(e, PositionReported)][-4:]
    return [*(replace(fill, intent_id=None, strategy=None) for fill in chosen), *reports]


@given(steps, st.booleans(), steps, st.integers(0, 255), st.integers(0, 60))
@settings(deadline=None, max_examples=200)
def test_every_process_comes_to_the_same_with_a_checkpoint_and_without(
    before: list[Step], reported: bool, after: list[Step], others: int, at: int
) -> None:
    one, model = Group(AT_ONCE, FAR_NS), GatewayModel()
    events = list(model.run([*before, *(REPORTS if reported else [])]))
    one.write(roles.GATEWAY, *set_back(events, at))
    one.write(roles.LIQUIDATION, *seen_by_the_other(events, others))
    one.follow()
    one.compact()
    assert one.differences() == []
    first = one.keeper.open()
    one.write(roles.GATEWAY, *set_back(model.run(after)[len(events) :], at - len(events)))
    one.follow()
    made = one.compact()
    assert one.differences() == []  # one that was stale is replaced
    if not made.why:
        one.keeper._newest = first  # type: ignore[assignment]
        assert one.differences() == []


@given(steps)
@settings(deadline=None)
def test_a_checkpoint_of_a_checkpoint_is_the_same_checkpoint(taken: list[Step]) -> None:
    one = group(GatewayModel().run([*taken, *REPORTS]), AT_ONCE)
    once = [kept(one, FAR_NS, role) for role in roles.JOURNALED]
    assert [kept(one, FAR_NS, role) for role in roles.JOURNALED] == once
    assert one.compact(FAR_NS).why == ""


@given(steps)
@settings(deadline=None, max_examples=20)
def test_pieces_come_to_the_same_checkpoint(taken: list[Step]) -> None:
    one = group(GatewayModel().run([*taken, *REPORTS]), AT_ONCE)
    at_once = [kept(one, FAR_NS, role) for role in roles.JOURNALED]
    one.keeper.discard()
    one.compact(FAR_NS, piece_records=5)
    in_pieces = [[r.event for r in one.section(role)] for role in roles.JOURNALED]
    assert in_pieces == at_once


@given(steps)
@settings(deadline=None)
def test_no_execution_is_lost_without_an_entry(taken: list[Step]) -> None:
    journal = GatewayModel().run([*taken, *REPORTS])
    found = checkpoint(journal, FAR_NS, AT_ONCE)
    entries = {
        e.executions[at : at + 16]
        for e in found
        if isinstance(e, ExecutionsCarried)
        for at in range(0, len(e.executions), 16)
    }
    newest = {execution_key(e.exec_id): e for e in journal if isinstance(e, Fill)}
    left = {execution_key(e.exec_id) for e in found if isinstance(e, Fill)}
    for key in newest.keys() - left:
        assert any(entry[:12] == execution_entry(f"{key}.01")[:12] for entry in entries)  # type: ignore[index]


# ---- the order of executions ---------------------------------------------------------------------


def traded(number: int, side: str, price: int, at_s: int, symbol: str = "AAPL") -> Fill:
    """An execution that none of ours ordered."""
    return fill_of(
        None, 10, f"000{number}.01", side=side, price=Decimal(price), ts_ns=T0 + at_s * SECOND,
        symbol=symbol,
    )  # type: ignore[arg-type]  # fmt: skip


def reported(symbol: str) -> PositionReported:
    return PositionReported(T0, ACCOUNT, symbol, Decimal(10), Decimal(100))


def test_a_stamp_that_went_still_says_what_came_after_it() -> None:
    """The gateway's clock was set back after its second execution, which is left out. Its third one
    stands behind that of the other gateway all the same, and not where its own stamp would."""
    one = Group()
    one.write(
        roles.GATEWAY,
        traded(1, "BUY", 100, 100), reported("AAPL"),
        traded(2, "BUY", 50, 200, "MSFT"), reported("MSFT"),
        traded(3, "BUY", 105, 120),
    )  # fmt: skip
    one.write(roles.LIQUIDATION, traded(4, "SELL", 110, 150))
    one.compact()
    book = one.executor().executor.ledger.book
    assert book.executions(ACCOUNT, "AAPL") == ["0004", "0003"]
    assert book.position(ACCOUNT, "AAPL").realised == 100
    assert one.differences() == []


def test_what_goes_is_the_oldest_of_each_book() -> None:
    """The gateway had the third execution last; the other one reported it before the second, whose
    order works. For who reads both it is the older one, and for the gateway alone it is not."""
    one, bought = Group(), fill_of("s-1/1", 10, "0002.01", ts_ns=T0 + 100 * SECOND)
    sold = traded(3, "SELL", 110, 200)
    one.write(
        roles.GATEWAY, traded(1, "BUY", 90, 40), *order("s-1/1", bought), sold, reported("AAPL")
    )
    one.write(roles.LIQUIDATION, replace(sold, ts_ns=T0 + 50 * SECOND), reported("AAPL"))
    one.follow()
    one.compact()
    assert one.gateway().gateway.registry.accounts.book.executions(ACCOUNT, "AAPL") == [
        "0002", "0003",
    ]  # fmt: skip
    assert one.differences() == []
