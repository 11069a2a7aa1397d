"""What a demo says and decides before it starts: which strategies run, and how long it takes."""

from pathlib import Path

import pytest

from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.file import TickFile
from tapewire.console import demo
from tests.console.running import Tapewire

HOUR_NS = 3_600_000_000_000
ENDING = "--speed max plays it as fast as possible, --seconds ends it earlier"


@pytest.fixture
def hours(tmp_path: Path) -> TickFile:
    """Five ticks, an hour apart, from 1970-01-01T01:00Z on."""
    path = tmp_path / "ticks.csv"
    rows = [f"{n * HOUR_NS},AAPL,10,10.1,100,100,," for n in range(1, 6)]
    head = "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"
    path.write_text("\n".join([head, *rows, ""]))
    return TickFile(path)


def test_a_long_file_is_announced_with_what_shortens_it(hours: TickFile):
    said = demo.how_long(hours, None, 0, 1)
    assert said.startswith(f"the file takes 4.0h at --speed 1; {ENDING}")
    assert demo.how_long(hours, "1970-01-01T03:00Z", 0, 10).startswith("the file takes 12m at")


def test_what_is_read_of_it_is_the_least_that_it_takes(hours: TickFile, monkeypatch):
    monkeypatch.setattr(demo, "ROWS_MAX", 3)
    assert demo.how_long(hours, None, 0, 2).startswith(
        "the file takes more than 1.0h at --speed 2;"
    )


@pytest.mark.parametrize(
    ("seconds", "speed"), [(0, 0), (60, 1), (0, 200)], ids=["max", "bounded", "soon over"]
)
def test_nothing_is_said_where_the_end_is_near_or_known(hours: TickFile, seconds, speed):
    assert demo.how_long(hours, None, seconds, speed) == ""


def test_only_the_strategies_that_are_named_run(hours: TickFile):
    config = Config(strategies=({"name": "a", "strategy": "x:A"}, {"name": "b", "strategy": "x:B"}))
    said: list[str] = []
    assert [s.name for s in demo._on_file(config, hours, ["b"], said.append).strategies] == ["b"]
    assert [s.name for s in demo._on_file(config, hours, [], said.append).strategies] == ["a", "b"]
    with pytest.raises(ConfigError, match=r"strategy c is not in \[\[strategies\]\]"):
        demo._on_file(config, hours, ["c"], said.append)


def test_spreads_on_a_chain_are_traded_by_no_other_strategy(tapewire: Tapewire, hours: TickFile):
    ended = tapewire("demo", "--ticks", str(hours.path), "--chain", "AAPL", "--strategy", "a")
    assert ended.status == 2
    assert "--chain brings a strategy of its own; leave --strategy away" in ended.err
