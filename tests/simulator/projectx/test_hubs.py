"""The Gateway's SignalR hubs: negotiation, handshake, subscriptions, pings, and what they show."""

import json

import pytest
from wsproto.events import CloseConnection, Ping, TextMessage

from tapewire.simulator.projectx.signalr import MESSAGE_MAX_CHARS
from tests.simulator.projectx.conftest import ACCOUNT, CONTRACT, END, Gateway, begun, quoted


def arguments(records, target):
    return [one["arguments"] for one in records if one.get("target") == target]


def test_a_negotiation_gives_a_connection_its_id(gateway):
    status, found = gateway.post("/hubs/user/negotiate", prefix="")
    assert (status, found["availableTransports"][0]["transport"]) == (200, "WebSockets")
    assert found["connectionId"]


def test_a_hub_opens_with_a_token_alone(gateway):
    assert gateway.hub("user").status == 101
    assert gateway.hub("user", token="x").status == 401
    assert gateway.hub("other").status == 404


def test_another_protocol_is_refused(gateway):
    hub = gateway.hub("user")
    hub.say({"protocol": "messagepack", "version": 1})
    hub.read()
    assert hub.is_closed
    assert hub.conn in gateway.closed


def test_a_call_is_answered_if_that_is_wanted(gateway):
    hub = gateway.hub("user").greet()
    [done] = hub.call("SubscribeOrders", ACCOUNT, answer_to="1")
    [failed] = hub.call("SubscribeOrders", 7, answer_to="2")
    [unknown] = hub.call("Explode", answer_to="3")
    assert (done["type"], done["invocationId"], done.get("error")) == (3, "1", None)
    assert "SubscribeOrders" in failed["error"]
    assert "Explode" in unknown["error"]
    assert hub.call("SubscribeTrades", ACCOUNT) == []


LAST_WORDS = {
    "a call": {"type": 1, "target": "SubscribeOrders", "arguments": [ACCOUNT], "invocationId": "1"},
    "the end of the hub": {"type": 7},
    "no record": [],
}


@pytest.mark.parametrize("last", LAST_WORDS)
def test_what_comes_in_one_piece_with_the_end_of_a_connection_ends_that_alone(gateway, last):
    hub, other = gateway.hub("user").greet(), gateway.hub("user").greet()
    text = TextMessage(json.dumps(LAST_WORDS[last]) + END)
    piece = hub.socket.send(text) + hub.socket.send(Ping()) + hub.socket.send(CloseConnection(1000))
    gateway.send(hub.conn, piece)
    hub.read()
    assert hub.conn in gateway.closed
    [answer] = other.call("SubscribeOrders", ACCOUNT, answer_to="2")
    assert answer["invocationId"] == "2"


def test_the_user_hub_shows_what_becomes_of_an_order(gateway):
    hub = gateway.hub("user").greet()
    hub.call("SubscribeAccounts")
    for subject in ("Orders", "Positions", "Trades"):
        hub.call(f"Subscribe{subject}", ACCOUNT)
    gateway.place(size=2, customTag="mine")
    records = hub.read()
    orders = [one["data"] for [one] in arguments(records, "GatewayUserOrder")]
    assert [(one["status"], one["fillVolume"], one["customTag"]) for one in orders] == [
        (1, 0, "mine"), (2, 2, "mine"),
    ]  # fmt: skip
    [[trade]] = arguments(records, "GatewayUserTrade")
    [[position]] = arguments(records, "GatewayUserPosition")
    [[account]] = arguments(records, "GatewayUserAccount")
    assert (trade["data"]["size"], trade["data"]["orderId"]) == (2, orders[0]["id"])
    assert (position["action"], position["data"]["size"]) == (1, 2)
    assert account["data"]["balance"] < 1_000_000
    gateway.found("/Position/closeContract", accountId=ACCOUNT, contractId=CONTRACT)
    [[closed]] = arguments(hub.read(), "GatewayUserPosition")
    assert (closed["action"], closed["data"]["size"]) == (2, 0)
    hub.call("UnsubscribeOrders", ACCOUNT)
    gateway.place()
    assert arguments(hub.read(), "GatewayUserOrder") == []


def test_nobody_hears_of_another_account():
    gateway = begun(accounts=("PRAC1", "PRAC2"))
    hub = gateway.hub("user").greet()
    hub.call("SubscribeOrders", 1002)
    gateway.place()
    assert hub.read() == []


def test_the_market_hub_shows_quotes_trades_and_depth():
    gateway = Gateway([quoted(2500, 2500.5), quoted(2501, 2501.5, after_s=1, last="2501.5")])
    gateway.login()
    hub = gateway.hub("market").greet()
    for subject in ("Quotes", "Trades", "MarketDepth"):
        hub.call(f"SubscribeContract{subject}", CONTRACT)
    gateway.pass_time()
    hub.read()
    gateway.pass_time(1)
    records = hub.read()
    [[contract_id, quote]] = arguments(records, "GatewayQuote")
    [[_, [trade]]] = arguments(records, "GatewayTrade")
    [[_, depth]] = arguments(records, "GatewayDepth")
    assert contract_id == CONTRACT
    assert (quote["bestBid"], quote["bestAsk"], quote["lastPrice"]) == (2501.0, 2501.5, 2501.5)
    assert (trade["price"], trade["volume"], trade["type"]) == (2501.5, 2, 0)
    assert [(one["type"], one["price"]) for one in depth] == [
        (4, 2501.0), (3, 2501.5), (5, 2501.5),
    ]  # fmt: skip


def test_a_quiet_connection_is_pinged_and_a_silent_client_is_left(gateway):
    hub = gateway.hub("user").greet()
    gateway.pass_time(15)
    assert hub.read() == [{"type": 6}]
    hub.say({"type": 6})
    gateway.pass_time(20)
    hub.read()
    assert not hub.is_closed
    gateway.pass_time(10)
    hub.read()
    assert hub.is_closed


def test_records_may_come_in_pieces(gateway):
    hub = gateway.hub("user").greet()
    text = '{"type":1,"target":"SubscribeAccounts","arguments":[],"invocationId":"1"}\x1e'
    for part in (text[:20], text[20:]):
        hub.send(TextMessage(part))
    assert [one["invocationId"] for one in hub.read()] == ["1"]


@pytest.mark.parametrize("text", ["{", "[]\x1e", '{"type":1,"target":"X"}\x1e', '{"type":7}\x1e'])
def test_what_is_no_record_ends_the_connection(gateway, text):
    hub = gateway.hub("user").greet()
    hub.send(TextMessage(text))
    hub.send(TextMessage("\x1e"))
    hub.read()
    assert hub.is_closed


@pytest.mark.parametrize("text", ["[" * 100_000 + END, "x" * (MESSAGE_MAX_CHARS + 1)])
def test_a_record_too_deep_or_without_an_end_closes_its_hub_alone(gateway, text):
    hub = gateway.hub("user").greet()
    for at in range(0, len(text), MESSAGE_MAX_CHARS // 2):
        hub.send(TextMessage(text[at : at + MESSAGE_MAX_CHARS // 2]))
    hub.read()
    assert hub.is_closed
    assert gateway.post("/Account/search")[0] == 200
