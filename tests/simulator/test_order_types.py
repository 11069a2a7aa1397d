"""Each order type, over the wire of a TWS in memory: when it trades, and at which price."""

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.protocol.order_messages import OPEN_ORDER

PLACES = {one.name: n for n, one in enumerate(OPEN_ORDER.at(157))}
EUR = Instrument(symbol="EUR", sec_type="CASH")


@pytest.fixture
def tws(make_tws, make_quote):
    """A server with a quote and, like its market, no trade yet; a test adds the rows it needs."""

    def make(*rows, **settings):
        made = make_tws([make_quote(0, "9.98", "10.00", "500", "500"), *rows], **settings)
        made.client(99).subscribe()
        made.pass_s(0)
        return made

    return make


def statuses(client):
    return [(one[2], one[3]) for one in client.read(3)]


def prices(client):
    """What traded since the last read: shares and price."""
    return [(one[19], one[20]) for one in client.read(11)]


def reported(client, *names):
    """Fields of the open orders, asked for."""
    client.read()
    client.send("5", "1")
    return [tuple(one[PLACES[name]] for name in names) for one in client.read(5)]


# ---- stop limit, and the if-touched orders -------------------------------------------------------


def test_a_stop_limit_order_becomes_a_limit_order(tws, make_trade, make_quote):
    market = tws(make_trade(1, "10.05", "1"), make_quote(2, "9.95", "9.97"))
    client = market.client(1)
    client.place(1, type="STP LMT", quantity=10, stop="10.05", limit="9.98")
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert statuses(client) == [("Submitted", "0")]
    market.pass_s()
    assert prices(client) == [("10", "9.98")]


def test_a_held_stop_says_that_it_waits_for_its_trigger(tws):
    client = tws().client(1)
    client.place(1, stop="10.05")
    assert [one[10] for one in client.read(3)] == ["trigger"]


@pytest.mark.parametrize(
    ("side", "touch", "trade", "fills"),
    [
        ("BUY", "9.90", "9.91", []),
        ("BUY", "9.90", "9.90", [("10", "10")]),
        ("SELL", "10.10", "10.09", []),
        ("SELL", "10.10", "10.11", [("10", "9.98")]),
    ],
)
def test_a_market_if_touched_order_waits_for_a_better_price(
    tws, make_trade, side, touch, trade, fills
):
    market = tws(make_trade(1, trade, "1"))
    client = market.client(1)
    client.place(1, side=side, type="MIT", quantity=10, stop=touch)
    market.pass_s()
    assert prices(client) == fills


def test_a_limit_if_touched_order_trades_at_its_limit_alone(tws, make_trade, make_quote):
    market = tws(make_trade(1, "9.90", "1"), make_quote(2, "9.90", "9.95"))
    client = market.client(1)
    client.place(1, type="LIT", quantity=10, stop="9.90", limit="9.96")
    market.pass_s()
    assert statuses(client)[-1] == ("Submitted", "0")
    market.pass_s()
    assert prices(client) == [("10", "9.96")]


# ---- trailing stops ------------------------------------------------------------------------------


def test_a_trailing_stop_follows_the_market_up_and_triggers_on_the_way_down(tws, make_trade):
    trades = ["10.00", "10.50", "10.45", "10.30"]
    market = tws(*(make_trade(n, price, "1") for n, price in enumerate(trades, 1)))
    client = market.client(1)
    client.place(1, side="SELL", type="TRAIL", quantity=10, stop="0.20")
    stops = []
    for _ in trades[:3]:
        market.pass_s()
        stops += reported(client, "auxPrice", "trailStopPrice", "stopPrice")
    assert stops == [("0.2", "9.8", "9.8"), ("0.2", "10.3", "10.3"), ("0.2", "10.3", "10.3")]
    market.pass_s()
    assert prices(client) == [("10", "9.98")]


def test_a_buy_trailing_stop_follows_the_market_down(tws, make_trade):
    market = tws(*(make_trade(n, p, "1") for n, p in enumerate(["9.60", "9.70", "9.80"], 1)))
    client = market.client(1)
    client.place(1, type="TRAIL", quantity=10, stop="0.20")
    market.pass_s(2)
    assert reported(client, "trailStopPrice") == [("9.8",)]
    market.pass_s()
    assert prices(client) == [("10", "10")]


