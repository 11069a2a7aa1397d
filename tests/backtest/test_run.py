"""A back-test of a small file has the figures that were worked out by hand."""

import re
from decimal import Decimal
from io import StringIO
from typing import ClassVar

import pytest
from rich.console import Console

from tapewire.backtest.arguments import with_fills
from tapewire.backtest.report import tables
from tapewire.backtest.report.as_json import report
from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import ConfigError
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy import Strategy
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import COMMIT_NS
from tests.backtest.made import SECOND_NS, START_S, config, strategy, ticks, written

D = Decimal
HOPS = 6  # to gateway, strategy, executor, gateway, TWS, and back to the gateway
TICK_TO_FILL_NS = HOPS * HOP_NS + COMMIT_NS
"""The gateway has the order on disk before it sends it to TWS."""
DEPTH = 'symbols = ["XYZ"]\ndepth = ["XYZ"]'


@pytest.fixture
def tested(tmp_path):
    def tested(path=None, names=(), window=None, step_ns=0, text=None, models=(), **given):
        given = {"say": lambda _text: None, **given}
        file = config(tmp_path) if text is None else written(tmp_path, "own.toml", [text])
        return run(
            TickFile(path or ticks(tmp_path)), window or Window(),
            with_fills(configuration.load(str(file)), dict(models)),
            names, step_ns=step_ns, **given,
        )  # fmt: skip

    return tested


def test_profit_fees_win_rate_and_drawdown_are_those_worked_out_by_hand(tested):
    outcome = tested()
    (row,) = outcome.results.rows
    assert (row.strategy, row.symbol) == ("script", "XYZ")
    assert (row.trades, row.wins, row.win_rate) == (2, 1, 0.5)
    assert (row.quantity, row.position) == (D(610), D(10))
    assert (row.realised, row.unrealised, row.fees) == (D(-6), D("0.9"), D("4.5"))
    assert (row.gross, row.net) == (D("-5.1"), D("-9.6"))
    # highest after the sale at 10.20 (18 - 2.50 = 15.50); lowest with the short 200 marked at
    # 10.41 (18 - 42 - 2.50 = -26.50)
    assert row.max_drawdown == D(42)
    assert row.holding_s == 20
    assert outcome.results.curves.total[-1][1] == row.net


def test_the_trades_are_those_worked_out_by_hand(tested):
    results = tested().results
    long, short = results.trades
    assert (long.direction, long.quantity, long.entry_price, long.exit_price) == (
        "LONG", D(100), D("10.02"), D("10.20"),
    )  # fmt: skip
    assert (long.gross, long.fees, long.net) == (D(18), D("1.5"), D("16.5"))
    assert (short.direction, short.gross, short.fees) == ("SHORT", D(-24), D(2))
    (rest,) = results.open_trades
    assert (rest.quantity, rest.gross, rest.fees) == (D(10), D("0.9"), D(1))


def test_the_clock_shows_the_files_own_time(tested):
    first, *_ = tested().results.fills
    assert first.ts_ns == START_S * SECOND_NS + TICK_TO_FILL_NS


@pytest.mark.parametrize(("full", "messages"), [(False, 8), (True, 14)])
def test_the_ledger_matches_the_broker(tested, full, messages):
    """TWS sends a message for each side; the lane counts rows, and the market as it stood."""
    figures = tested(full=full).figures
    assert figures["faults"] == []
    assert figures["messages_sent"] == figures["messages_received"] == messages
    assert set(figures["ticks_received"].values()) == {14}
    assert (figures["signals"], figures["orders"], figures["fills"]) == (4, 4, 4)
    assert (figures["position_difference"], figures["pnl_difference"]) == ("0", "0")
    assert (figures["realised"], figures["commission"]) == ("-6", "4.5")


def test_the_same_file_twice_gives_the_same_report(tested):
    assert report(tested()) == report(tested())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", " rows were run on columns, the others in turns"),
        ('delivery = "latest"', 'idle has delivery = "latest", so it does not read every tick'),
        ('filter = "10/s"', "with --full: idle has a filter, so it does not read every tick"),
        ("broker_bars = true", "idle has broker_bars = true, and TWS makes those bars"),
        (DEPTH, "idle has depth, and TWS makes books of the quotes"),
    ],
)
def test_it_says_what_is_run_in_turns(tested, line, sentence):
    said = []
    idle = strategy("idle", "tapewire.strategy.base:Strategy", line)
    tested(text=idle, say=said.append)
    assert any(sentence in one for one in said)


@pytest.mark.parametrize(
    ("apart_s", "entry"), [(10, "22:13:20"), (86_400, "11-14 22:13"), (40 * 86_400, "2023-11-14")]
)
def test_trades_are_shown_with_the_day_where_they_are_of_several(tested, tmp_path, apart_s, entry):
    lines = [HEADER]
    for n, ask in enumerate(("10.02", "10.12", "10.22")):
        lines.append(f"{(START_S + apart_s * n) * SECOND_NS},XYZ,10,{ask},1000,1000,,")
    out = Console(width=80, file=StringIO())
    out.print(tables.shown(tested(written(tmp_path, "days.csv", lines), ["script"], full=False)))
    (row,) = re.findall(r"^script .* long .*$", out.file.getvalue(), re.MULTILINE)
    assert f" {entry} " in row


