"""`tapewire data list | verify | export | import | compact`: what was recorded."""

import json
from pathlib import Path

import pytest

from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import NoTwsAddress, find
from tapewire.common.ticks.file import TickFile
from tapewire.console import demo
from tapewire.console.views.times import iso
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import OPEN, Folder
from tests.console.running import Tapewire
from tests.made_ticks import HALF_PAST_TWO
from tests.recorder.published import DAY, EPOCH, NOON_NS, Market, segment

pytest.importorskip("pyarrow")


@pytest.fixture
def folder(run_dir: Path) -> Folder:
    return Folder(run_dir / "recorded")


def test_nothing_recorded_is_said(tapewire: Tapewire, folder: Folder):
    assert tapewire("data", "list").out == f"nothing is recorded in {folder.path}\n"
    assert tapewire("data", "verify").out == "no files, no rows, no holes, 0 damaged\n"
    refused = tapewire("data", "export", "x.csv")
    assert (refused.status, refused.err) == (2, f"tapewire: nothing is recorded in {folder.path}\n")


def test_the_list_has_each_day_and_symbol_with_what_is_missing(tapewire: Tapewire, folder: Folder):
    market = Market()
    frames = market.messages(10, ticks=2)
    segment(folder, 1, [*frames[:6], *frames[10:]], market.report())
    compact(folder)
    segment(folder, 2, market.messages(1, "ESZ6"), end=OPEN)
    out = tapewire("data", "list").out
    assert out.splitlines()[0].startswith(f"{DAY} gateway: 2 events, 12:00:00.")
    assert f"{DAY} AAPL: 16 ticks, 12:00:00." in out
    assert "bytes, 1 hole, 2 missing\n" in out
    assert f"{DAY} ESZ6: 3 ticks, " in out
    assert out.rstrip().endswith("not yet Parquet")

    found = json.loads(tapewire("data", "list", "--symbol", "AAPL", "--json").out)
    (entry,) = found["recorded"]
    assert (entry["table"], entry["of"], entry["rows"], entry["missing"]) == (
        "ticks",
        "AAPL",
        16,
        2,
    )
    (hole,) = entry["holes"]
    assert (hole["epoch"], hole["after_seq"], hole["before_seq"]) == (EPOCH, 3, 6)
    assert NOON_NS <= hole["from_ns"] <= hole["to_ns"]


def test_verify_names_holes_and_damage_and_its_status_says_whether_there_is_damage(
    tapewire: Tapewire, folder: Folder
):
    frames = Market().messages(10, ticks=2)
    segment(folder, 1, [*frames[:6], *frames[10:]])
    compact(folder)
    ended = tapewire("data", "verify")
    assert ended.status == 0
    assert "AAPL: 2 messages of gateway missing between 2024-01-08T12:00:00." in ended.out
    assert ended.out.endswith("1 file, 16 rows, 1 hole, 0 damaged\n")

    path = next(folder.path.glob("ticks/*/*/*.parquet"))
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    ended = tapewire("data", "verify")
    assert ended.status == 1
    assert f"damaged: {path} is damaged: its checksum is not" in ended.out
    found = json.loads(tapewire("data", "verify", "--json").out)
    assert len(found["faults"]) == 1
    assert found["holes"][0]["missing"] == 2


def test_what_is_exported_and_imported_elsewhere_is_what_was_published(
    tapewire: Tapewire, folder: Folder, tmp_path: Path
):
    market = Market()
    segment(folder, 1, *[market.message(symbol, 2) for symbol in ("AAPL", "ESZ6") * 20])
    file = tmp_path / "ticks.csv.gz"
    assert tapewire("data", "export", str(file)).out == f"wrote 80 ticks to {file}\n"
    assert len([*TickFile(file).rows(None, None)]) == 80, "a back-test reads it"

    other = str(tmp_path / "other")
    (tmp_path / "o.toml").write_text(f'run_dir = "{other}"\n')
    given = ("--config", str(tmp_path / "o.toml"))
    done = tapewire("data", "import", str(file), *given)
    assert done.out == "imported 80 ticks of AAPL, ESZ6\n"
    assert {p.stat().st_mode & 0o077 for p in Path(other).rglob("*")} == {0}
    again = tapewire("data", "import", str(file), *given)
    assert again.out == done.out, "the same file again changes nothing"
    back = tmp_path / "back.csv.gz"
    tapewire("data", "export", str(back), *given)
    assert [*TickFile(back).rows(None, None)] == [*TickFile(file).rows(None, None)]
    assert tapewire("data", "verify", *given).status == 0


def test_an_export_takes_symbols_and_a_span(tapewire: Tapewire, folder: Folder, tmp_path: Path):
    market = Market()
    segment(folder, 1, *[market.message(symbol, 2) for symbol in ("AAPL", "ESZ6") * 20])
    file, middle = tmp_path / "a.csv", market.ticks[40].ts_ns
    tapewire("data", "export", str(file), "--symbol", "AAPL", "--from", iso(middle))
    rows = [*TickFile(file).rows(None, None)]
    expected = [tick.ts_ns for tick in market.of("AAPL") if tick.ts_ns >= middle]
    assert [row.ts_ns for row in rows] == expected
    assert {row.symbol for row in rows} == {"AAPL"}
    refused = tapewire("data", "export", str(file), "--symbol", "AAPX")
    assert refused.err.startswith("tapewire: --symbol is 'AAPX', which is not known; ")
    assert tapewire("data", "export", str(tmp_path / "no" / "a.csv")).status == 2


