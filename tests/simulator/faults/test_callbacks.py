"""Single messages: duplicated, late, reordered, missing, altered."""

import pytest

from tapewire.simulator.faults.callbacks import MESSAGES
from tapewire.simulator.protocol import messages

FAR = 90
STATUS, ERROR, ORDER, EXECUTION, COMMISSION = 3, 4, 5, 11, 59


def kinds(client):
    return [int(one[0]) for one in client.read()]


def buy(client, order_id=1):
    """One that fills at once: order and status, execution, order and status, order, commission."""
    client.read()
    client.place(order_id, quantity=10)


def test_a_fill_without_faults(tws):
    client = tws.client()
    buy(client)
    assert kinds(client) == [5, 3, 11, 5, 3, 5, 59]


def test_a_duplicate_is_the_same_message_again(tws, inject):
    client = tws.client()
    inject("duplicate", message="execDetails", copies=2)
    buy(client)
    found = client.read(EXECUTION)
    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    assert tws.server.books()["executions"] == 1


def test_a_late_message_arrives_behind_all_others(tws, inject):
    client = tws.client()
    inject("late", message="commissionReport", seconds=3)
    buy(client)
    buy(client, 2)
    assert kinds(client)[-1] == COMMISSION  # the second order's
    tws.pass_s(3)
    (late,) = client.read(COMMISSION)
    assert late[2] == tws.server.books()["exec_ids"][0]


def test_a_late_message_for_who_is_gone_goes_nowhere(tws, inject):
    client = tws.client()
    inject("late", seconds=3)
    buy(client)
    client.close()
    tws.pass_s(3)
    assert tws.server.take_output() == []


def test_a_reordered_message_changes_places_with_the_next(tws, inject):
    client = tws.client()
    inject("reorder", message="execDetails")
    buy(client)
    assert kinds(client) == [5, 3, 5, 11, 3, 5, 59]


def test_a_reordered_message_that_nothing_follows_is_only_late(tws, inject):
    client = tws.client()
    inject("reorder", message="commissionReport")
    buy(client)
    assert COMMISSION not in kinds(client)
    tws.pass_s(1)
    assert kinds(client) == [COMMISSION]


def test_a_missing_message_is_never_sent(tws, inject):
    client = tws.client()
    inject("missing", message="commissionReport")
    buy(client)
    tws.pass_s(5)
    assert COMMISSION not in kinds(client)


def test_an_answer_can_lack_its_end(tws, inject):
    client = tws.client()
    inject("missing_end", message="openOrderEnd")
    client.send("5", "1")
    assert kinds(client) == []
    client.send("5", "1")
    assert kinds(client) == [53]


def test_a_rejection_can_have_one_field_more(tws, inject):
    client = tws.client()
    inject("rejected", text="margin")
    inject("extra_field", value="{}")
    client.place(1, limit=FAR)
    (error,) = client.read(ERROR)
    assert error == ["4", "2", "1", "201", "Order rejected - reason:margin", "{}"]


def test_the_next_valid_id_can_roll_back(tws, inject):
    client = tws.client()
    for order_id in range(1, 11):
        client.place(order_id, limit=FAR)
    client.close()
    inject("id_roll_back", by=4)
    client = tws.connect().start(1)
    assert client.read(9) == [["9", "1", "7"]]
    client.send("8", "1", "1")
    assert client.read(9) == [["9", "1", "11"]]


def test_market_data_passes_as_it_is(tws, inject):
    for what in ("duplicate", "missing", "late", "extra_field"):
        inject(what, probability=1)
    client = tws.client()
    client.subscribe()
    assert client.read(1)


@pytest.mark.parametrize(("name", "number"), MESSAGES.items())
def test_the_names_are_those_of_the_messages_that_tws_sends(name, number):
    source = {
        "nextValidId": messages.next_valid_id(1), "managedAccounts": messages.managed_accounts(""),
        "currentTime": messages.current_time(0), "openOrderEnd": messages.open_order_end(),
        "execDetailsEnd": messages.execution_end(1), "positionEnd": messages.position_end(),
        "completedOrdersEnd": messages.completed_orders_end(),
        "accountDownloadEnd": messages.account_download_end(""),
        "accountSummaryEnd": messages.account_summary_end(1),
        "contractDetailsEnd": messages.contract_details_end(1),
        "error": messages.error(157, 1, 1, ""),
    }  # fmt: skip
    assert source.get(name, [number])[0] == number
