"""`tapewire query`: SQL over the views, which can neither change nor read anything else."""

import importlib
import os
import re
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tapewire.common.config import settings as configuration
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.common.events import AccountUpdated
from tapewire.console.records import blotter
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import OPEN, Folder
from tests.console.journaled import EVENTS, FIRST, T0, write
from tests.console.running import Tapewire
from tests.markdown import blocks
from tests.places import ROOT
from tests.recorder.published import Market, segment

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
query = importlib.import_module("tapewire.console.records.query")

PAGE = ROOT / "docs" / "query.md"


def asked(tapewire: Tapewire, sql: str, *more: str) -> dict[str, object]:
    ended = tapewire("query", sql, "--json", *more)
    assert ended.status == 0, ended.err
    return ended.json  # type: ignore[no-any-return]


def rows(tapewire: Tapewire, sql: str) -> list[list[object]]:
    return [[*row.values()] for row in asked(tapewire, sql)["rows"]]  # type: ignore[attr-defined]


def test_fills_are_those_of_the_blotter(tapewire: Tapewire, run_dir: Path) -> None:
    found = rows(tapewire, "SELECT exec_id, quantity, price FROM fills ORDER BY time")
    fills = blotter.fills(blotter.read(run_dir), blotter.Only())
    assert [(one[0], Decimal(str(one[1])), Decimal(str(one[2]))) for one in found] == [
        (one.exec_id, one.quantity, one.price) for one in fills
    ]
    assert fills


def test_it_says_up_to_which_event_of_each_journal_it_is_true(
    tapewire: Tapewire, run_dir: Path
) -> None:
    found = asked(tapewire, "SELECT count(*) AS n FROM orders")
    assert found["as_of"] == {source: len(events) for source, events in EVENTS.items() if events}


def test_pnl_can_be_added_up_by_any_dimension(tapewire: Tapewire, run_dir: Path) -> None:
    by_symbol = "SELECT symbol, sum(executions) FROM pnl GROUP BY symbol ORDER BY symbol"
    total = "SELECT sum(executions) FROM pnl"
    assert sum(int(str(n)) for _, n in rows(tapewire, by_symbol)) == int(
        str(rows(tapewire, total)[0][0])
    )


def test_an_order_has_what_it_cost_more_than_the_price_that_its_strategy_saw(
    tapewire: Tapewire, run_dir: Path
) -> None:
    sql = "SELECT intent_id, trigger_price, slippage, average_price FROM orders ORDER BY time"
    found = rows(tapewire, sql)
    assert found[0] == ["dip-e-1/1", "100.05", "0.11", "100.16"]  # 4 at 100.10 and 6 at 100.20
    assert found[1][1:] == [None, None, None], "a tick of AAPL caused an order of ESZ6"


def test_an_order_has_the_times_from_its_tick_to_its_last_fill(
    tapewire: Tapewire, run_dir: Path
) -> None:
    times = ("signal_time", "time", "sent_time", "first_fill_time", "last_fill_time")
    since = (f"epoch_us({name} - tick_time)" for name in times)
    sql = f"SELECT {', '.join(since)} FROM orders WHERE intent_id = 'dip-e-1/1'"
    assert rows(tapewire, sql) == [[1000, 2000, 4000, 6000, 7000]]


def test_round_trips_are_from_flat_to_flat_of_each_strategy(
    tapewire: Tapewire, run_dir: Path
) -> None:
    out = replace(FIRST, exec_id="0000c.01.01", side="SELL", price=Decimal("101"), ts_ns=T0 + 10**9)
    write(run_dir, "gateway", [replace(out, quantity=Decimal(10), intent_id="dip-e-1/1")])
    sql = "SELECT strategy, direction, quantity, gross, commission, net, exit_time IS NULL AS open"
    assert rows(tapewire, f"{sql} FROM trips ORDER BY entry_time") == [
        ["dip", "LONG", "10", "8.4", "1", "7.4", False],  # 10 at 101, for 10 at 100.16
        ["", "LONG", "1", "0", "0", "0", True],
    ]


