"""Any bytes of a client, split anywhere, at any version: requests, or a close with its reason."""

from itertools import pairwise

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.simulator.protocol.decoders import DECODERS, decode
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.requests import BadRequest, Request
from tapewire.simulator.protocol.session import FRAME_MAX_BYTES, Session, State
from tests.ib_async_codec import Sender
from tests.simulator.conftest import Tws, fields_of

VERSIONS = st.sampled_from([152, 157, 158, 163, 164, 166, 169, 170, 176, 177, 178])
FIELDS = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "AAPL", "STK", "BAG", "nan", "1e999", "9" * 40, "None"]),
    st.text(max_size=12),
)
REQUESTS = st.builds(
    lambda kind, fields: [str(kind), *fields],
    st.one_of(st.sampled_from([*DECODERS]), st.integers(0, 120)),
    st.lists(FIELDS, max_size=130),
)
CUTS = st.lists(st.integers(0, 600), max_size=8)


def greeted(version):
    session, offer = Session(1, version), b"v100..178"
    session.received(b"API\0" + len(offer).to_bytes(4, "big") + offer)
    assert (session.state, session.version) == (State.GREETED, version)
    return session


def fed(session, stream, cuts):
    """The requests in a stream that comes in pieces."""
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [one for a, b in pairwise(places) for one in session.received(stream[a:b])]


@given(VERSIONS, st.lists(st.binary(min_size=1, max_size=60), max_size=8), CUTS)
def test_what_a_stream_means_does_not_depend_on_where_it_is_split(version, bodies, cuts):
    stream = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    whole = fed(greeted(version), stream, [])
    assert len(whole) == len(bodies)
    assert fed(greeted(version), stream, cuts) == whole


@given(VERSIONS, st.binary(max_size=400), CUTS)
def test_any_bytes_are_requests_or_a_close_with_its_reason(version, stream, cuts):
    for session in (Session(1, version), greeted(version)):
        fed(session, stream, cuts)
        assert session.is_closed == bool(session.close_reason)
        assert session.received(b"") == []


@given(VERSIONS, REQUESTS)
def test_any_request_is_read_or_refused_with_a_code(version, fields):
    try:
        found = decode(fields, version)
    except BadRequest as error:
        found = error
    assert isinstance(found, Request) or (found.code and found.text)


def test_no_more_is_kept_than_one_frame():
    session = greeted(178)
    session.received(FRAME_MAX_BYTES.to_bytes(4, "big"))
    for _ in range(FRAME_MAX_BYTES // 4096 - 1):
        assert session.received(b"x" * 4096) == []
    assert len(session._buffer) < FRAME_MAX_BYTES + 4
    assert len(session.received(b"\0" * 4096)) == 1
    assert len(session._buffer) == 0


def test_a_client_that_sends_rubbish_at_the_newest_version_harms_nobody(make_tws):
    tws = make_tws(server_version_max=178)
    good, bad = tws.client(1), tws.client(2)
    for kind in DECODERS:
        for fields in ([], ["1"], ["", "", ""], ["1", "x", "y"], ["1"] * 130):
            bad.send_bytes(frame([str(kind), *fields]))
    good.send("49", "1")
    assert good.read(49)


@pytest.mark.parametrize("version", [152, 157, 158, 169, 170, 178])
def test_a_request_with_a_field_more_or_less_is_refused_at_every_version(version):
    cancel = ["4", "1", "7", *([""] if version >= 169 else [])]
    assert decode(cancel, version)
    for changed in ([*cancel, ""], cancel[:-1]):
        with pytest.raises(BadRequest):
            decode(changed, version)


def an_order(version):
    """placeOrder as ib_async writes it."""
    sender, contract = Sender(version), ib_async.Stock("AAPL", "SMART", "USD")
    sender.placeOrder(7, contract, ib_async.LimitOrder("BUY", 100, 1.5))
    return fields_of(sender.taken())[0]


@given(
    st.sampled_from([157, 164, 170, 178]),
    st.lists(st.tuples(st.integers(1, 108), FIELDS), max_size=4),
)
def test_no_order_with_damaged_fields_harms_the_server(version, damage):
    tws = Tws(server_version_max=version)
    client = tws.client()
    fields = an_order(version)
    for place, text in damage:
        fields[place] = text
    client.send_bytes(frame(fields))
    tws.pass_s()
    client.send("49", "1")
    assert "49" in [one[0] for one in client.read()]
