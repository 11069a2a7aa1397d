"""Wrong values of settings are refused in sentences, and what could never work is refused too."""

from pathlib import Path

import pytest

from tapewire.common.config import faults
from tapewire.common.config.settings import Config, ConfigError, load

STRATEGY = '[[strategies]]\nname = "one"\nstrategy = "a.b:C"\n'
FILTERS = "ticks per second, 1 to 1000, such as 10/s, or a change of the price, such as >0.05"
BAD = {
    '[tws]\ndaily_restart = "23:45"': (
        "tws.daily_restart is '23:45', must be a time and its zone, such as 23:45 America/New_York"
    ),
    "[tws]\nreconnect_ms = 5000\nreconnect_max_ms = 1000": (
        "tws.reconnect_max_ms is 1000; it must be at least tws.reconnect_ms, which is 5000"
    ),
    '[gateway]\nbars = ["5x"]': (
        "number 1 of gateway.bars is '5x', must be the width of a bar, such as 5s, 1m or 1h"
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
