"""`orders`, `fills`, `positions`, `blotter`: what was traded, from the journals."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    ForeignOrderReported,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderModified,
    OrderStateChanged,
    OrderTerms,
    OrderUnknown,
    PositionReported,
)
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tapewire.console.records.blotter import Trading
from tests.console.journaled import (
    ACCOUNT,
    FILLED,
    FOREIGN,
    LIMIT,
    MS,
    OTHER_ACCOUNT,
    T0,
    fill,
    order,
    write,
)
from tests.console.running import answering

LISTINGS = ["orders", "fills", "positions", "blotter"]


def rows_of(command: str) -> str:
    """The key of a command's rows in its JSON."""
    return "orders" if command == "blotter" else command


def test_orders_show_their_present_state(tapewire, run_dir):
    found = tapewire("orders", "--json").json["orders"]
    assert [(o["intent_id"], o["account"], o["state"], o["filled"]) for o in found] == [
        ("dip-e-1/1", ACCOUNT, "FILLED", "10"),
        ("dip-e-2/1", ACCOUNT, "ACCEPTED", "0"),
        ("dip-e-3/1", ACCOUNT, "DENIED", "0"),
    ]
    assert found[0]["latency_us"] == 4000
    assert found[0]["average_price"] == "100.16"
    assert (found[0]["order_id"], found[0]["permanent_id"]) == ("1", "7001")
    assert (found[1]["type"], found[1]["limit"], found[1]["latency_us"]) == ("LMT", "5400.25", None)
    assert found[2]["reason"] == "trading is HALTED"


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--live"], ["dip-e-2/1"]),
        (["--strategy", "other"], ["dip-e-3/1"]),
        (["--symbol", "AAPL", "--strategy", "dip"], ["dip-e-1/1"]),
        (["--symbol", "ESZ6", "--strategy", "other"], []),
        (["--account", ACCOUNT, "--live"], ["dip-e-2/1"]),
    ],
)
def test_filters_select_orders(tapewire, run_dir, arguments, ids):
    found = tapewire("orders", "--json", *arguments).json["orders"]
    assert [o["intent_id"] for o in found] == ids
    assert tapewire("orders", "list", "--json", *arguments).json["orders"] == found


def test_an_execution_that_both_gateways_report_counts_once(tapewire, run_dir):
    found = tapewire("fills", "--json").json["fills"]
    assert [(f["exec_id"], f["quantity"], f["price"], f["commission"]) for f in found] == [
        ("0000a.01.01", "4", "100.1", "0.35"),
        ("0000a.02.01", "6", "100.2", "0.65"),
        ("0000b.01.01", "1", "99.5", None),
    ]
    assert {f["account"] for f in found} == {ACCOUNT}


@pytest.mark.parametrize("knows", ["gateway", "executor"])
def test_a_fill_that_the_liquidation_gateway_journaled_first_keeps_its_strategy(
    tapewire, run_dir, knows
):
    wanted = order(9, 100)
    placed = OrderIntended(T0 + 101 * MS, "9", wanted)
    write(run_dir, knows, [placed if knows == "gateway" else OrderCreated(T0, "dip-e-9", wanted)])
    first = fill("0000d.01.01", 102, 10, "100", wanted.intent_id)
    write(run_dir, "liquidation", [replace(first, strategy=None)])
    write(run_dir, "gateway", [replace(first, ts_ns=first.ts_ns + MS)])
    (found,) = [
        f
        for f in tapewire("fills", "--strategy", "dip", "--json").json["fills"]
        if f["exec_id"] == first.exec_id
    ]
    assert found["strategy"] == "dip"


def test_positions_show_ours_beside_the_brokers(tapewire, run_dir):
    found = tapewire("positions", "--json").json["positions"]
    assert [(p["account"], p["symbol"], p["quantity"], p["account_quantity"]) for p in found] == [
        (ACCOUNT, "AAPL", "11", "11")
    ]
    assert Decimal(found[0]["average_cost"]) == Decimal("1101.1") / 11
    assert (found[0]["realised"], found[0]["fees"]) == ("0", "1")


def test_the_blotter_has_orders_with_their_fills_and_totals(tapewire, run_dir):
    found = tapewire("blotter", "--json").json
    first = found["orders"][0]
    assert [f["exec_id"] for f in first["fills"]] == ["0000a.01.01", "0000a.02.01"]
    assert first["commission"] == {"USD": "1"}
    assert found["totals"] == {
        "orders": 3,
        "states": {"FILLED": 1, "ACCEPTED": 1, "DENIED": 1},
        "fills": 2,
        "commission": {"USD": "1"},
    }
    newest = tapewire("blotter", "--newest-first", "--json").json["orders"]
    assert newest == found["orders"][::-1]


# ---- accounts ------------------------------------------------------------------------------------


