"""Orders fill alike with each model whichever way a back-test runs, and as the models say."""

from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.backtest.arguments import with_fills
from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import ConfigError
from tapewire.common.ticks.file import TickFile
from tapewire.strategy import Strategy
from tests.backtest.lanes import both, executions, made, turns
from tests.backtest.lanes import configuration as actors
from tests.backtest.made import START_S, config, strategy, ticks, written
from tests.backtest.test_lane import ACTS, DENSE, ROWS, SPARSE

D = Decimal
MODELS = (
    {"slippage": "3 bp", "partial_fills": False, "margin": "cash", "capital": 3_000},
    {"queue": "shown", "latency_ms": 40, "commission": "0.02 per share to 30, 0.01 per share"},
)
KINDS = ("limit", "market", "limit", "bracket", "modify", "close")
ACTED = [(5 + 9 * n, KINDS[n % 6], 12 - 5 * (n % 5), 1 + n % 4) for n in range(24)]
ANY_MODEL = st.fixed_dictionaries(
    {
        "slippage": st.sampled_from(["0", "2 ticks", "5 bp"]),
        "queue": st.sampled_from(["quote", "shown"]),
        "partial_fills": st.booleans(),
        "latency_ms": st.sampled_from([0, 0.3, 40, 1_000]),
        "commission": st.sampled_from(["ib", "0.1 %", "0.02 per share to 30, 0.01 per share"]),
        "margin": st.sampled_from(["ib", "cash", "none"]),
        "capital": st.sampled_from([1_000_000, 3_000]),
    }
)


@cache
def rows():
    return made(23, 130, SPARSE)


@cache
def plain():
    return executions(turns(actors(ACTED), rows()))


@pytest.mark.parametrize("models", MODELS, ids=str)
def test_the_lane_and_the_whole_group_fill_alike(models):
    full, direct, lane = both(with_fills(actors(ACTED), models), rows())
    assert executions(direct) == executions(full)
    assert direct.server.books()["accounts"] == full.server.books()["accounts"]
    assert executions(direct) != plain(), "the models change nothing here"
    assert lane.jumped_ns


def test_turns_without_the_lane_fill_alike():
    chosen = with_fills(actors(ACTED), MODELS[1])
    _, direct, _ = both(chosen, rows(), full=False)
    assert executions(turns(chosen, rows())) == executions(direct)


@pytest.mark.soak
@settings(max_examples=150, deadline=None)
@given(
    acts=ACTS,
    models=ANY_MODEL,
    seed=st.integers(0, 10**6),
    gaps_ns=st.sampled_from([DENSE, SPARSE]),
)
def test_random_strategies_fill_alike_with_random_models(acts, models, seed, gaps_ns):
    chosen, market = with_fills(actors(acts), models), made(seed, ROWS, gaps_ns)
    full, direct, _ = both(chosen, market)
    assert executions(direct) == executions(full) == executions(turns(chosen, market))


# ---- the settings --------------------------------------------------------------------------------


@pytest.fixture
def tested(tmp_path):
    def tested(text=None, rows=None, full=False, **models):
        file = config(tmp_path) if text is None else written(tmp_path, "own.toml", [text])
        return run(
            TickFile(rows or ticks(tmp_path)), Window(),
            with_fills(configuration.load(str(file)), models), [],
            full=full, say=lambda _text: None,
        )  # fmt: skip

    return tested


def test_they_come_from_the_configuration_and_a_run_overrides_them(tested, tmp_path):
    text = config(tmp_path).read_text() + '\n[backtest]\nslippage = "2 ticks"\ncommission = "1 %"\n'
    prices = [one.price for one in tested(text).results.fills]
    assert prices[0] == D("10.04")
    outcome = tested(text, slippage="0.05", commission="none")
    assert outcome.results.fills[0].price == D("10.07")
    assert outcome.results.total.fees == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"slippage": "much"}, r"slippage is 'much', must be 0, ticks up to 1,000 \(1 tick\)"),
        ({"commission": "5"}, 'commission is \'5\', must be "ib", "none", or rates such as'),
        ({"queue": "back"}, "queue is 'back', must be 'quote' or 'shown'"),
        ({"latency_ms": 1001}, "latency_ms is 1001, must be 1000 or less"),
        ({"margin": "no"}, "margin is 'no', must be 'ib', 'cash' or 'none'"),
        ({"at_end": "sell"}, "at_end is 'sell', must be 'mark' or 'close'"),
    ],
)
def test_what_is_not_allowed_is_refused_with_a_sentence(tested, given, sentence):
    with pytest.raises(ConfigError, match=sentence):
        tested(**given)


def test_an_order_meets_the_market_that_its_latency_has_led_to(tested):
    first = [one.results.fills[0].ts_ns for one in (tested(), tested(latency_ms=300))]
    assert first[1] - first[0] == 300_000_000


def test_an_order_beyond_the_capital_is_rejected_and_a_note_says_it_as_tws_does(tested):
    bought = strategy(
        "dear", "tests.backtest.made:Script", "[strategies.parameters.acts]", '"10.02" = 100'
    )
    assert tested(bought, capital=600).figures["fills"] == 1
    outcome = tested(bought, capital=600, margin="cash")
    assert (outcome.figures["fills"], outcome.figures["orders_rejected"]) == (0, 1)
    (note,) = [one for one in outcome.notes if "EQUITY" in one]
    assert "LOAN VALUE [600.00 USD] MUST EXCEED THE INITIAL MARGIN [1001.00 USD]" in note


# ---- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
def test_what_is_held_at_the_end_is_closed_with_the_last_quote(tested, full):
    outcome = tested(full=full, at_end="close")
    assert outcome.figures["faults"] == []
    last = outcome.results.fills[-1]
    assert (last.side, last.quantity, last.price, last.strategy) == (
        "SELL", D(10), D("10.60"), "script",
    )  # fmt: skip
    assert outcome.results.open_trades == []
    assert outcome.results.total.trades == 3
    marked = tested(full=full)
    assert [one.quantity for one in marked.results.open_trades] == [10]


def test_what_the_last_quote_does_not_show_is_closed_at_the_last_trade(tested, tmp_path):
    lines = ["ts,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    lines += [f"{START_S},XYZ,10,10.02,1000,1000,,", f"{START_S + 5},XYZ,10.1,10.12,40,40,10.11,5"]
    rows = written(tmp_path, "thin.csv", lines)
    bought = strategy(
        "dear", "tests.backtest.made:Script", "[strategies.parameters.acts]", '"10.02" = 100'
    )
    fills = tested(bought, rows, at_end="close").results.fills
    assert [(one.quantity, one.price) for one in fills] == [
        (D(100), D("10.02")), (D(40), D("10.1")), (D(60), D("10.11")),
    ]  # fmt: skip


class WithExits(Strategy):
    def on_quote(self, quote):
        if not self.position(quote.symbol) and not self.pending(quote.symbol):
            self.buy(quote.symbol, 7, stop_loss=1, take_profit=100)


def test_orders_that_rest_at_the_end_are_cancelled_before_the_position_is_closed(tested):
    exits = strategy("exits", "tests.backtest.test_fills:WithExits")
    outcome = tested(exits, at_end="close")
    assert [one.quantity for one in outcome.results.fills] == [D(7), D(7)]
    assert outcome.figures["orders_open"] == 0
    assert outcome.results.open_trades == []