def test_a_trailing_percentage_is_rounded_to_the_tick_away_from_the_market(tws, make_trade):
    market = tws(make_trade(1, "9.99", "1"))
    client = market.client(1)
    client.place(1, side="SELL", type="TRAIL", quantity=10, trailingPercent="1.5")
    client.place(2, side="BUY", type="TRAIL", quantity=10, trailingPercent="1.5")
    market.pass_s()
    assert reported(client, "trailStopPrice", "trailingPercent") == [
        ("9.84", "1.5"),
        ("10.14", "1.5"),
    ]


def test_a_trailing_stop_starts_where_it_is_told_to(tws, make_trade):
    market = tws(make_trade(1, "10.00", "1"), make_trade(2, "10.20", "1"))
    client = market.client(1)
    client.place(1, side="SELL", type="TRAIL", quantity=10, stop="0.30", trailStopPrice="9.80")
    market.pass_s()
    assert reported(client, "trailStopPrice") == [("9.8",)]
    market.pass_s()
    assert reported(client, "trailStopPrice") == [("9.9",)]


def test_the_limit_of_a_trailing_stop_limit_keeps_its_distance(tws, make_trade):
    market = tws(make_trade(1, "10.50", "1"), make_trade(2, "10.30", "1"))
    client = market.client(1)
    client.place(
        1, side="SELL", type="TRAIL LIMIT", quantity=10, stop="0.20", lmtPriceOffset="0.05"
    )
    market.pass_s()
    assert reported(client, "trailStopPrice", "lmtPrice", "limitPriceOffset") == [
        ("10.3", "10.25", "0.05")
    ]
    market.pass_s()
    assert reported(client, "lmtPrice", "status") == [("10.25", "Submitted")]


def test_the_offset_of_a_trailing_stop_limit_can_be_given_by_two_prices(tws):
    client = tws().client(1)
    client.place(1, side="SELL", type="TRAIL LIMIT", quantity=10, limit="9.40",
                 stop="0.50", trailStopPrice="9.50")  # fmt: skip
    assert reported(client, "trailStopPrice", "lmtPrice", "limitPriceOffset") == [
        ("9.5", "9.4", "0.1")
    ]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"type": "TRAIL"}, 321),
        ({"type": "TRAIL", "stop": "0.20", "trailingPercent": 2}, 321),
        ({"type": "TRAIL", "trailingPercent": 100}, 321),
        ({"type": "TRAIL", "stop": "-0.20"}, 321),
        ({"type": "TRAIL", "stop": "0.205"}, 110),
        ({"type": "TRAIL", "stop": "0.20", "trailStopPrice": "9.905"}, 110),
        ({"type": "TRAIL", "stop": "0.20", "lmtPriceOffset": "0.10"}, 201),
        ({"type": "TRAIL LIMIT", "stop": "0.20"}, 321),
        ({"type": "TRAIL LIMIT", "stop": "0.20", "limit": "9.00"}, 321),
        ({"type": "STP LMT", "stop": "10.50"}, 321),
        ({"type": "MIT"}, 321),
        ({"type": "LIT", "limit": "9.00"}, 321),
        ({"type": "STP", "stop": "10.50", "tif": "OPG"}, 387),
    ],
)
def test_terms_that_do_not_make_an_order_are_refused(tws, more, code):
    client = tws().client(1)
    client.place(1, **more)
    assert client.errors() == [(1, code)]


def test_a_modify_of_the_quantity_leaves_a_trailing_stop_where_it_is(tws, make_trade):
    market = tws(make_trade(1, "10.50", "1"))
    client = market.client(1)
    terms = {"side": "SELL", "type": "TRAIL", "stop": "0.20", "trailStopPrice": "9.00"}
    client.place(1, quantity=10, **terms)
    market.pass_s()
    client.place(1, quantity=20, **terms)
    assert reported(client, "totalQuantity", "trailStopPrice") == [("20", "10.3")]


def test_a_modify_of_the_distance_starts_a_trailing_stop_anew(tws, make_trade):
    market = tws(make_trade(1, "10.50", "1"))
    client = market.client(1)
    client.place(1, side="SELL", type="TRAIL", stop="0.20")
    market.pass_s()
    client.place(1, side="SELL", type="TRAIL", stop="0.40")
    assert reported(client, "auxPrice", "trailStopPrice") == [("0.4", "10.1")]