@pytest.fixture
def two_accounts(run_dir):
    """One more order, filled, in a second account, with a position there."""
    second = order(8, 300, account=OTHER_ACCOUNT)
    bought = replace(FOREIGN, account=OTHER_ACCOUNT, exec_id="0000d.01.01", intent_id="dip-e-8/1")
    held = PositionReported(T0 + 310 * MS, OTHER_ACCOUNT, "AAPL", Decimal(5), Decimal(100))
    write(run_dir, "gateway", [OrderIntended(T0 + 300 * MS, "8", second), bought, held])


@pytest.mark.parametrize("command", LISTINGS)
def test_accounts_are_shown_where_there_are_several(tapewire, run_dir, command, request):
    assert "account" not in tapewire(command).out.splitlines()[0]
    request.getfixturevalue("two_accounts")
    lines = tapewire(command).out.splitlines()
    assert "account" in lines[0]
    assert any(OTHER_ACCOUNT in line for line in lines)
    assert max(len(line) for line in lines) <= 80


@pytest.mark.parametrize("command", LISTINGS)
def test_rows_can_be_limited_to_an_account(tapewire, two_accounts, command):
    for account in (ACCOUNT, OTHER_ACCOUNT):
        rows = tapewire(command, "--account", account, "--json").json[rows_of(command)]
        assert {row["account"] for row in rows} == {account}


def test_a_difference_names_the_account_of_its_position(tapewire, two_accounts):
    assert f"reports another position in {OTHER_ACCOUNT} AAPL:" in tapewire("positions").out


# ---- the fold ------------------------------------------------------------------------------------


def folded(*events) -> Trading:
    trading = Trading()
    for event in events:
        trading.apply(event)
    return trading


def test_a_correction_replaces_the_fill_that_it_corrects():
    trading = folded(
        OrderIntended(T0, "1", FILLED),
        fill("x.1.01", 1, 4, "100", "dip-e-1/1"),
        fill("x.1.02", 2, 3, "99", "dip-e-1/1"),
    )
    assert trading.orders["dip-e-1/1"].filled == 3
    assert [f.exec_id for f in trading.book.fills()] == ["x.1.02"]


def test_a_late_fill_after_a_cancel_counts_and_filled_is_final():
    trading = folded(
        OrderIntended(T0, "1", FILLED),
        OrderCancelled(T0 + MS, ACCOUNT, "dip-e-1/1"),
        fill("x.1.01", 2, 10, "100", "dip-e-1/1"),
    )
    assert trading.orders["dip-e-1/1"].state == "CANCELLED"
    trading.apply(OrderFilled(T0 + 2 * MS, ACCOUNT, "dip-e-1/1"))
    trading.apply(OrderCancelled(T0 + 3 * MS, ACCOUNT, "dip-e-1/1"))
    assert trading.orders["dip-e-1/1"].state == "FILLED"


def test_the_executors_account_of_an_order_does_not_overrule_the_gateways():
    """The executor may be behind the gateway whose events it repeats."""
    trading = folded(
        OrderIntended(T0, "1", FILLED),
        OrderFilled(T0 + MS, ACCOUNT, "dip-e-1/1"),
        OrderStateChanged(T0 + 2 * MS, ACCOUNT, "dip-e-1/1", "dip", "ACCEPTED", Decimal(0)),
    )
    assert trading.orders["dip-e-1/1"].state == "FILLED"


def test_a_modified_order_is_shown_with_its_present_terms(tapewire, run_dir):
    terms = OrderTerms("BUY", Decimal(7), "LMT", limit=Decimal("99.5"))
    write(run_dir, "gateway", [OrderModified(T0 + 300 * MS, ACCOUNT, "dip-e-2/1", "m-1", terms)])
    found = tapewire("orders", "--live", "--json").json["orders"][0]
    assert (found["quantity"], found["limit"], found["state"]) == ("7", "99.5", "ACCEPTED")


# ---- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", LISTINGS)
def test_tables_fit_a_terminal(tapewire, run_dir, command):
    ended = tapewire(command)
    assert ended.status == 0
    assert "AAPL" in ended.out
    assert max(len(line) for line in ended.out.splitlines()) <= 80


@pytest.mark.parametrize("command", LISTINGS)
def test_a_group_that_has_not_traded_yet_is_no_error(tapewire, tmp_path, command):
    (tmp_path / "r" / "journals").mkdir(parents=True)
    assert tapewire(command).status == 0
    found = tapewire(command, "--json")
    assert found.status == 0
    assert not found.json[rows_of(command)]


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        (LIMIT, "5400.25"),
        (OrderTerms("SELL", Decimal(1), "STP", stop=Decimal("9.5")), "9.5"),
        (OrderTerms("SELL", Decimal(1), "STP LMT", Decimal(9), Decimal("9.5")), "9.5 9"),
        (OrderTerms("SELL", Decimal(1), "TRAIL", trail=Decimal("0.5")), "trail 0.5"),
        (OrderTerms("SELL", Decimal(1), "TRAIL", trail_percent=Decimal(2)), "trail 2%"),
    ],
)
def test_the_prices_of_an_order_are_those_that_its_type_has(tapewire, run_dir, terms, price):
    write(run_dir, "gateway", [OrderIntended(T0 + 300 * MS, "9", order(9, 300, terms))])
    assert f" {terms.type} {price} " in " ".join(tapewire("orders").out.splitlines()[4].split())


