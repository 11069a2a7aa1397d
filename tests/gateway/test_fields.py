"""The fields of a TWS message: read as ibapi reads them, whatever they are."""

from typing import Any

import ibapi.decoder
import ibapi.orderdecoder
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibapi.utils import decode as of_ibapi

from tapewire.gateway.tws import fields
from tapewire.gateway.tws.fields import decode, fields_of

TEXTS = [
    "",
    "0",
    "1",
    "-1",
    "7",
    "2.5",
    "1e3",
    "1.7976931348623157E308",
    "nan",
    "DU1",
    " 4 ",
    "1_0",
]


def outcome(read: Any, kind: type, field: str | bytes | None, show_unset: bool) -> object:
    """What came of it, with its type; of an error its type alone."""
    given_fields = iter(() if field is None else (field,))
    try:
        value = read(kind, given_fields, show_unset)
    except Exception as error:  # noqa: BLE001 - which one it is is compared
        return type(error)
    return type(value), repr(value)


@pytest.mark.parametrize("show_unset", [False, True])
@pytest.mark.parametrize("kind", [str, int, float, bool])
@pytest.mark.parametrize("field", [*TEXTS, *(text.encode() for text in TEXTS), b"\xff", None])
def test_a_field_is_what_ibapi_makes_of_it(kind: type, field: str | bytes | None, show_unset: bool):
    assert outcome(decode, kind, field, show_unset) == outcome(of_ibapi, kind, field, show_unset)


@given(st.text(), st.sampled_from([str, int, float, bool]), st.booleans())
def test_any_text_is_what_ibapi_makes_of_it(field: str, kind: type, show_unset: bool):
    assert outcome(decode, kind, field, show_unset) == outcome(of_ibapi, kind, field, show_unset)


def test_ibapi_reads_its_messages_with_it():
    assert ibapi.decoder.decode is ibapi.orderdecoder.decode is fields.decode


def test_fields_end_with_a_nul_and_are_text_where_they_are_plain():
    assert list(fields_of(b"5\x00\x00AAPL\x00")) == ["5", "", "AAPL"]


def test_fields_beyond_ascii_stay_bytes():
    assert list(fields_of("5\0größe\0".encode())) == [b"5", "größe".encode()]


@pytest.mark.parametrize("text", [str(2**63), "-" + "9" * 40])
def test_a_whole_number_that_no_journal_could_keep_is_refused(text: str):
    assert decode(int, iter([str(2**63 - 1)])) == 2**63 - 1
    with pytest.raises(ValueError, match="digits, expected at most 64 bits"):
        decode(int, iter([text]))
    with pytest.raises(ValueError, match="digits, expected at most 64 bits"):
        decode(int, iter([text.encode()]))
