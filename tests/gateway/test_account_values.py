"""Account values: asked for once per connection and after executions, told where they are news."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import AccountUpdated, Event
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, names
from tests.gateway.tws_messages import ACCOUNT, T0
from tests.keeping import checkpoint

TAGS = (
    "NetLiquidation,TotalCashValue,BuyingPower,AvailableFunds,ExcessLiquidity,InitMarginReq,"
    "MaintMarginReq"
)
BOTH = (ACCOUNT, OTHER_ACCOUNT)
D = Decimal


@pytest.fixture
def bench() -> Bench:
    """Connected, with its question for values written."""
    one = Bench(accounts=BOTH)
    one.flush()
    return one


def value(bench: Bench, tag: str, amount: str, account: str = ACCOUNT, currency: str = "USD"):
    request_id = int(asked(bench)[-1][2])
    return messages.account_summary(request_id, account, (tag, amount, currency))


def asked(bench: Bench) -> list[list[str]]:
    return [fields for fields in bench.summaries if fields[0] == "62"]


def answer(bench: Bench, *values: list[str]) -> list[Event]:
    """TWS answers the last question; the events once the gateway has seen that no more comes."""
    end = messages.account_summary_end(int(asked(bench)[-1][2]))
    news = bench.receive(*values, end)
    assert news == []
    return bench.pass_s(0.25)


def test_all_values_of_all_accounts_are_asked_for_once_the_login_can_trade(bench: Bench):
    (question,) = bench.summaries
    assert [*question[:2], *question[3:]] == ["62", "1", "All", TAGS]


def test_values_that_come_together_make_one_event_per_account(bench: Bench):
    equity = value(bench, "NetLiquidation", "1000000.50")
    cash = value(bench, "TotalCashValue", "-20.00")
    power = value(bench, "BuyingPower", "4000002.00", OTHER_ACCOUNT, "EUR")
    assert answer(bench, equity, cash, power) == [
        AccountUpdated(bench.now.wall_ns, ACCOUNT, "USD", D("1000000.5"), D(-20)),
        AccountUpdated(bench.now.wall_ns, OTHER_ACCOUNT, "EUR", buying_power=D(4000002)),
    ]


def test_every_value_has_its_own_place(bench: Bench):
    values = [value(bench, tag, f"{n}.00") for n, tag in enumerate(TAGS.split(","), 1)]
    (event,) = answer(bench, *values)
    assert event == AccountUpdated(bench.now.wall_ns, ACCOUNT, "USD", *map(D, range(1, 8)))


def test_a_later_change_keeps_what_has_not_changed(bench: Bench):
    answer(bench, value(bench, "NetLiquidation", "10.00"), value(bench, "TotalCashValue", "5.00"))
    bench.receive(value(bench, "NetLiquidation", "11.00"))
    (event,) = bench.pass_s(0.25)
    assert (event.equity, event.cash) == (11, 5)


def test_what_is_known_already_is_no_event(bench: Bench):
    answer(bench, value(bench, "NetLiquidation", "10.00"))
    bench.receive(value(bench, "NetLiquidation", "10.0"))
    assert bench.pass_s(1) == []


def test_nothing_is_told_of_half_an_answer_unless_its_end_does_not_come():
    bench = Bench(accounts=BOTH, connect=False)
    bench.connect()
    bench.receive(value(bench, "NetLiquidation", "10.00"))
    assert bench.pass_s(9) == []
    assert names(bench.pass_s(1)) == ["AccountUpdated"]


def test_an_account_that_is_not_of_the_login_is_left_out(bench: Bench):
    assert answer(bench, value(bench, "NetLiquidation", "10.00", "DU5")) == []
    assert answer(bench, value(bench, "NetLiquidation", "10.00", "All")) == []


def test_a_value_that_tws_does_not_have_is_left_out(bench: Bench):
    unset = value(bench, "BuyingPower", "1.7976931348623157E308")
    (event,) = answer(bench, unset, value(bench, "NetLiquidation", "10.00"))
    assert (event.buying_power, event.equity) == (None, 10)


def test_a_value_that_is_no_amount_costs_itself(bench: Bench):
    bad = value(bench, "BuyingPower", "much")
    (event,) = answer(bench, bad, value(bench, "NetLiquidation", "10.00"))
    assert event.equity == 10
    ((reason, payload),) = bench.gateway.complaints
    assert "cannot be read" in reason
    assert b"much" in payload


def trade(bench: Bench, exec_id: str = "0001.01") -> None:
    order = bench.rest()
    bench.fill(order, 10, exec_id)


def test_an_execution_has_the_values_asked_for_again_a_moment_later(bench: Bench):
    answer(bench, value(bench, "NetLiquidation", "10.00"))
    bench.pass_s(20)
    trade(bench)
    for _ in range(2):
        bench.tick()
        bench.flush()
    assert len(asked(bench)) == 1
    bench.pass_s(1)
    bench.flush()
    first, end, second = bench.summaries
    assert (end, second[0]) == (["63", "1", first[2]], "62")
    assert second[2] != first[2]
    bench.pass_s(100)
    bench.flush()
    assert len(asked(bench)) == 2


def test_they_are_not_asked_for_again_sooner_than_ten_seconds_after_the_last_time(bench: Bench):
    answer(bench)
    trade(bench)
    bench.tick()
    bench.pass_s(9.7)
    bench.flush()
    assert len(asked(bench)) == 1
    bench.pass_s(0.05)
    bench.flush()
    assert len(asked(bench)) == 2


def test_the_end_of_an_earlier_answer_is_not_the_end_of_this_one(bench: Bench):
    late = messages.account_summary_end(int(asked(bench)[-1][2]))
    bench.pass_s(20)
    trade(bench)
    bench.tick()
    bench.pass_s(1)
    bench.flush()
    bench.receive(late, value(bench, "NetLiquidation", "10.00"))
    assert bench.pass_s(1) == []
    assert names(answer(bench)) == ["AccountUpdated"]


def test_a_new_connection_asks_anew_and_ends_no_summary_of_the_old_one(bench: Bench):
    answer(bench, value(bench, "NetLiquidation", "10.00"))
    bench.receive(value(bench, "NetLiquidation", "11.00"))
    bench.lose()
    assert "AccountUpdated" not in names(bench.pass_s(1))
    bench.connect()
    bench.answer_snapshot()
    bench.flush()
    assert [fields[0] for fields in bench.summaries] == ["62", "62"]


def test_the_liquidation_gateway_asks_for_none():
    bench = Bench(reduce_only=True)
    bench.flush()
    assert bench.summaries == []


def test_a_restart_knows_what_the_journal_has(bench: Bench):
    answer(bench, value(bench, "NetLiquidation", "10.00"))
    after = Bench(bench.journal, accounts=BOTH)
    after.flush()
    assert after.gateway.snapshot()["accounts"] == bench.gateway.snapshot()["accounts"]
    assert answer(after, value(after, "NetLiquidation", "10.00")) == []


def test_a_checkpoint_keeps_the_last_values_of_each_account():
    old = AccountUpdated(T0, ACCOUNT, "USD", D(1))
    journal = [old, replace(old, account=OTHER_ACCOUNT), replace(old, equity=D(2))]
    assert [e for e in checkpoint(journal) if isinstance(e, AccountUpdated)] == journal[1:]
