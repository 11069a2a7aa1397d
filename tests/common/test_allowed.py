"""Which keys of other hosts may connect, to what, and from where."""

import re
from itertools import chain

import pytest

from tapewire.common.bus.access import KEYS, RIGHTS, may_connect
from tapewire.common.bus.allowed import (
    Allowed,
    Decision,
    named,
    parsed,
    refusal,
    shown,
    text_of,
    with_entry,
)
from tapewire.common.bus.endpoints import STREAMS, server_of
from tapewire.common.bus.ports import OF_LOGIN, PORTS
from tapewire.common.errors import ConfigError

FAR = Allowed(b"f" * 40, "far", "strategy")
READER = Allowed(b"r" * 40, "far", "reader")
DESK = Allowed(b"o" * 40, "desk", "operator")
LISTED = (FAR, READER, DESK)
ADDRESSES = {"home": "10.0.0.1", "far": "10.0.0.2", "desk": "fd00::3"}
READ = {"market", "hosts", *chain.from_iterable(STREAMS.values())}


@pytest.mark.parametrize("socket", sorted(PORTS))
def test_each_role_may_connect_to_what_it_may_use(socket: str):
    assert may_connect("reader", socket) == (socket in READ)
    assert may_connect("strategy", socket)
    assert may_connect("operator", f"{socket}.other" if socket in OF_LOGIN else socket)


def test_every_client_that_a_key_may_act_as_is_one_that_has_rights():
    clients = {client for _, client in RIGHTS}
    assert {one for acting in KEYS.values() for one in acting} <= clients
    assert KEYS["reader"] == ()


def test_every_socket_has_a_server():
    servers = {"gateway", "liquidation", "executor", "risk", "door"}
    assert {server_of(one) for one in PORTS} == servers
    assert server_of("orders.two") == "gateway-two"
    with pytest.raises(KeyError):
        server_of("nothing")


@pytest.mark.parametrize(
    ("domain", "address", "key", "why"),
    [
        ("signals", "10.0.0.2", FAR.key, ""),
        ("market", "10.0.0.2", READER.key, ""),
        ("market", "::ffff:10.0.0.2", READER.key, ""),
        ("control", "fd00:0::0:3", DESK.key, ""),
        ("market", "10.0.0.2", b"x" * 40, "the key is not on the list"),
        ("market", "10.0.0.2", b"", "the key is not on the list"),
        ("market", "10.0.0.9", FAR.key, "the key is of host far, whose address is 10.0.0.2"),
        ("market", "", FAR.key, "the key is of host far, whose address is 10.0.0.2"),
        (
            "signals",
            "10.0.0.2",
            READER.key,
            "the key has the role reader, which may not connect to signals",
        ),
        (
            "queries.two",
            "10.0.0.2",
            READER.key,
            "the key has the role reader, which may not connect to queries.two",
        ),
        ("nothing", "10.0.0.2", FAR.key, "there is no socket nothing, or no role strategy"),
    ],
)
def test_a_connection_is_judged_by_key_address_and_socket(
    domain: str, address: str, key: bytes, why: str
):
    assert refusal(LISTED, ADDRESSES, domain, address, key) == why


def test_a_host_that_is_not_configured_is_refused():
    why = refusal(LISTED, {"home": "10.0.0.1"}, "market", "10.0.0.2", FAR.key)
    assert why == "the key is of host far, which is not in [[hosts]]"


def test_a_host_whose_address_is_no_address_is_refused():
    assert refusal(LISTED, {"far": "far.lan"}, "market", "10.0.0.2", FAR.key)


def test_another_key_of_a_host_in_the_same_role_takes_the_place_of_the_first():
    other = FAR._replace(key=b"n" * 40)
    assert set(with_entry(LISTED, other)) == {other, READER, DESK}


def test_a_key_is_of_one_host_and_one_role():
    moved = Allowed(FAR.key, "desk", "reader")
    assert set(with_entry(LISTED, moved)) == {moved, READER, DESK}


def test_what_admits_fewer_grants_less_and_what_admits_more_grants_all_of_it():
    all_of_them = Decision(LISTED, ADDRESSES).grants()
    for fewer in (
        Decision((FAR, DESK), ADDRESSES),
        Decision(LISTED, {**ADDRESSES, "far": "10.0.0.8"}),
        Decision((FAR._replace(role="reader"), READER, DESK), ADDRESSES),
    ):
        assert not all_of_them <= fewer.grants()
    assert Decision((FAR,), ADDRESSES).grants() < all_of_them


def test_a_grant_is_a_key_with_the_address_that_it_may_come_from():
    decision = Decision(LISTED, ADDRESSES)
    assert decision.grant(DESK.key) == (DESK, "fd00::3")
    assert decision.grant(b"x" * 40) is None


def test_a_user_is_the_host_and_the_role_of_a_key():
    decision = Decision(LISTED, ADDRESSES)
    assert decision.user(DESK.key) == "desk/operator"
    assert decision.user(b"x" * 40) == ""


def test_a_key_is_named_by_its_first_characters():
    assert named(LISTED, shown(FAR.key)) == FAR
    with pytest.raises(ConfigError, match="at least 8 of its characters"):
        named(LISTED, "fff")
    with pytest.raises(ConfigError, match="not on the list"):
        named(LISTED, "xxxxxxxx")
    with pytest.raises(ConfigError, match="the beginning of 2 keys"):
        named((FAR, FAR._replace(key=b"f" * 39 + b"g")), "ffffffff")


def test_a_list_is_read_as_it_was_written():
    marks = Allowed(b".:+=^!/*?&<>()[]{}@%$#-" + b"a" * 17, "a-b_C9", "reader")
    assert set(parsed(text_of((*LISTED, marks)))) == {*LISTED, marks}
    assert parsed("") == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('key = "short"\nhost = "far"\nrole = "reader"', "matching regex"),
        (f'key = "{"f" * 40}"\nhost = "far"\nrole = "king"', "role is 'king'"),
        (f'key = "{"f" * 40}"\nhost = "far away"\nrole = "reader"', "matching regex"),
        (f'key = "{"f" * 40}"\nhost = "far"\nrole = "reader"\nmore = 1', "unknown field"),
        (f'key = "{"f" * 40}"\nhost = "far"', "missing required field"),
        ("key =", "Invalid value"),
    ],
)
def test_a_damaged_list_is_refused_with_what_is_wrong(text: str, wrong: str):
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parsed(f"[[keys]]\n{text}")
