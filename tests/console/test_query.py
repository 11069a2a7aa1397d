"""`tapewire query`: SQL over the views, which can neither change nor read anything else."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.console.records import blotter
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import OPEN, Folder
from tests.console.journaled import EVENTS
from tests.console.running import Tapewire
from tests.places import ROOT
from tests.recorder.published import Market, segment

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

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


def test_a_query_that_needs_too_much_memory_is_ended(run_dir: Path) -> None:
    from tapewire.console.records import query

    config = configuration.Config(run_dir=run_dir)
    large = "SELECT list(range) FROM range(1000000000)"
    with pytest.raises((TapewireError, ConfigError)):
        query.ask(config, large, 1, 20)


def test_the_page_lists_every_view_with_its_columns() -> None:
    from tapewire.console.records.query_views import VIEWS

    found = dict(re.findall(r"^\| `(\w+)` \| .* \| (`.*`) \|$", PAGE.read_text(), re.MULTILINE))
    listed = {name: re.findall(r"`(\w+)`", columns) for name, columns in found.items()}
    assert listed == {name: [c.name for c in columns] for name, columns in VIEWS.items()}