def test_an_export_of_nothing_leaves_no_file(tapewire: Tapewire, folder: Folder, tmp_path: Path):
    market = Market()
    segment(folder, 1, market.messages(5))
    file, last = tmp_path / "a.csv", market.ticks[-1].ts_ns
    late = ("--from", iso(last + 10**9), "--symbol", "AAPL")
    refused = tapewire("data", "export", str(file), *late)
    assert (refused.status, refused.out) == (2, "")
    assert "nothing is recorded in that time" in refused.err
    file.write_text("mine")
    for command in (("export", str(file)), ("replay",)):
        refused = tapewire("data", *command, "--from", iso(last), "--to", iso(last - 10**9))
        assert refused.status == 2
        assert refused.err == (
            f"tapewire: --to is {iso(last - 10**9)}, before --from, {iso(last)};"
            " expected a later time\n"
        )
    assert file.read_text() == "mine"
    assert [*tmp_path.glob(".*")] == []


def test_a_file_about_a_time_that_is_recorded_is_refused(
    tapewire: Tapewire, folder: Folder, tmp_path: Path
):
    segment(folder, 1, Market().messages(5))
    file = tmp_path / "mine.csv"
    tapewire("data", "export", str(file))
    refused = tapewire("data", "import", str(file))
    assert refused.status == 2
    assert "15 ticks of AAPL from 2024-01-08T12:00:00." in refused.err
    assert "nothing was imported: each tick would be there twice" in refused.err


def test_a_file_that_is_broken_brings_nothing(tapewire: Tapewire, folder: Folder, tmp_path: Path):
    file = tmp_path / "mine.csv"
    file.write_text(HALF_PAST_TWO + "now,AAPL,1,2,3,4,,\n")
    refused = tapewire("data", "import", str(file))
    assert refused.status != 0
    assert "line 1202" in refused.err
    assert tapewire("data", "list").out.startswith("nothing is recorded")
    file.write_text(HALF_PAST_TWO)
    assert tapewire("data", "import", str(file)).out == "imported 1,200 ticks of AAPL, MSFT\n"


def test_compact_makes_parquet_of_what_a_killed_recorder_left(tapewire: Tapewire, folder: Folder):
    segment(folder, 1, Market().messages(5), end=OPEN)
    assert tapewire("data", "compact").out == "made Parquet of 1 segment, 15 rows\n"
    assert "15 ticks" in tapewire("data", "list").out
    assert tapewire("data", "compact").out == "made Parquet of no segments, no rows\n"


def test_without_the_extra_it_says_how_to_install_it(tapewire: Tapewire, folder, monkeypatch):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda name: None)
    refused = tapewire("data", "list")
    assert refused.status == 2
    assert "pyarrow is not installed; install it with: pip install 'tapewire[data]'" in refused.err


# ---- replay ------------------------------------------------------------------------------------


def test_a_replay_plays_what_is_recorded_of_a_span_to_a_group_of_its_own(
    tapewire: Tapewire, folder: Folder, monkeypatch
):
    market, played = Market(), []
    segment(folder, 1, *[market.message(symbol, 2) for symbol in ("AAPL", "ESZ6") * 20])
    end_ns = market.ticks[60].ts_ns

    def run(file: TickFile, *settings: object, **more: object) -> dict[str, object]:
        played.append((file.path, [*file.rows(None, None)], settings, more))
        return {"faults": []}

    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(folder.path.parent))
    span = ("--symbol", "AAPL", "--to", iso(end_ns), "--speed", "20")
    assert tapewire("data", "replay", *span, "--json").json == {"faults": []}
    ((path, rows, settings, more),) = played
    expected = [tick.ts_ns for tick in market.of("AAPL") if tick.ts_ns < end_ns // 1000 * 1000]
    assert [row.ts_ns for row in rows] == expected
    assert settings[:3] == (None, 0, 20.0)
    assert more == {}, "its run directory is a new one, whatever the environment names"
    assert not path.exists()


def test_a_replay_of_nothing_and_at_no_speed_is_refused(tapewire: Tapewire, folder: Folder):
    assert "nothing is recorded in" in tapewire("data", "replay").err
    segment(folder, 1, Market().messages(5))
    assert "--speed is 'fast'" in tapewire("data", "replay", "--speed", "fast").err
    refused = tapewire("data", "replay", "--to", "2020-01-01")
    assert (refused.status, "nothing is recorded in that time" in refused.err) == (2, True)


class Stopped(Exception):
    """The group would start here."""


def test_a_replay_never_leads_to_a_tws_whatever_is_configured(
    tapewire: Tapewire, folder: Folder, config: Path, monkeypatch
):
    """Strategies that trade for real see none of it: the group of a replay has its own simulator,
    in a run directory in which nobody else trades."""
    config.write_text(
        f'{config.read_text()}[[strategies]]\nname = "dip"\nsymbols = ["AAPL"]\n'
        'strategy = "tapewire.strategy.examples.momentum:Momentum"\n'
    )
    real = f'mode = "live"\nlive_account = "U1234567"\n{config.read_text()}'
    config.write_text(real)
    segment(folder, 1, Market().messages(5))
    started = []

    def group(given: Config, *, tied: bool) -> None:
        assert tied, "it has to end with the replay"
        started.append(given)
        raise Stopped

    monkeypatch.setattr(demo, "Group", group)
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "false")
    monkeypatch.setenv("TAPEWIRE_MODE", "live")
    with pytest.raises(Stopped):
        tapewire("data", "replay")
    (found,) = started
    assert (found.simulator.enabled, found.mode) == (True, "paper")
    assert found.run_dir != folder.path.parent
    with pytest.raises(NoTwsAddress, match="the simulator has not started yet"):
        find(found, found.run_dir)