def test_the_equity_of_an_account_is_what_the_broker_said_and_when(
    tapewire: Tapewire, run_dir: Path
) -> None:
    known = AccountUpdated(T0, "DU1", "USD", Decimal(100_000), Decimal(99_000))
    later = replace(known, ts_ns=T0 + 10**9, equity=Decimal(99_500))
    write(run_dir, "gateway", [known, later])
    write(run_dir, "liquidation", [known, later])
    sql = "SELECT account, equity, cash, buying_power FROM equity ORDER BY time"
    assert rows(tapewire, sql) == [
        ["DU1", "100000", "99000", None], ["DU1", "99500", "99000", None]
    ]  # fmt: skip


def test_what_was_denied_and_every_event_can_be_asked_for(
    tapewire: Tapewire, run_dir: Path
) -> None:
    [[count]] = rows(tapewire, "SELECT count(*) FROM events")
    assert count == sum(map(len, EVENTS.values()))
    [[denied]] = rows(tapewire, "SELECT count(*) FROM events WHERE event = 'order.denied'")
    [[same]] = rows(tapewire, "SELECT count(*) FROM denied WHERE kind = 'denied'")
    assert denied == same > 0
    sql = "SELECT fields->>'$.symbol' FROM events WHERE event = 'execution.reported'"
    assert ["AAPL"] in rows(tapewire, sql)


def test_recorded_ticks_are_in_it_compacted_or_not(tapewire: Tapewire, run_dir: Path) -> None:
    folder, market = Folder(run_dir / "recorded"), Market()
    segment(folder, 1, market.messages(10))
    compact(folder)
    segment(folder, 2, market.messages(5), end=OPEN)
    sql = "SELECT count(*), sum(price), max(symbol), max(time)::VARCHAR FROM ticks"
    [[count, paid, symbol, last]] = rows(tapewire, sql)
    assert (count, symbol) == (len(market.ticks), "AAPL")
    assert paid == pytest.approx(sum(getattr(one, "price", 0) for one in market.ticks))
    assert str(last).startswith("2024-01-08 12:00:00")


@pytest.mark.parametrize(("view", "way"), [("ticks", "[recorder]"), ("bars", "data history")])
def test_that_nothing_is_recorded_is_said(
    tapewire: Tapewire, run_dir: Path, view: str, way: str
) -> None:
    ended = tapewire("query", f"SELECT * FROM {view}")
    assert ended.status == 0
    assert f"no {view} are recorded in {run_dir}" in ended.err
    assert way in ended.err


def test_a_table_for_a_person_says_what_was_cut(tapewire: Tapewire, run_dir: Path) -> None:
    ended = tapewire("query", "SELECT symbol, quantity FROM fills ORDER BY time", "--limit", "1")
    assert ended.out.splitlines()[0].split() == ["symbol", "quantity"]
    assert len(ended.out.splitlines()) == 2
    assert "only the first 1 rows" in ended.err
    assert "as of " in ended.err


