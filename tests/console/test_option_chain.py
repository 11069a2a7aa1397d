"""Which options of a file a demo trades."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.options import read_name
from tapewire.common.ticks.rows import HEADER
from tapewire.console.option_chain import OPTIONS_MAX, chain_of, nearest
from tapewire.simulator import chain_file

DAY = "1451001600000000000"  # 25 December 2015, UTC


@pytest.fixture
def write(tmp_path: Path):
    def write(*lines: str) -> Path:
        path = tmp_path / "chain.csv"
        path.write_text("\n".join([HEADER, *(f"{DAY},{line}" for line in lines)]) + "\n")
        return path

    return write


def test_the_options_of_a_file_are_those_that_are_quoted_and_expire_later(write):
    path = write(
        "GOOG,749.9,750.1,1,1,,",
        "GOOG  151225C00750000,1,1.1,1,1,,",  # it expires on the same day
        "GOOG  160115C00750000,13.25,13.4,1,1,,",
        "GOOG  160115C00760000,,9,0,1,,",  # one side
        "GOOG  160115C00770000,-1,9,0,1,,",  # TWS's way to say the same
        "GOOG  160115C00765000,5,6,1,1,,",
        "AAPL  160115C00110000,5,6,1,1,,",
        "MSFT,50,50.1,1,1,,",
    )
    chain = chain_of(path, "GOOG", None)
    assert chain.expiry == "20160115"
    assert list(chain.symbols) == ["GOOG", "GOOG  160115C00750000", "GOOG  160115C00765000"]
    assert set(list(chain.symbols.values())[1:]) == {Decimal("0.01")}, "the finest that was seen"
    strategy = chain.strategy(["DU1"])
    assert strategy.parameters == {"chain": "GOOG 20160115"}
    assert (strategy.symbols, strategy.account) == (tuple(chain.symbols), "")
    assert chain.strategy(["DU1", "DU2"]).account == "DU1", "with several it has to be named"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["MSFT,50,50.1,1,1,,"], "has no quote of it"),
        (["GOOG,750,,1,,,", "GOOG  160115C00750000,1,2,1,1,,"], "has no quote of it"),
        (["GOOG,750,751,1,1,,", "GOOG  160115C00750000,1,2,1,1,,"], "quotes of 1 options on it"),
    ],
)
def test_a_file_without_a_chain_is_refused(write, lines: list[str], says: str):
    with pytest.raises(ConfigError, match=says):
        chain_of(write(*lines), "GOOG", None)


def test_the_options_nearest_to_the_money_come_first_of_the_largest_expiry():
    names = [f"A     160{day}C{strike:05d}000" for day in ("115", "219") for strike in range(1, 61)]
    names += [f"A     160115P{strike:05d}000" for strike in range(1, 61)]
    found = nearest({name: read_name(name) for name in names}, 30.2)
    assert len(found) == OPTIONS_MAX
    assert {name[6:12] for name in found} == {"160115"}
    assert [name[12:] for name in found[:3]] == ["C00030000", "P00030000", "C00031000"]
    assert "A     160115C00060000" not in found[:80]


def test_a_chain_made_from_a_seed_is_one(tmp_path: Path):
    rows = [[str(v or "") for v in msgspec.structs.astuple(r)] for r in chain_file.rows("AAPL", 1)]
    path = tmp_path / "made.csv"
    path.write_text("\n".join([HEADER, *(",".join(row) for row in rows)]) + "\n")
    chain = chain_of(path, "AAPL", None)
    assert len(chain.symbols) == 1 + OPTIONS_MAX
    assert rows == [
        [str(v or "") for v in msgspec.structs.astuple(r)] for r in chain_file.rows("AAPL", 1)
    ]
