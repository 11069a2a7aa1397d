"""More and fewer instances while ticks flow, readers that are slow, and what `down` leaves."""

import json
import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import ConfigError
from tapewire.common.events import OrderCreated, OrderStateChanged, Quote, RiskHalted, Tick
from tapewire.console.commands.scale import resize
from tapewire.console.group import status as told
from tapewire.console.group.supervisor import Group, GroupError, Stopped
from tapewire.strategy import Strategy
from tapewire.strategy.base import OrderNews
from tests.pipeline.running import Running, tapewire

TICKS_PER_S = int(os.environ.get("TEST_TICKS_PER_S", "3000"))
"""What the market brings while the group is scaled; the goal is 20000, where cores allow it."""
INSTANCES = int(os.environ.get("TEST_INSTANCES", "4"))
SYMBOLS = 3
UNSEEN = {"keeper"}  # it has no state that anybody waits for
NAME = "momentum-fast"
FAST = f"strategy-{NAME}"

Begin = Callable[..., Running]


class Resting(Strategy):
    """Takes a position in each symbol, then leaves an order that nobody will fill.

    It goes by what became of its orders: one that was denied, because risk's lease was not there
    yet when trading began, is tried again.
    """

    def on_start(self) -> None:
        self.symbol_of: dict[str, str] = {}
        self.bought: set[str] = set()

    def on_quote(self, quote: Quote) -> None:
        if quote.bid is None or self.pending(quote.symbol):
            return
        limit = Decimal(int(quote.bid / 2)) if quote.symbol in self.bought else None
        self.symbol_of[self.buy(quote.symbol, 5, limit)] = quote.symbol

    def on_order(self, news: OrderNews) -> None:
        if isinstance(news, OrderStateChanged) and news.state == "FILLED":
            self.bought.add(self.symbol_of[news.intent_id.rpartition("/")[0]])


class Slow(Strategy):
    """Needs longer for a tick than the market for the next."""

    def on_tick(self, tick: Tick) -> None:
        time.sleep(0.01)