class OnBars(Strategy):
    """Buys at bars that TWS makes, and at books."""

    def on_bar(self, bar):
        self.buy(bar.symbol, 1)

    def on_depth(self, depth):
        if depth.bids and not self.pending(depth.symbol):
            self.sell(depth.symbol, 1)


@pytest.mark.parametrize("line", ["broker_bars = true", DEPTH])
def test_what_tws_alone_makes_trades_as_with_everything(tested, tmp_path, line):
    lines = [HEADER]
    lines += [
        f"{(START_S + 2 * n) * SECOND_NS},XYZ,10,10.02,{900 + n},1000,10.01,5" for n in range(12)
    ]
    path = written(tmp_path, "trades.csv", lines)
    text = strategy("reader", "tests.backtest.test_run:OnBars", line)
    found = [tested(path, text=text, full=full).results.fills for full in (False, True)]
    assert found[0]
    assert found[0] == found[1]


def test_a_step_gathers_ticks_and_moves_orders_to_its_end(tested):
    outcome = tested(step_ns=SECOND_NS)
    assert outcome.results.total.net == D("-9.6")
    assert outcome.results.fills[0].ts_ns % SECOND_NS == TICK_TO_FILL_NS


def test_only_the_strategies_that_are_named_run(tested):
    outcome = tested(names=["idle"])
    assert list(outcome.figures["ticks_received"]) == ["strategy-idle"]
    assert outcome.results.rows == []
    assert outcome.results.total.trades == 0


def test_a_window_leaves_out_what_is_before_and_after(tested):
    window = Window((START_S + 15) * SECOND_NS, (START_S + 45) * SECOND_NS)
    outcome = tested(window=window)
    assert outcome.scan.rows == 3
    assert outcome.results.trades == []
    (rest,) = outcome.results.open_trades  # 300 sold at 10.20, 200 back at 10.32, 100 at 10.31
    assert (rest.direction, rest.quantity, rest.gross) == ("SHORT", D(300), D(-35))


def test_a_strategy_that_is_not_configured_is_refused(tested):
    with pytest.raises(ConfigError, match=r"strategy nobody is not in .*idle, script"):
        tested(names=["nobody"])
    with pytest.raises(ConfigError, match=r"strategy scrip is not in .* did you mean script\?"):
        tested(names=["scrip"])


def test_a_configuration_without_strategies_is_refused(tested):
    with pytest.raises(ConfigError, match="no strategy is configured"):
        tested(text="")


def test_each_account_begins_with_the_capital(tested):
    own = strategy(
        "dear", "tests.backtest.made:Script", "[strategies.parameters.acts]", '"10.02" = 100'
    )
    rejected = tested(text=own, models={"capital": 400})
    assert (rejected.figures["fills"], rejected.figures["orders_rejected"]) == (0, 1)
    filled = tested(text=own, models={"capital": 2000})
    assert (filled.figures["fills"], filled.statistics.capital) == (1, D(2000))
    assert filled.statistics.performance.total_return == pytest.approx((10.61 - 10.02 - 0.01) / 20)


def test_a_capital_or_a_benchmark_that_cannot_be_is_refused(tested):
    for capital, must_be in (
        ("0", "1 or more"), ("-1", "1 or more"), ("NaN", "a finite number"),
        ("1e13", "1000000000000 or less"),
    ):  # fmt: skip
        with pytest.raises(
            ConfigError, match=re.escape(f"capital is '{capital}', must be {must_be}")
        ):
            tested(models={"capital": capital})
    with pytest.raises(ConfigError, match=r"benchmark is XYX, which .* did you mean XYZ\?"):
        tested(benchmark="XYX")


def test_strategies_of_other_symbols_do_not_run_and_a_note_says_so(tested):
    own = '[[instruments]]\nsymbol = "ABC"\n'
    own += strategy("other", "tapewire.strategy.base:Strategy", 'symbols = ["ABC"]')
    with pytest.raises(ConfigError, match="the strategies trade ABC; the file has XYZ"):
        tested(text=own)
    outcome = tested(text=own + strategy("b", "tapewire.strategy.base:Strategy"))
    assert any("other did not run" in note for note in outcome.notes)


def test_a_symbol_that_neither_the_configuration_nor_the_file_has_is_refused(tested):
    own = strategy("slip", "tapewire.strategy.base:Strategy", 'symbols = ["XYY"]')
    says = (
        "strategies.slip.symbols has XYY, which is in neither [[instruments]] nor the file;"
        " did you mean XYZ?"
    )
    with pytest.raises(ConfigError, match=re.escape(says)):
        tested(text=own)


