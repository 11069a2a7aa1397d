"""Parents and children, transmit, and one-cancels-all groups, over the wire of a TWS in memory."""

import pytest

from tapewire.simulator.protocol.order_messages import OPEN_ORDER

PLACES = {one.name: n for n, one in enumerate(OPEN_ORDER.at(157))}


def bracket(client, first=1, quantity=100, limit=None, profit="10.50", loss="9.50", **more):
    """A bracket as ib_async sends it: the parent, the profit and the loss, the last transmitted."""
    client.place(first, quantity=quantity, limit=limit, transmit=0, **more)
    client.place(
        first + 1, side="SELL", quantity=quantity, limit=profit, parent=first, transmit=0, **more
    )
    client.place(first + 2, side="SELL", quantity=quantity, stop=loss, parent=first, **more)


def statuses(client):
    """Each orderStatus since the last read: order id, status, filled, remaining, whyHeld."""
    return [(int(m[1]), m[2], m[3], m[4], m[10]) for m in client.read(3)]


def last(client):
    """The last status and remaining quantity of each order since the last read."""
    return {int(m[1]): (m[2], m[4]) for m in client.read(3)}


def listed(client, *names):
    """Fields of the open orders, asked for, by order id."""
    client.read()
    client.send("5", "1")
    return {
        int(m[1]): tuple(m[PLACES[n]] for n in names) if len(names) > 1 else m[PLACES[names[0]]]
        for m in client.read(5)
    }


# ---- transmit ------------------------------------------------------------------------------------


def test_an_order_that_is_not_transmitted_is_held_without_a_word(tws):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=10, transmit=0)
    assert client.read() == []
    assert listed(client, "status") == {}
    assert market.server.books()["orders"] == 0


def test_sent_again_with_transmit_it_goes_as_it_is_then(tws):
    client = tws().client(1)
    client.place(1, quantity=10, limit="9.00", transmit=0)
    client.place(1, quantity=20)
    assert last(client) == {1: ("Filled", "0")}


def test_the_last_child_transmits_the_whole_family_parent_first(tws):
    client = tws().client(1)
    bracket(client, limit="9.00")
    assert statuses(client) == [
        (1, "Submitted", "0", "100", ""),
        (2, "PreSubmitted", "0", "100", "child"),
        (3, "PreSubmitted", "0", "100", "child,trigger"),
    ]


def test_an_order_that_is_not_transmitted_can_be_cancelled_with_its_children(tws):
    client = tws().client(1)
    client.place(1, quantity=10, transmit=0)
    client.place(2, side="SELL", quantity=10, limit="11.00", parent=1, transmit=0)
    client.send("4", "1", 1)
    assert [(m[1], m[2]) for m in client.read(3)] == [("1", "Cancelled"), ("2", "Cancelled")]


def test_a_modify_that_is_not_transmitted_is_held_and_the_order_works_on_as_it_was(tws):
    client = tws().client(1)
    client.place(1, limit="9.00")
    client.read()
    client.place(1, limit="9.10", transmit=0)
    assert client.read() == []
    assert listed(client, "lmtPrice") == {1: "9"}
    client.place(1, limit="9.20")
    assert listed(client, "lmtPrice") == {1: "9.2"}


def test_a_modify_that_could_not_be_is_refused_though_it_is_not_transmitted(tws):
    client = tws().client(1)
    client.place(1, limit="9.00")
    client.read()
    client.place(1, limit="9.001", transmit=0)
    assert client.errors() == [(1, 110)]


def test_modifies_of_a_family_are_held_until_one_of_them_is_transmitted(tws):
    """As ib_async sends those of a bracket: with the flags of its orders."""
    client = tws().client(1)
    bracket(client, limit="9.00")
    client.read()
    client.place(1, quantity=100, limit="9.10", transmit=0)
    client.place(2, side="SELL", quantity=100, limit="11.50", parent=1, transmit=0)
    assert client.read() == []
    client.place(3, side="SELL", quantity=100, stop="8.50", parent=1)
    assert listed(client, "lmtPrice") == {1: "9.1", 2: "11.5", 3: "0.0"}
    assert listed(client, "auxPrice")[3] == "8.5"


def test_a_held_modify_that_cannot_be_any_more_is_refused_when_it_is_transmitted(tws, make_quote):
    market = tws(make_quote(5, "9.97", "9.99", "40", "40"))
    client = market.client(1)
    bracket(client, limit="9.99")
    client.place(1, quantity=30, limit="9.99", transmit=0)
    market.pass_s(5)  # 40 of its 100 are filled
    client.read()
    client.place(3, side="SELL", quantity=100, stop="9.40", parent=1)
    assert client.errors() == [(1, 104)]
    assert listed(client, "auxPrice")[3] == "9.4"


# ---- children ------------------------------------------------------------------------------------