# ---- trigger methods -----------------------------------------------------------------------------


def triggered_after(market, client, rows):
    """After how many of the rows a stop triggered; None if it did not."""
    for n in range(1, rows + 1):
        market.pass_s()
        if any(one[2] == "Submitted" for one in client.read(3)):
            return n
    return None


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (0, 3),  # the last trade, as there has been one
        (1, 4),  # the bid twice in a row
        (2, 3),
        (3, 7),  # two trades in a row: one in between was below
        (4, 2),  # the bid
        (7, 2),  # the bid or the trade
        (8, 1),  # the midpoint
    ],
)
def test_the_trigger_method_says_which_price_counts(tws, make_quote, make_trade, method, expected):
    rows = [
        make_quote(2, "10.04", "10.20"),  # the midpoint is above the stop, the bid is not
        make_quote(3, "10.10", "10.20"),
        make_trade(4, "10.10", "1"),
        make_quote(5, "10.10", "10.20"),
        make_trade(6, "10.00", "1"),
        make_trade(7, "10.10", "1"),
        make_trade(8, "10.10", "1"),
    ]
    market = tws(make_trade(1, "9.99", "1"), *rows)
    market.pass_s()
    client = market.client(1)
    client.place(1, quantity=10, stop="10.10", trigger=method)
    client.read()
    assert triggered_after(market, client, len(rows)) == expected


def test_two_quotes_count_as_double_only_in_a_row(tws, make_quote):
    bids = ["10.10", "10.00", "10.10", "10.10"]
    market = tws(*(make_quote(n, bid, "10.20") for n, bid in enumerate(bids, 1)))
    client = market.client(1)
    client.place(1, quantity=10, stop="10.10", trigger=1)
    assert triggered_after(market, client, 4) == 4


def test_the_quote_that_is_there_counts_as_the_first_of_two(tws, make_quote):
    market = tws(make_quote(1, "10.10", "10.20"), make_quote(2, "10.10", "10.20"))
    market.pass_s()
    client = market.client(1)
    client.place(1, quantity=10, stop="10.10", trigger=1)
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert statuses(client)[-1] == ("Filled", "10")


def test_an_empty_side_of_the_quote_triggers_nothing(make_tws, make_quote):
    market = make_tws([make_quote(0, "-1", "10.00", "0", "500")])
    market.client(99).subscribe()
    market.pass_s(0)
    client = market.client(1)
    client.place(1, side="SELL", stop="9.00")
    assert statuses(client) == [("PreSubmitted", "0")]


# ---- pegged to the midpoint ----------------------------------------------------------------------


def test_a_midpoint_peg_trades_at_the_midpoint_with_who_trades_there(tws, make_trade):
    market = tws(
        make_trade(1, "10.00", "500"), make_trade(2, "9.99", "40"), make_trade(3, "9.98", "500")
    )
    client = market.client(1)
    client.place(1, type="PEG MID", quantity=100)
    assert statuses(client) == [("Submitted", "0")]
    fills = []
    for _ in range(3):
        market.pass_s()
        fills.append(prices(client))
    assert fills == [[], [("40", "9.99")], [("60", "9.99")]]


def test_a_limit_caps_a_midpoint_peg_and_an_offset_makes_it_less_aggressive(tws, make_trade):
    market = tws(make_trade(1, "9.97", "500"))
    client = market.client(1)
    client.place(1, type="PEG MID", quantity=10, limit="9.98")
    client.place(2, type="PEG MID", quantity=10, stop="0.02")
    client.place(3, type="PEG MID", quantity=10, stop="0.03")
    market.pass_s()
    assert prices(client) == [("10", "9.98"), ("10", "9.97")]


def test_a_midpoint_peg_is_for_stocks_and_options(make_tws):
    client = make_tws(instruments=[EUR]).client()
    contract = [0, "EUR", "CASH", "", 0.0, "", "", "SMART", "", "USD", "", ""]
    client.place(1, type="PEG MID", contract=contract)
    assert client.errors() == [(1, 387)]
