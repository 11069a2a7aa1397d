"""The message for a name that is not known."""

import pytest

from tapewire.common.config.near import LISTED_MAX, expected

SAID = [
    ("nope", ["momentum", "dip"], "expected one of: dip, momentum"),
    ("momentm", ["momentum", "dip"], "did you mean momentum? Known: dip, momentum"),
    ("aapl", ["AAPL", "MSFT"], "did you mean AAPL? Known: AAPL, MSFT"),
    ("denied", ["order.denied", "fill"], "did you mean order.denied? Known: fill, order.denied"),
    ("fast", ["fast-a", "fast-b"], "did you mean fast-a or fast-b?"),
    ("q", ["xa", "y"], "expected one of: xa, y"),
    ("x", [], "none is known"),
]


@pytest.mark.parametrize(("given", "known", "said"), SAID)
def test_it_is_said_what_is_known_and_what_was_probably_meant(given, known, said):
    assert expected(given, known) == said


def test_a_long_list_is_left_out_where_a_name_comes_near():
    known = [f"name-{number:02}" for number in range(LISTED_MAX + 1)]
    assert expected("name-00x", known) == "did you mean name-00?"
    assert expected("?", known) == f"expected one of: {', '.join(known)}"
