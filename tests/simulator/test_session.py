"""Handshake and framing, whatever the bytes."""

import random

import pytest

from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.session import FRAME_MAX_BYTES, Session, State


def hello(versions=b"v100..157"):
    return b"API\0" + len(versions).to_bytes(4, "big") + versions


def session(version_max=157):
    return Session(1, version_max)


def greeted():
    made = session()
    made.received(hello())
    return made


@pytest.mark.parametrize(
    ("offer", "version_max", "agreed"),
    [
        (b"v100..157", 178, 157),
        (b"v157..178", 157, 157),
        (b"v157..178", 176, 176),
        (b"v157..178 +PACEAPI", 157, 157),
        (b"v176", 178, 176),
    ],
)
def test_the_lower_maximum_is_agreed_on(offer, version_max, agreed):
    made = session(version_max)
    made.received(hello(offer))
    assert (made.state, made.version) == (State.GREETED, agreed)


@pytest.mark.parametrize(
    "offer", [b"v158..178", b"v100..151", b"157", b"v..", b"v1..2..3", b"\xff"]
)
def test_versions_that_cannot_be_agreed_on_close(offer):
    made = session()
    made.received(hello(offer))
    assert made.is_closed
    assert made.close_reason


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n", b"\0\0\0\x05hello", b"APX", b"API\0\xff\xff\xff\xff"]
)
def test_garbage_instead_of_a_handshake_closes(garbage):
    made = session()
    assert made.received(garbage) == []
    assert made.is_closed


def test_bytes_may_arrive_in_any_pieces():
    stream = hello() + frame(["71", "2", "1", ""]) + frame(["49", "1"]) + frame(["17", "1"])
    whole = [["71", "2", "1", ""], ["49", "1"], ["17", "1"]]
    for seed in range(50):
        made, pieces, at = session(), [], 0
        chance = random.Random(seed)
        while at < len(stream):
            size = chance.randint(1, 7)
            pieces += made.received(stream[at : at + size])
            at += size
        assert pieces == whole


def test_a_frame_that_is_too_long_closes_and_keeps_what_came_before():
    made = greeted()
    size = (FRAME_MAX_BYTES + 1).to_bytes(4, "big")
    assert made.received(frame(["49", "1"]) + size + b"x") == [["49", "1"]]
    assert made.is_closed
    assert "expected a frame of 1 to 65536 bytes, found 65537" in made.close_reason


def test_an_empty_frame_closes():
    made = greeted()
    made.received(b"\0\0\0\0")
    assert made.is_closed


def test_after_closing_nothing_is_read():
    made = greeted()
    made.close("test")
    assert made.received(frame(["49", "1"])) == []


def test_nothing_is_served_before_start_api(make_tws):
    client = make_tws().connect()
    client.send_bytes(hello())
    client.send("49", "1")
    client.send("8", "1", "1")
    assert [len(one) for one in client.read()] == [2]  # the handshake's answer


def test_start_api_is_answered_with_account_id_and_notices(make_tws):
    client = make_tws(first_order_id=5).connect().start(1)
    greeting, *answers = client.read()
    assert greeting == ["157", "20231114 22:13:20 UTC"]
    assert answers[:2] == [["15", "1", "DU1234567"], ["9", "1", "5"]]
    assert [one[3] for one in answers[2:]] == ["2104", "2106", "2158"]


def test_a_client_id_in_use_is_refused_and_the_first_keeps_it(make_tws):
    tws = make_tws()
    first, second = tws.client(4), tws.connect().start(4)
    assert second.errors() == [(-1, 326)]
    assert tws.closing == [second.conn]
    first.send("49", "1")
    assert first.read(49) == [["49", "1", "1700000000"]]


def test_a_client_id_is_free_again_when_its_connection_is_gone(make_tws):
    tws = make_tws()
    tws.client(4).close()
    assert tws.connect().start(4).read(9)


@pytest.mark.parametrize(
    ("fields", "code"),
    [(["4", "1"], 320), (["4", "1", "x"], 320), (["250", "1", "A"], 321), (["x"], 320), ([], 320)],
)
def test_a_bad_request_is_answered_and_the_next_one_served(make_tws, fields, code):
    client = make_tws().client()
    client.send(*fields)
    client.send("49", "1")
    error, time = client.read()
    assert (error[0], error[3], time[0]) == ("4", str(code), "49")


def test_garbage_of_one_client_is_not_felt_by_another(make_tws):
    tws = make_tws()
    good, bad = tws.client(1), tws.client(2)
    bad.send_bytes(b"\xff" * 100)
    good.send("49", "1")
    assert good.read(49)
    assert tws.closing == [bad.conn]


def test_random_requests_never_harm_the_server(make_tws):
    tws, chance = make_tws(), random.Random(3)
    words = ["", "0", "1", "-1", "AAPL", "STK", "1e999", "nan", "\udcff", "9" * 20]
    for number in range(2_000):
        client = tws.client(number)
        kind = str(chance.randint(1, 110))
        made = [kind, *chance.choices(words, k=chance.randint(0, 130))]
        client.send_bytes(frame(made))
        client.close()
    last = tws.client(9_999)
    last.send("49", "1")
    assert last.read(49)
