"""Who may ask the Gateway what, and how often: tokens, limits, requests that are none."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.errors import ConfigError
from tapewire.common.instruments import Instrument
from tapewire.simulator.projectx.listing import Listing, id_of
from tapewire.simulator.projectx.pace import Limit
from tests.simulator.projectx.conftest import (
    ACCOUNT,
    CONTRACT,
    SECOND,
    START_NS,
    Gateway,
    begun,
    quoted,
)


def test_a_login_gets_a_token_that_says_when_it_ends():
    gateway = Gateway(token_s=3600)
    status, found = gateway.login()
    claims = gateway.token.split(".")[1]
    expiry = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"]
    assert (status, found["success"]) == (200, True)
    assert expiry == START_NS // SECOND + 3600


def test_a_wrong_key_gets_none():
    gateway = Gateway()
    status, found = gateway.login(key="guessed")
    assert (status, found["success"], found["errorCode"], found["token"]) == (200, False, 3, None)


def test_without_a_token_nothing_is_answered():
    gateway = Gateway()
    assert gateway.post("/Account/search") == (401, {})
    gateway.login()
    gateway.token = gateway.token[:-2] + "AA"
    assert gateway.post("/Account/search") == (401, {})


def test_a_token_ends_and_can_be_renewed_before():
    gateway = begun(token_s=100)
    gateway.pass_time(60)
    renewed = gateway.found("/Auth/validate")["newToken"]
    gateway.pass_time(60)
    assert gateway.post("/Account/search") == (401, {})
    gateway.token = renewed
    assert gateway.found("/Account/search")["accounts"][0]["id"] == ACCOUNT


def test_too_many_requests_are_refused_until_there_is_room():
    gateway = begun(others=Limit(3, 60), history=Limit(1, 30))
    for _ in range(3):
        gateway.found("/Account/search")
        gateway.pass_time(10)
    assert gateway.post("/Account/search") == (429, {})
    bars = {"contractId": CONTRACT, "unit": 2, "unitNumber": 1, "limit": 5}
    span = {"startTime": "2026-11-01T00:00:00Z", "endTime": "2026-12-01T00:00:00Z"}
    gateway.found("/History/retrieveBars", **bars, **span)
    assert gateway.post("/History/retrieveBars", **bars, **span) == (429, {})
    gateway.pass_time(30)
    gateway.found("/Account/search")
    gateway.found("/History/retrieveBars", **bars, **span)


def test_what_is_no_request_is_refused(gateway):
    assert gateway.post("/Order/burn") == (404, {})
    assert gateway.post("/Order/place", raw=b"{") == (400, {})
    assert gateway.post("/Order/place", raw=b"[1]") == (400, {})
    assert gateway.post("/Order/place", method="PUT") == (405, {})


def test_bytes_that_are_no_http_end_their_connection_alone(gateway):
    conn = gateway.connect()
    gateway.send(conn, b"\x00\x01\r\n\r\n")
    gateway.collect(conn)
    assert conn in gateway.closed
    gateway.found("/Account/search")


def test_a_connection_serves_one_request_after_the_other(gateway):
    conn = gateway.ask("/api/Account/search")
    assert gateway.answer(conn)[0] == 200
    gateway.ask("/api/Account/search", conn=conn)
    assert gateway.answer(conn)[0] == 200


ENDPOINTS = (
    "/Order/place", "/Order/modify", "/Order/v2/query", "/History/retrieveBars", "/Trade/search",
    "/Position/partialCloseContract", "/Contract/search", "/Auth/loginKey",
)  # fmt: skip
NAMES = (
    "accountId", "contractId", "type", "side", "size", "limitPrice", "customTag", "orderId",
    "filter", "unit", "unitNumber", "startTime", "endTime", "searchText", "limit", "userName",
)  # fmt: skip
VALUES = (
    None, True, -1, 0, 1, 2, 10**30, 0.5, 1e300, "", "x", "2026-11-01", ACCOUNT, CONTRACT, [],
    [[1]], {}, {"accountId": ACCOUNT, "statuses": 1}, {"accountId": [1], "statuses": [[]]},
)  # fmt: skip


@given(
    st.sampled_from(ENDPOINTS),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, len(VALUES) - 1)),
)
def test_whatever_is_asked_gets_an_answer(path, chosen):
    gateway = begun()
    status, _found = gateway.post(path, **{name: VALUES[n] for name, n in chosen.items()})
    assert status == 200
    gateway.found("/Account/search")


def test_contracts_are_found_by_name_and_by_id(gateway):
    [found] = gateway.found("/Contract/search", searchText="mnq", live=False)["contracts"]
    assert (found["id"], found["name"], found["tickSize"], found["tickValue"]) == (
        CONTRACT, "MNQZ6", 0.25, 0.5,
    )  # fmt: skip
    assert gateway.found("/Contract/searchById", contractId=CONTRACT)["contract"] == found
    assert gateway.found("/Contract/search", searchText="NG")["contracts"] == []
    assert gateway.refused("/Contract/searchById", contractId="CON.F.US.NG.Z26")[0] == 1


@pytest.mark.parametrize(
    ("symbol", "found"),
    [
        ("MNQZ6", "CON.F.US.MNQ.Z26"), ("ESH7", "CON.F.US.ES.H27"), ("CLF5", "CON.F.US.CL.F35"),
        ("MNQ 202612", "CON.F.US.MNQ.Z26"), ("6EH7", "CON.F.US.6E.H27"),
    ],
)  # fmt: skip
def test_a_future_has_an_id_by_its_month(symbol, found):
    assert id_of(Instrument(symbol=symbol, sec_type="FUT"), 2026) == found


def test_a_gateway_without_futures_is_refused():
    with pytest.raises(ConfigError, match="futures alone"):
        Listing([Instrument(symbol="AAPL")], 2026)
    with pytest.raises(ConfigError, match="not a name of a future"):
        Listing([Instrument(symbol="GOLD", sec_type="FUT")], 2026)


def test_bars_are_of_trades_the_newest_first():
    gateway = begun(*(quoted(2500, 2500.5, n * 20, last=str(2500 + n)) for n in range(20)))
    for _ in range(20):
        gateway.pass_time(20)
    asked = {"contractId": CONTRACT, "unit": 2, "unitNumber": 1, "limit": 2}
    span = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2027-01-01T00:00:00Z"}
    bars = gateway.found("/History/retrieveBars", **asked, **span)["bars"]
    whole = gateway.found("/History/retrieveBars", **asked, **span, includePartialBar=True)["bars"]
    assert [one["t"] for one in bars] == ["2026-11-18T11:12:00+00:00", "2026-11-18T11:11:00+00:00"]
    assert bars[0]["o"] == bars[1]["c"] + 1
    assert bars[0]["h"] - bars[0]["o"] == 2
    assert len(whole) == 2
    assert bars[0] in whole
    assert gateway.refused("/History/retrieveBars", **{**asked, "unit": 9}, **span)[0] == 4


DEEP = b"[" * 100_000


def test_a_target_that_is_no_address_ends_its_connection_alone():
    gateway = begun()
    for target in ("//[x", "//[x/hubs/user"):
        conn = gateway.ask(target)
        gateway.collect(conn)
        assert conn in gateway.closed
    hub = gateway.hub("user").greet()
    hub.say({})
    assert gateway.post("/Account/search")[0] == 200


def test_a_body_nested_too_deeply_is_a_bad_request():
    gateway = begun()
    assert gateway.answer(gateway.ask("/api/Account/search", raw=DEEP))[0] == 400
    assert gateway.answer(gateway.ask("/api/Auth/loginKey", raw=DEEP))[0] == 400


def test_a_connection_that_was_reset_leaves_nothing_behind():
    gateway = begun()
    conn = gateway.hub("user").greet().conn
    gateway.server.drop("user")
    gateway.collect(conn)
    assert gateway.server.is_reset(conn)
    gateway.server.closed(conn, gateway.now_ns)
    assert not gateway.server.is_reset(conn)