@pytest.fixture
def begin(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Starts a group with further settings; ended, whatever the test did."""
    started: list[Group] = []

    def begin(**settings: object) -> Running:
        for key, value in settings.items():
            text = value if isinstance(value, str) else json.dumps(value)
            monkeypatch.setenv(f"TAPEWIRE_{key.upper()}", text)
        group = Group(configuration.load())
        started.append(group)
        group.up()
        one = Running(group)
        one.until_ready()
        return one

    yield begin
    for group in started:
        if group.is_up():
            group.down()


def strategy(name: str, cls: type[Strategy], **settings: object) -> list[dict[str, Any]]:
    return [{"name": name, "strategy": f"{cls.__module__}:{cls.__name__}", **settings}]


def instances(count: int) -> list[str]:
    return [FAST, *(f"{FAST}-{number}" for number in range(2, count + 1))]


def seqs(one: Running, name: str) -> dict[str, int]:
    return {s: t["last_seq"] for s, t in one.status(name)["topics"].items()}


def until_read_further(one: Running, names: list[str]) -> None:
    """Until each of these has read what the gateway has published by now."""
    before = one.status("gateway")["ts_ns"]
    one.until(lambda: one.status("gateway")["ts_ns"] > before, "the gateway's next status")
    published = one.status("gateway")["tick_seqs"]
    for name in names:
        one.until(
            lambda name=name: all(seqs(one, name)[s] >= published[s] for s in seqs(one, name)),
            f"{name} to read what was published",
            60,
        )


def test_scaling_touches_no_other_process_and_loses_no_tick(begin: Begin):
    one = begin(simulator__rate_per_s=TICKS_PER_S)
    before = one.pids()
    found = tapewire("scale", NAME, str(INSTANCES), "--json")
    assert found.returncode == 0, found.stderr
    new = instances(INSTANCES)[1:]
    assert json.loads(found.stdout) == {
        "strategy": NAME, "shards": False, "instances": instances(INSTANCES),
        "started": new, "stopped": [], "restarted": [], "not_ready": {},
    }  # fmt: skip
    assert set(one.group.names()) == {*before, *new} - UNSEEN
    assert one.group.not_ready() == {}, "it has waited for them"
    until_read_further(one, instances(INSTANCES))
    assert {n: p for n, p in one.pids().items() if n in before} == before
    for name in instances(INSTANCES):
        assert set(one.status(name)["missed"].values()) == {0}, name
    for name in new:
        shown = one.status(name)
        assert all(t["first_seq"] > 0 for t in shown["topics"].values()), "it came late"
        for symbol in shown["topics"]:  # a first tick may be faster than the last values
            kinds = (f"last_values.{symbol}", f"ticks_received.{symbol}")
            assert any(shown["counters"][kind] for kind in kinds), f"{name} knows no {symbol}"

    down = resize(one.group, NAME, 1)
    assert down.stopped == new[::-1], "the highest first"
    assert one.pids() == before
    assert set(one.group.names()) == set(before) - UNSEEN
    assert one.status(new[0]) == {}
    until_read_further(one, [FAST])
    assert set(one.status(FAST)["missed"].values()) == {0}
    assert one.faults_at_the_end() == []


def test_instances_signal_under_their_own_names(begin: Begin):
    one = begin(strategies=strategy("rest", Resting))
    resize(one.group, "rest", 2)
    one.until_ready()
    names = ("rest", "rest-2")
    one.until(lambda: {e.order.strategy for e in _created(one)} == set(names), "both to signal")
    one.group.down()
    created = _created(one)
    assert len({event.order.intent_id for event in created}) == len(created)


def _created(one: Running) -> list[OrderCreated]:
    return [e for e in one.journal("executor") if isinstance(e, OrderCreated)]


def test_shards_divide_the_symbols_and_up_starts_as_configured(begin: Begin):
    one = begin()
    before = one.pids()
    scaled = resize(one.group, NAME, 3, shards=True)
    assert (scaled.restarted, scaled.started) == ([FAST], instances(3)[1:])
    assert "restarted, since their symbols changed, strategy-momentum-fast" in str(scaled)
    one.until_ready()
    read = [set(one.status(name)["topics"]) for name in instances(3)]
    assert read == [{"AAPL"}, {"MSFT"}, {"ESZ6"}]
    others = {n: p for n, p in before.items() if n != FAST}
    assert {n: p for n, p in one.pids().items() if n in others} == others
    again = resize(one.group, NAME, 3, shards=True)
    assert str(again).startswith("nothing to do")
    whole = resize(one.group, NAME, 1)
    assert (whole.restarted, whole.stopped) == ([FAST], instances(3)[:0:-1])
    one.until_ready()
    assert set(one.status(FAST)["topics"]) == {"AAPL", "MSFT", "ESZ6"}
    resize(one.group, NAME, 2)
    one.group.down()
    assert f"{FAST}-2" in one.group.names(), "its last words are still shown"
    one.group.up()
    assert f"{FAST}-2" not in one.group.names(), "up starts as configured"


REFUSED = (
    (("momentum", 2, False), "strategy momentum is not in .* did you mean", ConfigError),
    (
        (f"{NAME}-2", 2, False),
        f"^{NAME}-2 is an instance, expected the strategy: `tapewire scale {NAME} 2`$",
        ConfigError,
    ),
    (
        (NAME, 4, True),
        rf"^{NAME} cannot be divided among 4 instances: it reads 3 symbols \(AAPL, MSFT, ESZ6\),"
        " expected at most one instance per symbol$",
        ConfigError,
    ),
    ((NAME, 2, False), "no group runs in", GroupError),
)


def test_what_cannot_be_is_refused_with_a_sentence(run_dir: Path):
    group = Group(configuration.load())
    for asked, sentence, error in REFUSED:
        with pytest.raises(error, match=sentence):
            resize(group, *asked)
    assert list((run_dir / "programs").iterdir()) == []


def test_a_slow_strategy_that_wants_the_latest_keeps_up(begin: Begin):
    one = begin(
        simulator__rate_per_s=TICKS_PER_S, strategies=strategy("slow", Slow, delivery="latest")
    )
    name = "strategy-slow"
    one.until(lambda: told.counter(one.status(name), "conflated") > TICKS_PER_S, "a pile")
    until_read_further(one, [name])
    shown = one.status(name)
    assert set(shown["missed"].values()) == {0}
    assert shown["counters"]["conflated.AAPL"] > 0
    assert shown["gauges"]["queue_messages_max.market"] > shown["counters"].get("last_values", 0)


@pytest.fixture
def resting(begin: Begin) -> Callable[[str], tuple[Running, Stopped, list[str]]]:
    """Runs a group that holds positions and has resting orders, then ends it by `on_stop`."""

    def run(on_stop: str) -> tuple[Running, Stopped, list[str]]:
        one = begin(executor__on_stop=on_stop, strategies=strategy("rest", Resting))
        one.until(
            lambda: _orders(one) == {"FILLED": SYMBOLS, "ACCEPTED": SYMBOLS},
            "positions and resting orders",
        )
        said: list[str] = []
        return one, one.group.down(said.append), said

    return run


def _orders(one: Running) -> dict[str, int]:
    """The orders that the broker had, by state."""
    found: dict[str, int] = one.status("gateway").get("orders", {})
    return {state: count for state, count in found.items() if state != "DENIED"}


def positions(one: Running) -> set[Decimal]:
    return {p.quantity for p in one.traded().book.positions.values()}


def test_working_orders_are_kept_unless_told_otherwise(resting):
    one, stopped, said = resting("keep")
    left = "AAPL 5, ESZ6 5, MSFT 5 (the simulator forgets them)"
    assert said == [
        '3 orders work at the broker; they were kept, as executor.on_stop is "keep";'
        f" positions stay open: {left}"
    ]
    assert (stopped.on_stop, stopped.working) == ("keep", SYMBOLS)
    assert positions(one) == {Decimal(5)}


def test_working_orders_are_cancelled_where_configured_and_positions_stay(resting):
    one, _stopped, said = resting("cancel")
    assert said == [
        "every order of the login was cancelled; no orders work at the broker;"
        " positions stay open: AAPL 5, ESZ6 5, MSFT 5 (the simulator forgets them)"
    ]
    assert _orders(one) == {"FILLED": SYMBOLS, "CANCELLED": SYMBOLS}
    assert positions(one) == {Decimal(5)}
    assert not any(isinstance(e, RiskHalted) for e in one.journal("risk"))


@pytest.mark.soak
def test_everything_is_flattened_where_configured(resting):
    one, stopped, said = resting("flatten")
    assert said == [
        "flat: every position was closed; trading is HALTED until `tapewire resume`;"
        " no orders work at the broker"
    ]
    assert positions(one) == {Decimal(0)}
    assert stopped.working == 0


@pytest.mark.soak
def test_where_risk_is_silent_nothing_is_claimed(begin: Begin):
    one = begin(executor__on_stop="cancel", strategies=strategy("rest", Resting))
    one.until(lambda: _orders(one).get("ACCEPTED") == SYMBOLS, "resting orders")
    one.group.stop(["risk"])
    stopped = one.group.down([].append)
    assert stopped.done.startswith("nothing was cancelled or closed: risk did not answer")
    assert stopped.working == SYMBOLS
