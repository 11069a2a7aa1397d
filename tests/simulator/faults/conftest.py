"""A TWS whose market stands at 99.99 to 100.01, and two clients' ways to look at it."""

import pytest

RICH = "100000"


@pytest.fixture
def tws(make_tws, make_quote):
    """A TWS with quotes for a while, the first of which is there."""
    quotes = [make_quote(n, "99.99", "100.01", RICH, RICH) for n in range(200)]
    made = make_tws(quotes)
    watcher = made.client(9)
    watcher.subscribe()
    made.pass_s(1)
    watcher.close()
    return made


@pytest.fixture
def inject(tws):
    """`inject(what, **given)`: and let the server notice it, as a turn of its process would."""

    def now(what, **given):
        number = tws.server.faults.inject(what, **given)
        tws.pass_s(0)
        return number

    return now