def test_json_has_all_terms_of_an_order(tapewire, run_dir):
    terms = OrderTerms(
        "SELL", Decimal(1), "TRAIL LIMIT", stop=Decimal(9), trail_percent=Decimal(2),
        limit_offset=Decimal("0.1"), time_in_force="GTD", good_till_ns=T0, outside_hours=True,
        group="g", oca="cancel",
    )  # fmt: skip
    write(run_dir, "gateway", [OrderIntended(T0 + 300 * MS, "9", order(9, 300, terms))])
    found = tapewire("orders", "--json").json["orders"][-1]
    for name in terms.__struct_fields__:
        value = getattr(terms, name)
        assert found[name] == (f"{value:f}" if isinstance(value, Decimal) else value), name


@pytest.fixture
def in_a_halt(run_dir):
    """After the denied one 79 more; then two with another reason, and an order that works."""
    reasons = ["trading is HALTED"] * 79 + ["lease 5 ms old", "lease 16 ms old"] + [""]
    for number, reason in enumerate(reasons, 4):
        made = order(number, 200 + number, strategy=("dip", "other")[number % 2])
        end = OrderDenied(made.ts_ns, ACCOUNT, made.strategy, "gateway", reason, made.intent_id)
        taken = OrderIntended(made.ts_ns, str(number), made)
        write(run_dir, "gateway", [taken, *([end] if reason else [])])


@pytest.mark.parametrize("command", [["orders"], ["blotter"], ["blotter", "--newest-first"]])
def test_denials_in_a_row_for_one_reason_are_folded(tapewire, in_a_halt, command):
    ended = tapewire(*command)
    rows = [line.split() for line in ended.out.splitlines()[1:] if line.startswith("11:")]
    folded_rows = [row[1:] for row in rows if "..." in row]
    assert folded_rows == [["...", "79", "more", "DENIED"]]
    assert len(rows) == 2 + 1 + 1 + 2 + 1  # as before with the first; the 79; two; the last
    assert len(tapewire(*command, "--json").json["orders"]) == 85


def test_the_reasons_of_folded_orders_are_counted_below(tapewire, in_a_halt):
    shown = tapewire("orders").out
    assert "80 DENIED: trading is HALTED\n" in shown
    assert "2 DENIED, the last: lease 16 ms old\n" in shown
    assert "85 orders, 2026-11-20" in shown


def test_an_unknown_order_is_named_by_the_id_that_resolve_asks_for(tapewire, run_dir):
    sent = OrderIntended(T0 + 300 * MS, "9", order(9, 300))
    unknown = OrderUnknown(T0 + 900 * MS, ACCOUNT, sent.order.intent_id, "no answer")
    write(run_dir, "gateway", [sent, unknown])
    assert "1 UNKNOWN: no answer (dip-e-9/1)" in tapewire("orders").out


# ---- orders that are not ours -------------------------------------------------------------------


def test_open_orders_that_are_not_ours_are_below_the_table_once_whoever_lists_them(
    tapewire, run_dir
):
    by_hand = ForeignOrderReported(
        T0 + 300 * MS, "DU1", "AAPL", "BUY", Decimal(100), Decimal(60), "0", "", "9001"
    )
    gone = replace(by_hand, permanent_id="9002", remaining=Decimal(0))
    write(run_dir, "gateway", [by_hand, gone])
    write(run_dir, "liquidation", [by_hand])
    shown = tapewire("orders").out
    assert "1 order not ours works at the broker:\n  BUY 60 AAPL, permanent id 9001," in shown
    (found,) = tapewire("orders", "--json").json["foreign"]
    assert (found["remaining"], found["permanent_id"], found["client_id"]) == ("60", "9001", "0")
    assert tapewire("orders", "--symbol", "ESZ6", "--json").json["foreign"] == []


# ---- cancelling ----------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """A group that is up and whose risk answers; gives what was asked of it."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(control, "ask", answering(asked))
    return asked


def test_cancelling_all_orders_needs_a_confirmation(tapewire, run_dir, asked):
    refused = tapewire("orders", "cancel", "--all")
    assert (refused.status, asked) == (2, [])
    assert refused.err.endswith("and there is no terminal; use --yes\n")
    ended = tapewire("orders", "cancel", "--all", "--yes", "--reason", "lunch")
    assert (ended.status, asked) == (0, [("cancel_all", "lunch", "everything")])
    assert ended.out.startswith("cancelling every order of the login (no orders known to work);")


def test_cancelling_asks_which_orders(tapewire, run_dir, asked):
    refused = tapewire("orders", "cancel", "--yes")
    assert (refused.status, asked) == (2, [])
    assert "orders cancel needs the id of an order, or --all" in refused.err
    both = tapewire("orders", "cancel", "dip-1/1", "--all", "--yes")
    assert (both.status, asked) == (2, [])
