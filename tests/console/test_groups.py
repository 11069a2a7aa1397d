"""Groups of orders in `tapewire orders --json` and `tapewire fills --json`: their state and P&L."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.events import (
    Event,
    Fill,
    GroupCreated,
    GroupIntended,
    GroupStateChanged,
    OrderCreated,
    OrderIntended,
    OrderTerms,
    Side,
    SubmitGroup,
    SubmitOrder,
)
from tests.console.journaled import ACCOUNT, MS, T0, order, write

GROUP = "dip-e-7"


def leg(number: int, role: str, side: Side, **prices: Decimal) -> SubmitOrder:
    kind = {"limit": "LMT", "stop": "STP"}[next(iter(prices))] if prices else "MKT"
    terms = OrderTerms(side, Decimal(2), kind, **prices)
    plain = order(7, 300 + number, terms, symbol="ESZ6")
    return replace(plain, intent_id=f"{GROUP}/{number}", group_id=GROUP, role=role)  # type: ignore[arg-type]


def execution(number: int, side: Side, price: int) -> Fill:
    return Fill(
        T0 + (400 + number) * MS, ACCOUNT, f"0000g.{number}.01", f"80{number}", "ESZ6", side,
        Decimal(2), Decimal(price), f"{GROUP}/{number}", "dip",
    )  # fmt: skip


def bracket() -> SubmitGroup:
    """Buy two ESZ6; sell them at 5410, or at 5390 at the latest."""
    legs = (
        leg(1, "entry", "BUY"),
        leg(2, "target", "SELL", limit=Decimal(5410)),
        leg(3, "stop", "SELL", stop=Decimal(5390)),
    )
    return SubmitGroup(GROUP, T0 + 300 * MS, "bracket", legs)


def journal(run_dir, *fills: Fill, state: str) -> None:
    group = bracket()
    intended: list[Event] = [OrderIntended(T0, str(n), o) for n, o in enumerate(group.orders, 7)]
    created: list[Event] = [OrderCreated(T0, GROUP, one) for one in group.orders]
    write(run_dir, "gateway", [GroupIntended(T0, group), *intended, *fills])
    moved = GroupStateChanged(T0, ACCOUNT, GROUP, "dip", state, "")  # type: ignore[arg-type]
    write(run_dir, "executor", [GroupCreated(T0, GROUP, group), *created, moved])


def test_a_group_that_works_shows_its_exits_and_what_is_open(tapewire, run_dir):
    journal(run_dir, execution(1, "BUY", 5400), state="PROTECTING")
    (found,) = tapewire("orders", "--json").json["groups"]
    shown = {name: found[name] for name in ("kind", "state", "entered", "open", "realised")}
    assert shown == {
        "kind": "bracket", "state": "PROTECTING", "entered": "2", "open": "2", "realised": "0",
    }  # fmt: skip
    assert (found["stop_loss"], found["take_profit"]) == ("5390", "5410")
    assert found["orders"] == [f"{GROUP}/{n}" for n in (1, 2, 3)]


def test_a_line_of_the_events_names_the_group_and_what_it_trades(tapewire, run_dir):
    journal(run_dir, state="WORKING")
    shown = tapewire("events", "--type", "order.group.created").out
    assert f"group=bracket {GROUP} {ACCOUNT} ESZ6" in shown


def test_the_profit_of_a_group_is_that_of_its_executions_in_the_instruments_currency(
    tapewire, run_dir
):
    """Two contracts, ten points, 50 dollars each."""
    journal(run_dir, execution(1, "BUY", 5400), execution(2, "SELL", 5410), state="DONE")
    found = tapewire("fills", "--json").json
    (group,) = found["groups"]
    assert (group["realised"], group["currency"]) == ("1000", "USD")
    rows = [row for row in found["fills"] if row["group_id"] == GROUP]
    assert [row["intent_id"] for row in rows] == [f"{GROUP}/1", f"{GROUP}/2"]


def test_the_profit_of_a_group_in_two_currencies_is_not_added_up(tapewire, run_dir, config):
    """A vertical of ten points, the one half in dollars and the other in euros."""
    euro = '[[instruments]]\nsymbol = "FESX"\nsec_type = "FUT"\ncurrency = "EUR"\nmultiplier = 10\n'
    config.write_text(config.read_text() + euro)
    bought, sold = execution(1, "BUY", 5400), execution(2, "SELL", 5410)
    euros = [replace(one, symbol="FESX", exec_id=f"e{one.exec_id}") for one in (sold, bought)]
    journal(run_dir, bought, sold, *euros, state="DONE")
    (group,) = tapewire("fills", "--json").json["groups"]
    assert (group["realised"], group["currency"]) == (None, None)
    assert group["realised_by_currency"] == {"EUR": "200", "USD": "1000"}


def test_groups_are_filtered_as_orders_are(tapewire, run_dir):
    journal(run_dir, state="DONE")
    assert tapewire("orders", "--json", "--live").json["groups"] == []
    assert tapewire("orders", "--json", "--symbol", "AAPL").json["groups"] == []
    assert len(tapewire("orders", "--json", "--strategy", "dip").json["groups"]) == 1
