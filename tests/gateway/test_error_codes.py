"""The table of TWS's error codes: every code has a row or a named default, and keeps its effect."""

from typing import get_args

import ibapi.errors
import pytest

from tapewire.common.events import ErrorClass
from tapewire.gateway.effects import Effect
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.codes.orders import ORDERS
from tapewire.gateway.tws.codes.others import CONNECTION, DATA, DEFAULTS, REQUESTS
from tapewire.gateway.tws.codes.row import ACTIONS, EFFECTS

OBSERVED = (
    100, 101, 102, 103, 104, 105, 110, 135, 161, 162, 200, 201, 202, 300, 309, 320, 321, 322, 326,
    354, 362, 366, 399, 404, 413, 502, 504, 507, 1100, 1101, 1102, 1300, 2103, 2104, 2105, 2106,
    2107, 2108, 2109, 2110, 2157, 2158, 10089, 10090, 10091, 10147, 10148, 10167, 10168, 10190,
    10197, 10349,
)  # fmt: skip
"""Codes that a TWS was seen to send, or that its documents name."""
OF_THE_LIBRARY = sorted(
    one.errorCode for one in vars(ibapi.errors).values()
    if isinstance(one, ibapi.errors.CodeMsgPair)
)  # fmt: skip
REFUSED = (
    103, 106, 107, 109, 110, 111, 113, 116, 132, 133, 134, 140, 141, 144, 160, 163, 200, 203, 320,
    321, 322, 355, 362, 383, 387, 388, 413, 434, 435, 436, 10052, 10268, 10269, 10289, 10318,
)  # fmt: skip
ENDINGS: dict[int, Effect] = {
    201: "rejected", 202: "cancelled", 161: "cancel_rejected", 10147: "cancel_rejected",
    10148: "cancel_too_late", 104: "modify_rejected", 105: "modify_rejected",
    329: "modify_rejected", 135: "unknown_order",
}  # fmt: skip


@pytest.mark.parametrize("code", [*OBSERVED, *OF_THE_LIBRARY])
def test_every_code_of_both_lists_has_a_row_with_its_sentence(code: int):
    row = errors.CODES[code]
    assert row.meaning.endswith(".")
    assert row.error_class in get_args(ErrorClass)


def test_no_code_has_two_rows():
    rows = [row.code for part in (CONNECTION, DATA, REQUESTS, ORDERS) for row in part]
    assert len(rows) == len(set(rows)) == len(errors.CODES)


def test_the_codes_that_end_an_order_or_what_was_asked_of_it_are_these_and_no_others():
    ending = {
        c: r.effect for c, r in errors.CODES.items() if r.effect not in ("warning", "unlisted")
    }
    assert ending == ENDINGS | dict.fromkeys(REFUSED, "refused")


@pytest.mark.parametrize("code", [399, 404, 10349, *range(2100, 2200)])
def test_an_order_lives_on_after_a_warning_and_after_any_notice(code: int):
    assert errors.meaning(code).effect == "warning"


@pytest.mark.parametrize(
    ("code", "expected"),
    [(599, "reconnect"), (1999, "warn"), (2199, "warn"), (7, "request"), (10311, "request"),
     (-5, "request"), (2**40, "request")],
)  # fmt: skip
def test_a_code_without_a_row_falls_to_the_default_of_its_range(code: int, expected: ErrorClass):
    row = errors.meaning(code)
    assert (row.code, row.error_class) == (code, expected)
    assert row.effect in ("unlisted", "warning")  # it never ends an order


def test_every_class_and_every_effect_has_its_sentence():
    assert set(ACTIONS) == set(get_args(ErrorClass))
    assert set(EFFECTS) == set(get_args(Effect))
    assert {row.error_class for *_, row in DEFAULTS} <= set(ACTIONS)


def test_what_a_code_is_about_decides_its_class():
    refused = errors.meaning(200)
    assert errors.class_of(refused, "order") == "order"
    assert errors.class_of(refused, "symbol") == "request"
    assert errors.class_of(errors.meaning(201), "request") == "request"
    assert errors.class_of(errors.meaning(354), "symbol") == "delayed"


def test_what_a_code_means_for_a_market_data_line_is_in_the_same_table():
    found = {code: row.line for code, row in errors.CODES.items() if row.line}
    assert found == {
        **dict.fromkeys((354, 10168, 10186), "not live"),
        **dict.fromkeys((10089, 10090, 10091, 10167), "delayed"),
        **dict.fromkeys((101, 309, 10190), "full"),
        **dict.fromkeys((200, 320, 321, 322, 420, 10092, 10187, 10189, 10197), "refused"),
        **dict.fromkeys((316, 10182, 10225), "deactivated"),
        317: "reset",
        300: "unknown",
    }
    assert errors.meaning(10311).line is None  # a code that nobody knows ends no line
