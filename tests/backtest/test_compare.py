"""A live run against a back-test, order by order."""

from decimal import Decimal

import pytest

from tapewire.backtest.compare import as_json, compare, read_run
from tapewire.common.config.settings import ConfigError
from tapewire.common.runtime.journal import SqliteJournal
from tests.backtest.made import SECOND_NS, fill

D = Decimal
DAY = 86_400


def test_equal_orders_are_counted_and_not_listed():
    back = [fill("BUY", 10, 100, 1), fill("SELL", 10, 101, 5)]
    ours = [fill("BUY", 10, 100, DAY + 1), fill("SELL", 10, 101, DAY + 5)]
    pairs = compare(ours, back, -DAY * SECOND_NS)
    found = as_json(pairs, "run", -DAY * SECOND_NS)
    assert (found["equal"], found["differences"]) == (2, [])


def test_another_price_is_listed_with_its_delay():
    (pair,) = compare([fill("BUY", 10, "100.5", 2)], [fill("BUY", 10, 100, 1)], 0)
    (found,) = as_json([pair], "run", 0)["differences"]
    assert (found["price_difference"], found["quantity_difference"]) == ("0.5", "0")
    assert found["delay_us"] == 1_000_000
    assert found["live"]["price"] == "100.5"


def test_an_order_without_a_partner_moves_no_other():
    back = [fill("BUY", 10, p, s) for s, p in ((1, 100), (20, 101), (40, 102))]
    ours = [fill("BUY", 10, p, s) for s, p in ((1, 100), (40, 102), (60, 103))]
    found = as_json(compare(ours, back, 0), "run", 0)
    assert (found["equal"], found["only_live"], found["only_backtest"]) == (2, 1, 1)
    first, second = found["differences"]
    assert (first["live"], first["backtest"]["price"]) == (None, "101")
    assert (second["live"]["price"], second["backtest"]) == ("103", None)


def test_executions_of_one_order_are_one():
    parts = [fill("BUY", 4, 100, 1, number=1, intent="i"), fill("BUY", 6, 105, 2, intent="i")]
    (pair,) = compare(parts, [fill("BUY", 10, 103, 1)], 0)
    assert pair.is_equal


def test_strategies_symbols_and_sides_are_kept_apart():
    back = [fill("BUY", 1, 1, 1, "a"), fill("SELL", 1, 1, 1, "a", number=7)]
    ours = [fill("BUY", 1, 1, 1, "b"), fill("BUY", 1, 1, 1, "a", symbol="Q", number=8)]
    found = as_json(compare(ours, back, 0), "run", 0)
    assert (found["equal"], found["only_live"], found["only_backtest"]) == (0, 2, 2)


def test_a_run_directory_gives_its_fills_and_the_start_of_its_market(tmp_path):
    (tmp_path / "journals").mkdir()
    journal = SqliteJournal(tmp_path / "journals" / "gateway.sqlite")
    journal.append([fill("BUY", 1, 1, 1)])
    journal.close()
    lines = ['{"kind":"order","ts_ns":1}', '{"kind":"market_data","ts_ns":77,"sent":1}']
    (tmp_path / "audit.jsonl").write_text("\n".join(lines))
    found = read_run(tmp_path)
    assert (len(found.fills), found.market_ns) == (1, 77)


def test_a_folder_that_is_no_run_directory_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no gateway\.sqlite"):
        read_run(tmp_path)
