"""Market depth: a made-up book that begins with the quote."""

import pytest

from tests.simulator.conftest import contract_fields


def subscribe(client, req_id=1, rows=3, smart=0):
    client.send(10, 5, req_id, *contract_fields("AAPL"), rows, smart, "")


@pytest.fixture
def tws(make_tws, make_quote):
    rows = [make_quote(1, "10.00", "10.02", "100", "300"), make_quote(2, "10.01", "10.02", "100")]
    tws = make_tws([*rows, make_quote(3, "-1", "10.02", "0", "100")])
    tws.watcher = tws.client(9)
    tws.watcher.subscribe()
    tws.pass_s(0)
    return tws


def book_of(messages):
    """The book that changes lead to: by side, the levels as (price, size)."""
    book = {"0": [], "1": []}
    for one in messages:
        place, operation, side, price, size = one[3:8]
        levels = book[side]
        if operation == "0":
            levels.insert(int(place), (price, size))
        elif operation == "1":
            levels[int(place)] = (price, size)
        else:
            del levels[int(place)]
    return book


def test_the_first_level_is_the_quote_and_the_others_are_steps_behind_it(tws):
    client = tws.client()
    subscribe(client)
    book = book_of(client.read(12))
    assert book["1"] == [("10", "100"), ("9.99", "150"), ("9.98", "200")]
    assert book["0"] == [("10.02", "300"), ("10.03", "450"), ("10.04", "600")]


def test_changes_lead_to_the_book_of_the_next_quote(tws):
    client = tws.client()
    subscribe(client)
    first = client.read(12)
    tws.pass_s(1)
    changes = client.read(12)
    book = book_of(first + changes)
    assert {one[4] for one in changes} == {"1"}
    assert (book["1"][0], book["0"][0]) == (("10.01", "100"), ("10.02", "100"))
    tws.pass_s(1)
    assert book_of(first + changes + client.read(12))["1"] == []


def test_smart_depth_names_the_exchange_of_each_level(tws):
    client = tws.client()
    subscribe(client, smart=1)
    levels = client.read(13)
    assert [one[4] for one in levels[:3]] == ["AMEX", "NASDAQ", "NYSE"]
    assert {len(one) for one in levels} == {10}


def test_a_fourth_book_a_duplicate_and_an_unknown_one_are_errors(tws):
    client = tws.client()
    for req_id in (1, 2, 3):
        subscribe(client, req_id)
    client.read()
    subscribe(client, 4)
    subscribe(client, 1)
    client.send(11, 1, 7, 0)
    client.send(10, 5, 8, *contract_fields("AAPL"), 0, 0, "")
    assert client.errors() == [(4, 309), (1, 102), (7, 310), (8, 321)]


def test_a_cancelled_book_and_one_of_a_client_that_left_are_silent(tws):
    client, other = tws.client(), tws.client(2)
    subscribe(client)
    subscribe(other)
    client.read()
    client.send(11, 1, 1, 0)
    other.close()
    tws.pass_s(1)
    assert client.read(12) == []


def test_a_farm_that_breaks_takes_the_books_along(tws):
    client = tws.client()
    subscribe(client)
    client.read()
    tws.server.faults.inject("2103")
    tws.pass_s(0)
    tws.pass_s(1)
    assert client.read(12) == []
