"""docs/patterns.md: what it shows can be declared; and the examples do what they say."""

import re

import pytest

from tapewire.common.events import OrderDenied, Signal, Trade
from tapewire.strategy import patterns as door
from tapewire.strategy.examples import tape_signs
from tapewire.strategy.patterns import Matcher, Pattern
from tests.common.patterns.kit import denied, paid, quoted
from tests.markdown import blocks
from tests.places import ROOT
from tests.strategy.kit import NOW, executor, runner

PAGE = ROOT / "docs" / "patterns.md"
EXAMPLES = "tapewire.strategy.examples"


def test_the_strategy_of_the_page_buys_at_a_retest() -> None:
    [block] = blocks(PAGE, "python")
    found: dict[str, object] = {"__name__": "docs_patterns"}
    exec(block.text, found)
    matcher = Matcher([found["retest"]])  # type: ignore[list-item]
    assert [len(matcher.take(one)) for one in (paid(0, 9), paid(1, 10), paid(2, 9))] == [0, 0, 1]


def test_what_stands_in_the_tables_can_be_declared() -> None:
    names = {name: getattr(door, name) for name in door.__all__} | {"OrderDenied": OrderDenied}
    text = PAGE.read_text().partition("## What exactly matches")[0]
    rows = [line for line in text.splitlines() if line[:1] == "|"]
    cells = [span for line in rows for span in re.findall("`(.+?)`", line)]
    whole = re.compile(r"(run|times|step)\(\d?.*[.>]")
    declared = [eval(cell, names) for cell in cells if whole.match(cell)]
    assert len([one.checked() for one in declared if isinstance(one, Pattern)]) == 3
    figure = re.compile("(highest|lowest|total|mean|count|last)")
    figures = [eval(cell, names) for cell in cells if figure.match(cell)]
    assert len(figures) == 7


def test_breakout_retest_buys_with_a_stop_and_leaves_in_a_fast_fall() -> None:
    one = runner(strategy=f"{EXAMPLES}.breakout_retest:BreakoutRetest", name="x")
    ticks = [Trade("AAPL", paid(s, 0).ts_ns, p, 1.0) for s, p in [(0, 10), (1, 11), (2, 10)]]
    one.on_ticks("o", ticks, NOW)
    [waiting] = one.waiting.values()
    assert {leg.terms.side for leg in waiting.signal.legs} == {"BUY", "SELL"}


def test_quiet_after_denials_orders_nothing_after_the_third() -> None:
    one = runner(strategy=f"{EXAMPLES}.quiet_after_denials:QuietAfterDenials", name="echo")
    rising = [quoted(n, 10 + n, 10.5 + n, "AAPL") for n in range(4)]
    one.on_ticks("o", rising[:2], NOW)
    [waiting] = one.waiting.values()
    assert isinstance(waiting.signal, Signal)
    executor(one, *(denied(n, "echo") for n in range(3)))
    assert one.strategy.is_quiet
    one.waiting.clear()
    one.on_ticks("o", rising[2:], NOW)
    assert not one.waiting


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("rising", [paid(n / 5, n + 1) for n in range(5)]),
        ("burst", [paid(n / 50, 1, 300) for n in range(21)]),
        ("lifted", [quoted(0, 1, 2), paid(1, 2)]),
        ("swept", [quoted(0, 1, 2), paid(1, 2), paid(1.1, 3), paid(1.2, 4)]),
        ("unanswered", [paid(0, 1, 500), paid(5.1, 1)]),
    ],
)
def test_a_sign_on_the_tape_is_seen_with_its_last_event(name: str, events: list[object]) -> None:
    matcher = Matcher([getattr(tape_signs, name)])
    found = [len(matcher.take(one)) for one in events]  # type: ignore[arg-type]
    assert found == [0] * (len(events) - 1) + [1]
