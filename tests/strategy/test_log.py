"""A strategy's log: with its name, the symbol in hand and its own time, wherever it runs."""

import json

import pytest

from tapewire import Strategy, Trade, run_backtest
from tapewire.backtest import logbook
from tapewire.common.runtime import logs
from tapewire.common.ticks.stamps import iso
from tapewire.strategy import __main__ as main
from tapewire.strategy.log import LogLine
from tapewire.strategy.runner import Runner
from tests.backtest.made import START_S, ticks
from tests.strategy.kit import NOW, SECOND, T0, at, config, quote


def runner(lines: list[LogLine]) -> Runner:
    one = Runner(config(), ("AAPL",), "e1", lambda _raised: None, write=lines.append)
    one.start(NOW)
    return one


def test_a_line_is_about_the_symbol_in_hand_unless_it_names_another():
    lines: list[LogLine] = []
    one = runner(lines)
    strategy = one.strategy
    one._on_quote = lambda quote: strategy.log.info("seen", bid=quote.bid)
    one.on_ticks("o", [quote(2.5, symbol="MSFT")], at(5))
    strategy.on_bar = lambda bar: strategy.log.debug("bar")
    strategy.bars("AAPL", "time", "1s")
    trades = [Trade("AAPL", T0 + n * SECOND, 1.0, 1.0) for n in range(2)]
    one.on_ticks("o", trades, at(1_000))
    strategy.on_timer = lambda _ms: strategy.log.warning("idle", symbol="TSLA", of=strategy)
    strategy.every(1)
    one.tick(at(1_400))
    strategy.log.error("alone")
    assert [(one.level, one.symbol, one.text) for one in lines] == [
        ("info", "MSFT", "seen"), ("debug", "AAPL", "bar"), ("warning", "TSLA", "idle"),
        ("error", "", "alone"),
    ]  # fmt: skip
    assert (lines[0].ts_ns, lines[0].values) == (at(5).wall_ns, {"bid": 2.5})
    assert lines[2].values == {"of": repr(strategy)}, "nothing that may change is kept"
    assert str(lines[0]) == "echo MSFT seen bid=2.5"


class Says(Strategy):
    """Writes a line per quote."""

    def on_quote(self, quote):
        self.log.info("bid", bid=quote.bid)


def test_a_back_test_keeps_the_lines_at_the_markets_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_backtest(Says, ticks(tmp_path))
    first = result.log[0]
    assert (first.strategy, first.symbol, first.text) == ("Says", "XYZ", "bid")
    assert START_S * SECOND <= first.ts_ns < (START_S + 1) * SECOND
    logbook.write(result.log, tmp_path / "log.txt")
    line = (tmp_path / "log.txt").read_text().splitlines()[0]
    assert line == f"{iso(first.ts_ns)} INFO    Says XYZ bid bid={first.values['bid']}"


def test_of_many_lines_the_last_are_kept_and_a_note_says_so(monkeypatch):
    monkeypatch.setattr(logbook, "LINES_MAX", 2)
    book = logbook.Logbook()
    for n in range(3):
        book.add(LogLine(n, "info", "one", "", "x"))
    assert [line.ts_ns for line in book.lines] == [1, 2]
    assert [*book.notes()] == ["the strategies logged 3 lines; the last 2 are kept"]


@pytest.mark.usefixtures("logging_restored")
def test_live_it_is_a_line_of_the_processs_log(capsys):
    logs.configure("strategy-dip")
    main._write(LogLine(T0, "warning", "dip", "AAPL", "crossed", {"fast": 1.5}))
    main._write(LogLine(T0, "info", "dip", "", "begun"))
    every = {"event": "strategy", "process": "strategy-dip", "strategy": "dip", "at": iso(T0)}
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [{k: v for k, v in one.items() if k != "timestamp"} for one in found] == [
        {**every, "level": "warning", "symbol": "AAPL", "text": "crossed", "values": {"fast": 1.5}},
        {**every, "level": "info", "text": "begun"},
    ]
