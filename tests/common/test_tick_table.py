"""Files of ticks as columns: whichever way they are read, their rows are the row reader's."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.ticks import arrow, cache
from tapewire.common.ticks.arrow import table_by_arrow
from tapewire.common.ticks.cache import table_of_file
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.rows import HEADER
from tapewire.common.ticks.table import table_of

START_NS = 1_700_000_000 * 10**9
NUMBERS = st.sampled_from(["", "1", "-1", "0", "10.02", "10.020", "0.0001", "123456.789"])
ODD = st.sampled_from(["1e5", "+1", " 7", "7 ", "nan", "x", '"3"', "٣", "1.", ".5", "--1"])
SYMBOLS = st.sampled_from(["A", "BRK B", "ES-Z6", ""])
FORMS = (
    (HEADER, ","),
    ("ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size,more", ","),
    ("Time;Symbol;Bid;Ask;Price", ";"),
    ("date\ttime\tlast\tvolume", "\t"),
    ("Date,Symbol,Open,High,Low,Close,Adj Close,Volume", ","),
    ("Gmt time,Ask,Bid,AskVolume,BidVolume", ","),
)
TIMES = st.sampled_from(["ns", "ms", "iso", "day", "dotted", "zoned", "local", "offset"])
ZONES = st.sampled_from(["", "America/New_York", "Europe/Berlin"])


def rows_by(read):
    """The rows, or how it failed."""
    try:
        return [*read()]
    except (ValueError, OverflowError) as error:
        return str(error)


def stamp(kind: str, n: int) -> str:
    ns = START_NS + n * 10**6
    return {
        "ns": f"{ns}",
        "ms": f"{ns // 10**6}",
        "iso": f"2024-01-08T14:30:0{n % 10}.00{n % 7}Z",
        "day": f"2024010{n % 9 + 1}",
        "dotted": f"0{n % 9 + 1}.01.2024 09:30:00.{n:03}",
        "offset": f"2024-03-31T{n % 3 + 2:02}:{n:02}:00.5+0{n % 3}:00",
        # clocks were put back from 2 to 1
        "zoned": f"20241103 01:{n * 7 % 60:02}:00 US/Eastern",
        "local": f"2024-11-03 0{n * 8 // 60 + 1}:{n * 8 % 60:02}:00",
    }[kind]


def moment(names: list[str], name: str, kind: str, n: int) -> str:
    """The field of a time, or of a part of one; empty for other columns."""
    if {"date", "time"} <= {*names}:
        return {"date": "2024-01-08", "time": f"14:30:{n:02}"}.get(name, "")
    return stamp(kind, n) if name in ("ts_ns", "time", "date", "gmt time") else ""


@st.composite
def texts(draw):
    header, delimiter = draw(st.sampled_from(FORMS))
    value = st.one_of(NUMBERS, NUMBERS, NUMBERS, ODD) if draw(st.booleans()) else NUMBERS
    kind, lines = draw(TIMES), [header]
    for n in range(draw(st.integers(0, 12))):
        names = header.lower().split(delimiter)
        fields = [
            moment(names, name, kind, n) or draw(SYMBOLS if name == "symbol" else value)
            for name in names
        ]
        lines.append(delimiter.join(fields[: draw(st.sampled_from([99, 99, 99, 99, 2]))]))
        lines += draw(st.sampled_from([[], [], [], [], [""]]))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n"]))


@given(text=texts(), zone=ZONES, bar_time=st.sampled_from(["start", "end"]))
@settings(max_examples=150, deadline=None)
def test_arrow_reads_what_the_row_reader_reads_or_leaves_it_to_that(
    text, zone, bar_time, tmp_path_factory
):
    path = tmp_path_factory.mktemp("ticks") / "ABC.csv"
    path.write_bytes(text.encode())
    file = TickFile(path, timezone=zone, bar_time=bar_time)
    expected = rows_by(lambda: file.rows(None, None))
    found = table_by_arrow(file)
    if found is not None:
        assert [*found.rows()] == expected
    if not isinstance(expected, str):
        assert [*table_of(iter(expected)).rows()] == expected


def made(path, count=100, bid="10.01"):
    lines = [f"{START_NS + n * 1000},A,{bid},10.02,1,{n},," for n in range(count)]
    data = "\n".join([HEADER, *lines]).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return TickFile(path)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "ROWS_MIN", 10)
    return tmp_path / "cache" / "tapewire" / "ticks"


@pytest.fixture
def readings(monkeypatch):
    """How often files were read by Arrow."""
    read, count = arrow.table_by_arrow, []
    monkeypatch.setattr(cache, "table_by_arrow", lambda file: count.append(1) or read(file))
    return count


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_plain_file_is_read_by_arrow_and_once(name, tmp_path, readings):
    pytest.importorskip("pyarrow")
    file = made(tmp_path / name)
    first, second = table_of_file(file), table_of_file(file)
    assert [*first.rows()] == [*second.rows()] == [*file.rows(None, None)]
    assert len(readings) == 1


def test_a_file_is_read_again_where_it_is_of_another_symbol(tmp_path, readings):
    path = tmp_path / "a.csv"
    lines = ["time,price", *(f"{1_700_000_000 + n},{n + 1}" for n in range(20))]
    path.write_text("\n".join(lines))
    for symbol in ("AAPL", "MSFT"):
        assert next(table_of_file(TickFile(path, symbol)).rows()).symbol == symbol
    assert len(readings) == 2


def test_a_csv_in_memory_is_read_as_a_file_is_and_leaves_nothing(tmp_path, home):
    text = made(tmp_path / "a.csv").path.read_text()
    file = TickFile(InMemory("memory", text))
    assert [*table_of_file(file).rows()] == [*made(tmp_path / "a.csv").rows(None, None)]
    assert not home.exists()


def test_a_part_of_the_columns_has_the_rows_of_a_window(tmp_path):
    file = made(tmp_path / "a.csv")
    table = table_of_file(file)
    part = table.part(table.place(START_NS + 5_500, 0), table.place(START_NS + 9_000, 0))
    assert [*part.rows()] == [*file.rows(START_NS + 5_500, START_NS + 9_000)]
    assert [*part.rows(2)] == [*part.rows()][2:]


@pytest.mark.parametrize("bid", ["1.01", "10.01", "100.01", "1000.01"])
def test_arrays_of_an_entry_are_aligned_whatever_stands_before_them(bid, tmp_path, home):
    file = made(tmp_path / "a.csv", bid=bid)
    read, kept = (table_of_file(file) for _ in range(2))
    assert len([*home.iterdir()]) == 1
    assert [*kept.rows()] == [*read.rows()]
    for one in (kept.ts_ns, kept.symbols.codes, *(each.codes for each in kept.values.values())):
        assert one.flags.aligned


def test_a_file_that_has_changed_is_read_again(tmp_path, readings):
    path = tmp_path / "a.csv"
    table_of_file(made(path))
    again = table_of_file(made(path, bid="10.00"))
    assert next(again.rows()).bid == "10.00"
    assert len(readings) == 2


def test_a_file_without_symbols_is_kept_for_each_symbol_that_it_is_read_as(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("time,price\n" + "".join(f"{START_NS + n},1\n" for n in range(20)))
    found = [next(table_of_file(TickFile(path, name)).rows()).symbol for name in ("A", "B", "")]
    assert found == ["A", "B", "prices"]


def test_what_is_in_memory_is_read_from_there_and_not_kept(tmp_path, home, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "a.csv")
    text = f"{HEADER}\n" + "".join(f"{START_NS + n},B,1,2,3,4,,\n" for n in range(20))
    file = TickFile(InMemory("a.csv", text))
    assert [*table_of_file(file).rows()] == [*file.rows(None, None)]
    assert next(table_of_file(file).rows()).symbol == "B"
    assert not home.exists()


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_damaged_entry_is_read_again_from_the_file(place, tmp_path, home, readings):
    file = made(tmp_path / "a.csv")
    table_of_file(file)
    (entry,) = home.glob("*.ticks")
    data = bytearray(entry.read_bytes())
    data[place] ^= 0xFF
    entry.write_bytes(data)
    assert [*table_of_file(file).rows()] == [*file.rows(None, None)]
    entry.write_bytes(b"")
    assert [*table_of_file(file).rows()] == [*file.rows(None, None)]
    assert len(readings) == 3


def test_a_folder_that_cannot_be_written_costs_only_the_time(tmp_path, home):
    home.parent.mkdir(parents=True)
    home.write_text("a file")
    file = made(tmp_path / "a.csv")
    assert [*table_of_file(file).rows()] == [*file.rows(None, None)]


def test_the_oldest_of_too_many_entries_goes(tmp_path, home, monkeypatch):
    monkeypatch.setattr(cache, "ENTRIES_MAX", 2)
    for name in ("a", "b", "c"):
        table_of_file(made(tmp_path / f"{name}.csv"))
    assert len([*home.iterdir()]) == 2


def test_what_is_broken_is_said_as_by_the_row_reader(tmp_path):
    path = tmp_path / "a.csv"
    made(path, bid="x")
    with pytest.raises(ValueError, match="line 2: bid is 'x', expected a decimal number"):
        table_of_file(TickFile(path))