REFUSED = {
    "SELEC 1": "syntax error",
    "SELECT nothing FROM fills": "nothing",
    "SELECT * FROM trades": "views: fills, orders, positions",
    "SELECT 1; SELECT 2": "2 statements; expected one SELECT",
    "": "0 statements",
    "PIVOT pnl ON symbol USING sum(net)": "name their values, such as PIVOT pnl ON symbol IN (",
    "COPY (SELECT 1) TO '{file}'": "only SELECT is allowed",
    "ATTACH '{file}'": "only SELECT is allowed",
    "INSTALL httpfs": "only SELECT is allowed",
    "LOAD httpfs": "only SELECT is allowed",
    "SET enable_external_access = true": "only SELECT is allowed",
    "CREATE TABLE x (y INT)": "only SELECT is allowed",
    "EXPORT DATABASE '{file}'": "only SELECT is allowed",
    "SELECT * FROM read_csv('/etc/passwd')": "disabled",
    "SELECT * FROM read_text('/etc/passwd')": "disabled",
    "SELECT * FROM '/etc/passwd'": "passwd",
    "SELECT * FROM glob('/*')": "disabled",
    "SELECT * FROM config": "does not exist",
    "SELECT * FROM tables": "does not exist",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_select_over_the_views_is_refused(
    tapewire: Tapewire, run_dir: Path, tmp_path: Path, sql: str
) -> None:
    file = tmp_path / "written"
    ended = tapewire("query", sql.format(file=file))
    assert ended.status == 2, ended.out
    assert REFUSED[sql] in ended.err
    assert "root:" not in ended.err + ended.out
    assert not file.exists()


def test_a_query_that_takes_too_long_is_ended(tapewire: Tapewire, run_dir: Path) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range < b.range"
    ended = tapewire("query", endless, "--timeout", "0.2")
    assert (ended.status, "took longer than 0.2 s" in ended.err) == (1, True)


def test_ctrl_c_ends_a_query(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = query._ask

    def interrupted(*given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)  # the thread that asked has it, wherever it is
        return began(*given)

    monkeypatch.setattr(query, "_ask", interrupted)
    endless = "SELECT sum(hash(a.range, b.range)) FROM range(100000000) a, range(100000000) b"
    with pytest.raises(KeyboardInterrupt):
        query.ask(configuration.Config(run_dir=run_dir), endless, 1, 60)


def test_a_query_that_needs_too_much_memory_is_ended(run_dir: Path) -> None:
    config = configuration.Config(run_dir=run_dir)
    large = "SELECT list(range) FROM range(1000000000)"
    with pytest.raises((TapewireError, ConfigError)):
        query.ask(config, large, 1, 20)


def test_what_does_not_fit_into_memory_is_written_nowhere(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB would write it to `.tmp`, even where all access to files is off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(query.SETTINGS, "memory_limit", "40MB")
    before = {*tmp_path.rglob("*")}
    sorted_ = "SELECT range, hash(range) AS h FROM range(5000000) ORDER BY h OFFSET 4000000"
    with pytest.raises(TapewireError, match="needs more memory than 40MB"):
        query.ask(configuration.Config(run_dir=run_dir), sorted_, 1, 20)
    assert {*tmp_path.rglob("*")} == before


def test_an_answer_of_few_and_large_rows_is_bounded(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "ANSWER_MAX_BYTES", 1_000_000)
    config = configuration.Config(run_dir=run_dir)
    for large in ("repeat('x', 600)", "[range, 1, 2, 3, 4, 5, 6, 7, 8]", "{'a': repeat('x', 600)}"):
        with pytest.raises(TapewireError, match="takes more than 1,000,000 bytes"):
            query.ask(config, f"SELECT {large} AS x FROM range(5000)", 5000, 20)
        assert len(query.ask(config, f"SELECT {large} AS x FROM range(500)", 500, 20).rows) == 500


def sql_of_the_page() -> dict[str, str]:
    """Each question of the page, by the comment above it."""
    [block] = [block.text for block in blocks(PAGE) if block.language == "sql"]
    found = (one.strip() for one in block.split(";\n"))
    return dict(one.removeprefix("-- ").split("\n", 1) for one in found if one)


QUESTIONS = sql_of_the_page()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_questions_of_the_page_are_answered(
    tapewire: Tapewire, run_dir: Path, question: str
) -> None:
    """Over a session of which each of them is about at least one row."""
    segment(Folder(run_dir / "recorded"), 1, Market(at_ns=T0).messages(10))
    close = replace(FIRST, exec_id="0000c.01.01", side="SELL", price=Decimal(99), ts_ns=T0 + 10**9)
    value = AccountUpdated(T0, "DU1", "USD", Decimal(100_000))
    write(run_dir, "gateway", [replace(close, quantity=Decimal(10)), value])
    assert rows(tapewire, QUESTIONS[question])


def test_the_page_lists_every_view_with_its_columns() -> None:
    from tapewire.console.records.query_views import VIEWS

    found = dict(re.findall(r"^\| `(\w+)` \| .* \| (`.*`) \|$", PAGE.read_text(), re.MULTILINE))
    listed = {name: re.findall(r"`(\w+)`", columns) for name, columns in found.items()}
    assert listed == {name: [c.name for c in columns] for name, columns in VIEWS.items()}