def test_open_order_has_the_parent_and_the_group_of_the_children(tws):
    client = tws().client(1)
    bracket(client, limit="9.00")
    found = listed(client, "parentId", "ocaGroup", "ocaType", "permId")
    perm_id = found[1][3]
    assert [found[n][:3] for n in (1, 2, 3)] == [
        ("0", "", "3"), ("1", perm_id, "3"), ("1", perm_id, "3")
    ]  # fmt: skip


def test_children_work_once_their_parent_is_filled(tws, make_quote):
    market = tws(make_quote(1, "10.50", "10.60", "500"))
    client = market.client(1)
    bracket(client, quantity=40)
    assert last(client) == {1: ("Filled", "0"), 2: ("Submitted", "40"), 3: ("PreSubmitted", "40")}
    market.pass_s()
    assert last(client) == {2: ("Filled", "0"), 3: ("Cancelled", "40")}


def test_the_stop_ends_the_profit_too(tws, make_trade):
    market = tws(make_trade(1, "9.40", "1"))
    client = market.client(1)
    bracket(client, quantity=40)
    market.pass_s()
    assert last(client) == {1: ("Filled", "0"), 2: ("Cancelled", "40"), 3: ("Filled", "0")}


def test_a_partial_fill_of_the_parent_releases_its_share_of_the_children(tws, make_quote):
    market = tws(
        make_quote(1, "10.50", "10.60", "500", "0"), make_quote(2, "10.50", "10.60", "500")
    )
    client = market.client(1)
    bracket(client, quantity=100)
    assert last(client) == {
        1: ("Submitted", "60"),
        2: ("Submitted", "100"),
        3: ("PreSubmitted", "100"),
    }
    market.pass_s()  # the profit's price is there for 500 shares
    messages = client.read(3, 11)
    assert [(m[2], m[19]) for m in messages if m[0] == "11"] == [("2", "40")]
    assert {m[1]: m[4] for m in messages if m[0] == "3"} == {"2": "60", "3": "60"}
    market.pass_s()  # the rest of the parent, and then of the profit
    assert last(client) == {1: ("Filled", "0"), 2: ("Filled", "0"), 3: ("Cancelled", "60")}
    assert market.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "0"}


def test_a_stop_never_sells_more_than_its_parent_bought(tws, make_trade, make_quote):
    market = tws(make_trade(1, "9.40", "1"), make_quote(2, "9.30", "20.00", "500", "0"))
    client = market.client(1)
    bracket(client, quantity=100, limit="10.00")
    market.pass_s(2)
    messages = client.read(3, 11)
    assert [(m[2], m[19]) for m in messages if m[0] == "11"] == [("1", "40"), ("3", "40")]
    assert market.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "0"}


def test_a_cancelled_parent_takes_its_children_along(tws):
    client = tws().client(1)
    bracket(client, limit="9.00")
    client.read()
    client.send("4", "1", 1)
    assert [(m[1], m[2]) for m in client.read(3)] == [
        ("1", "Cancelled"), ("2", "Cancelled"), ("3", "Cancelled")
    ]  # fmt: skip


def test_a_parent_that_was_filled_in_part_leaves_its_children_what_was_filled(tws):
    client = tws().client(1)
    bracket(client, limit="10.00")
    client.read()
    client.send("4", "1", 1)
    assert listed(client, "totalQuantity", "status") == {
        2: ("40", "Submitted"), 3: ("40", "PreSubmitted")
    }  # fmt: skip


def test_a_rejected_parent_takes_its_children_along(tws):
    client = tws().client(1)
    client.place(1, quantity=10, limit="9.00", ocaGroup="g", transmit=0)
    client.place(2, side="SELL", quantity=10, limit="11.00", parent=1, transmit=0)
    client.place(3, quantity=1, ocaGroup="g")  # fills: the group is over
    client.read()
    client.place(4, side="SELL", quantity=10, stop="9.00", parent=1)
    assert last(client) == dict.fromkeys((1, 2, 4), ("Inactive", "10"))


def test_a_child_of_an_order_that_is_over_is_refused(tws):
    client = tws().client(1)
    client.place(1, quantity=10)
    client.read()
    client.place(2, side="SELL", quantity=10, limit="11.00", parent=1)
    client.place(3, side="SELL", quantity=10, limit="11.00", parent=77)
    assert client.errors() == [(2, 135), (3, 135)]


def test_a_child_can_come_while_its_parent_works(tws):
    client = tws().client(1)
    client.place(1, quantity=100, limit="10.00")
    client.place(2, side="SELL", quantity=100, limit="10.50", parent=1)
    client.read()
    assert listed(client, "status", "parentId")[2] == ("Submitted", "1")


def test_a_child_is_modified_and_its_parent_stays_the_same(tws):
    client = tws().client(1)
    bracket(client, limit="9.00")
    client.read()
    client.place(3, side="SELL", quantity=100, stop="9.40", parent=1)
    client.place(2, side="SELL", quantity=100, limit="10.40", parent=0)
    assert client.errors() == [(2, 105)]
    assert listed(client, "auxPrice")[3] == "9.4"


