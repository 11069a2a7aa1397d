"""Wrong values of settings are refused in sentences, and what could never work is refused too."""

from pathlib import Path

import pytest

from tapewire.common.config import faults
from tapewire.common.config.settings import Config, ConfigError, load
from tapewire.common.generic_ticks import legal

STRATEGY = '[[strategies]]\nname = "one"\nstrategy = "a.b:C"\n'
INSTRUMENT = '[[instruments]]\nsymbol = "AAPL"\n'
FILTERS = "ticks per second, 1 to 1000, such as 10/s, or a change of the price, such as >0.05"
BAD = {
    '[tws]\ndaily_restart = "23:45"': (
        "tws.daily_restart is '23:45', must be a time and its zone, such as 23:45 America/New_York"
    ),
    "[tws]\nreconnect_ms = 5000\nreconnect_max_ms = 1000": (
        "tws.reconnect_max_ms is 1000; it must be at least tws.reconnect_ms, which is 5000"
    ),
    '[web]\nhost = "0.0.0.0"': (
        "web.host is 0.0.0.0, which other machines can reach; that needs web.beyond_loopback ="
        " true, a certificate and its key"
    ),
    '[web]\nkey = "k.pem"': "web.certificate and web.key must be given together, or neither",
    "[recorder]\nfree_resume_mb = 1": (
        "recorder.free_resume_mb is 1; it must be above the 500 of free_halt_mb"
    ),
    "[storage]\nfree_resume_mb = 1": (
        "storage.free_resume_mb is 1; it must be at least 116: the 100 of free_halt_mb, and"
        " reserve_mb for each of 2"
    ),
    '[gateway]\nbars = ["5x"]': (
        "number 1 of gateway.bars is '5x', must be the width of a bar, such as 5s, 1m or 1h"
    ),
    '[tws]\nticks = "tick"': (
        "number 1 of tws.ticks is 'tick', must be 'top', 'bid_ask', 'last', 'all_last' or"
        " 'mid_point'"
    ),
    "[tws]\nticks = []": 'tws.ticks is [], must be one source of ticks at least, such as "top"',
    '[tws]\nticks = ["last", "all_last"]': (
        "tws.ticks is ['last', 'all_last'], must be \"last\" or \"all_last\", not both: the trades"
        " of one are among those of the other"
    ),
    '[tws]\nticks = ["top", "top"]': (
        "tws.ticks is ['top', 'top'], must be sources of which each is named once"
    ),
    INSTRUMENT + 'ticks = "mid_point"': (
        "ticks of [[instruments]] number 1 is 'mid_point', must be with a source of prices, such as"
        ' ["top", "mid_point"]'
    ),
    INSTRUMENT + "generic_ticks = [588, 162]": (
        "generic_ticks of [[instruments]] number 1 is [588, 162], must be numbers that TWS has for"
        f" STK, each once: {', '.join(map(str, legal('STK')))}"
    ),
    INSTRUMENT + STRATEGY + 'depth = ["MSFT"]': (
        "strategies.one.depth has MSFT, which it does not read; expected one of: AAPL"
    ),
    STRATEGY + 'filter = "10/m"': f"filter of [[strategies]] number 1 is '10/m', must be {FILTERS}",
    STRATEGY + 'filter = "1001/s"': (
        f"filter of [[strategies]] number 1 is '1001/s', must be {FILTERS}"
    ),
    STRATEGY + 'bars = ["1m"]': (
        "strategies.one.bars has 1m, which the gateway does not make; add it to gateway.bars"
    ),
    '[gateway]\nbars = ["5s"]\n' + STRATEGY + 'bars = ["1m"]': (
        "strategies.one.bars has 1m, which the gateway does not make; expected one of: 5s;"
        " or add it to gateway.bars"
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("text", "sentence"), BAD.items(), ids=BAD)
def test_a_bad_value_is_refused_with_its_name_and_what_was_expected(
    text: str, sentence: str
) -> None:
    Path("tapewire.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == f"tapewire.toml: {sentence}"


def patterns(schema: object) -> set[str]:
    """Every pattern in a schema, however deep."""
    if isinstance(schema, dict):
        own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        return own.union(*map(patterns, schema.values()))
    return set().union(*map(patterns, schema)) if isinstance(schema, list) else set()


def test_no_sentence_shows_a_regular_expression() -> None:
    found = patterns(Config.model_json_schema())
    assert found
    assert found <= faults.PATTERNS.keys()


def test_an_instrument_has_the_ticks_of_its_login_unless_it_chooses_its_own() -> None:
    Path("tapewire.toml").write_text(
        '[tws]\nticks = "last"\n'
        + INSTRUMENT
        + '[[instruments]]\nsymbol = "MSFT"\nticks = ["top", "mid_point"]\n'
        '[[gateways]]\nname = "one"\nport = 1\naccounts = ["DU1"]\nticks = "bid_ask"\n'
        '[[gateways]]\nname = "two"\nport = 2\naccounts = ["DU2"]\n'
    )
    config = load()
    found = {
        name: [one.ticks for one in config.at_login(name).all_instruments()]
        for name in ("one", "two")
    }
    own = ("top", "mid_point")
    assert found == {"one": [("bid_ask",), own], "two": [("last",), own]}