def test_exceptions_of_a_strategy_appear_as_notes(tested):
    bad = strategy("bad", "tests.backtest.test_run:Bad")
    outcome = tested(text=bad)
    assert outcome.figures["failures"] == {"strategy-bad": 10}
    place = f"tests/backtest/test_run.py:{Bad.on_quote.__code__.co_firstlineno + 1}"
    error = f"ZeroDivisionError at {place}"
    assert any(f"bad raised {error}, 10 times, the first on Quote(" in n for n in outcome.notes)
    assert outcome.figures["faults"] == [
        f"strategy bad was stopped after 10 failures, the last: {error};"
        " these figures lack what came after"
    ]
    assert report(outcome)["faults"] == outcome.figures["faults"]


def test_a_strategy_that_raises_seldom_is_no_fault(tested):
    once = strategy("once", "tests.backtest.test_run:Once")
    outcome = tested(text=once)
    assert (outcome.figures["failures"], outcome.figures["faults"]) == ({"strategy-once": 1}, [])
    assert [
        n for n in outcome.notes if "raised ValueError: seldom" in n and ", once on Quote(" in n
    ]


class Bad(Strategy):
    def on_quote(self, quote):
        raise ZeroDivisionError


class Once(Strategy):
    def on_start(self):
        self.left = [ValueError("seldom")]

    def on_quote(self, quote):
        if self.left:
            raise self.left.pop()


class Counting(Strategy):
    seen: ClassVar[list[tuple[int, float]]] = []

    def on_quote(self, quote):
        self.seen.append((quote.ts_ns, quote.bid))


def test_a_warm_up_ends_before_the_first_tick(tested, tmp_path):
    warm_up = f'warm_up = {{ ticks = "{tmp_path / "history.csv"}" }}'
    own = strategy("c", "tests.backtest.test_run:Counting", warm_up)
    lines = [f"{(START_S + second) * SECOND_NS},XYZ,9,11,1,1,," for second in (-99, 5)]
    written(tmp_path, "history.csv", [HEADER, *lines])
    Counting.seen.clear()
    tested(text=own)
    assert Counting.seen[0] == ((START_S - 99) * SECOND_NS, 9)
    assert Counting.seen[1][0] == START_S * SECOND_NS + 100_000
    assert len(Counting.seen) == 15


def test_prices_alone_can_be_traded(tested, tmp_path):
    lines = ["time,price", "1700000000,10.02", "1700000010,10.22", "1700000020,10.32"]
    outcome = tested(written(tmp_path, "IBM.csv", lines))
    assert [str(f.price) for f in outcome.results.fills] == ["10.02", "10.22", "10.32"]
    assert outcome.figures["faults"] == []
    assert any("no quotes" in note for note in outcome.notes)


def test_a_night_without_ticks_costs_no_readiness(tested, tmp_path):
    night = 3 * 3600
    lines = [HEADER]
    for second, ask in ((0, "10.02"), (night, "10.22"), (night + 10, "10.32")):
        lines.append(f"{(START_S + second) * SECOND_NS},XYZ,{D(ask) - D('0.02')},{ask},900,900,,")
    outcome = tested(written(tmp_path, "days.csv", lines))
    assert outcome.figures["orders"] == outcome.figures["fills"] == 3
    assert outcome.figures["faults"] == []


class Odd(Strategy):
    WANTED: ClassVar = [(D("0.5"), None), (1, D("9.0003")), (1, D("9.0007"))]

    def on_start(self):
        self.left = [*self.WANTED]

    def on_quote(self, quote):
        if self.left:
            self.buy(quote.symbol, *self.left.pop(0))


class Halves(Odd):
    WANTED: ClassVar = [(D("0.5"),), (D("0.5"),), (D("1.5"),)]


def test_denied_signals_are_counted_with_their_reasons(tested):
    found = tested(text=strategy("odd", "tests.backtest.test_run:Odd"))
    assert (found.figures["orders"], found.figures["signals_denied"]) == (0, 3)
    because = "denied by the executor, the first because: "
    assert [note for note in found.notes if note.startswith("odd: ")] == [
        f"odd: 1 signal {because}quantity is 0.5; XYZ trades in lots of 1 (lot in its"
        " [[instruments]] entry)",
        f"odd: 2 signals {because}limit price is 9.0003; prices of XYZ are multiples of 0.01"
        " (min_tick in its [[instruments]] entry), and the nearest to it are 9 and 9.01",
    ]


def test_rejected_orders_are_counted_by_reason_with_the_first(tested):
    halves = '[[instruments]]\nsymbol = "XYZ"\nlot = 0.5\n'
    found = tested(text=halves + strategy("odd", "tests.backtest.test_run:Halves"))
    assert (found.figures["orders"], found.figures["orders_rejected"]) == (3, 3)
    assert [n for n in found.notes if n.startswith("odd: ")] == [
        "odd: 3 orders rejected, the first because: Order rejected - reason:a size of 0.5 is not a"
        " whole number (error 201, BUY 0.5 MKT of XYZ)",
    ]