def test_children_of_a_day_order_outlive_it_at_the_close_for_what_was_filled(tws):
    market = tws(closes="22:13:25")
    client = market.client(1)
    client.place(1, quantity=100, limit="10.00", transmit=0)
    client.place(2, side="SELL", quantity=100, stop="9.00", parent=1, tif="GTC")
    market.pass_s(5)
    assert listed(client, "totalQuantity") == {2: "40"}


# ---- one cancels all -----------------------------------------------------------------------------


def group(client, kind, *limits, quantity=100, first=1):
    for n, limit in enumerate(limits, first):
        client.place(n, quantity=quantity, limit=limit, ocaGroup="g", ocaType=kind)
    client.read()


def test_a_group_that_cancels_is_over_with_the_first_share(tws, make_quote):
    market = tws(make_quote(1, "9.00", "9.50", "40", "30"))
    client = market.client(1)
    group(client, 1, "9.50", "9.40")
    market.pass_s()
    assert last(client) == {1: ("Submitted", "70"), 2: ("Cancelled", "100")}


@pytest.mark.parametrize("kind", [0, 2, 3])
def test_a_group_that_reduces_takes_the_same_share_of_the_others(tws, make_quote, kind):
    market = tws(
        make_quote(1, "9.00", "9.50", "40", "30"), make_quote(2, "9.00", "9.50", "40", "70")
    )
    client = market.client(1)
    group(client, kind, "9.50")
    client.place(2, quantity=50, limit="9.40", ocaGroup="g", ocaType=kind)
    client.read()
    market.pass_s()
    messages = client.read(3, 5)
    assert [m[PLACES["totalQuantity"]] for m in messages if m[:2] == ["5", "2"]] == ["35"]
    assert messages[-1][:5] == ["3", "2", "Submitted", "0", "35"]
    market.pass_s()
    assert last(client) == {1: ("Filled", "0"), 2: ("Cancelled", "35")}


def test_what_remains_of_the_others_is_rounded_up(tws, make_quote):
    market = tws(make_quote(1, "9.00", "9.50", "40", "30"))
    client = market.client(1)
    group(client, 2, "9.50")
    client.place(2, quantity=1, limit="9.40", ocaGroup="g", ocaType=2)
    client.read()
    market.pass_s()
    assert last(client) == {1: ("Submitted", "70")}


@pytest.mark.parametrize(("kind", "filled"), [(1, 100), (2, 100), (3, 200)])
def test_with_block_one_order_of_a_group_trades_at_a_time(tws, make_quote, kind, filled):
    market = tws(make_quote(1, "9.00", "9.40", "40", "500"))
    client = market.client(1)
    group(client, kind, "9.50", "9.45")
    market.pass_s()
    shares = [int(m[19]) for m in client.read(11)]
    assert sum(shares) == filled


def test_two_stops_of_a_group_that_trigger_together_do_not_both_fill(tws, make_trade):
    market = tws(make_trade(1, "10.50", "1"))
    client = market.client(1)
    for n in (1, 2):
        client.place(n, quantity=10, stop="10.40", ocaGroup="g", ocaType=1)
    client.read()
    market.pass_s()
    assert last(client) == {1: ("Filled", "0"), 2: ("Cancelled", "10")}


def test_a_clients_cancel_ends_the_group(tws):
    client = tws().client(1)
    group(client, 1, "9.50", "9.40")
    client.send("4", "1", 1)
    assert last(client) == {1: ("Cancelled", "100"), 2: ("Cancelled", "100")}


def test_a_groups_name_can_be_used_once(tws):
    client = tws().client(1)
    group(client, 1, "9.50", "9.40")
    client.send("4", "1", 1)
    client.read()
    client.place(3, limit="9.30", ocaGroup="g", ocaType=1)
    (error,) = client.read(4)
    assert (error[3], "OCA group is over" in error[4]) == ("201", True)


def test_groups_of_two_accounts_with_one_name_are_two_groups(tws):
    client = tws(accounts=("DU1", "DU2")).client(1)
    for n, account in enumerate(("DU1", "DU2"), 1):
        client.place(n, limit="9.00", ocaGroup="g", ocaType=1, account=account)
    client.send("4", "1", 1)
    assert listed(client, "account") == {2: "DU2"}


def test_a_modify_keeps_the_group_and_cannot_change_it(tws):
    client = tws().client(1)
    group(client, 1, "9.50", "9.40")
    client.place(1, limit="9.60")
    client.place(2, limit="9.30", ocaGroup="other", ocaType=1)
    assert client.errors() == [(2, 105)]
    assert listed(client, "lmtPrice", "ocaGroup") == {1: ("9.6", "g"), 2: ("9.4", "g")}
