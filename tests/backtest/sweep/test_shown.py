"""A sweep as people see it: on a terminal of 80 columns, and as a page that needs nothing else."""

import io
import json

from rich.console import Console

from tapewire.backtest.scan import Window
from tapewire.backtest.sweep import tables
from tapewire.backtest.sweep.deflated import Moments
from tapewire.backtest.sweep.outcome import Outcome, Span, judged, ranked
from tapewire.backtest.sweep.page import sweep_page
from tapewire.backtest.sweep.saved import as_json
from tapewire.backtest.sweep.trial import FIGURES, Curve, Task, Trial
from tapewire.backtest.sweep.walk import joined
from tests.backtest.test_page import HOSTILE, Parsed, data_of

DAY_NS = 86_400 * 10**9
WHOLE = Window()
GRID = {"fast": (1, 2, 3), "mode": (HOSTILE,)}


def trial(
    fast: int, error: str = "", window: Window | None = None, curve: Curve | None = None
) -> Trial:
    task = Task(window or Window(), {"fast": fast, "mode": HOSTILE}, curve is not None)
    if error:
        return Trial(task, error=error)
    figures = {**dict.fromkeys(FIGURES, 0.5), "sharpe": float(fast), "days_per_year": 252.0}
    return Trial(task, figures, Moments(252, fast / 16, 0.0, 3.0), curve)


def span(test: Trial | None = None) -> Span:
    runs = [trial(1), trial(2), trial(3, f"refused {HOSTILE}")]
    best = ranked(runs, "sharpe")
    return Span(runs, best, judged(best[0], runs), test)


def outcome(*spans: Span, is_whole: bool = True) -> Outcome:
    curves = [one.test.curve for one in spans if one.test is not None]
    return Outcome(
        HOSTILE, HOSTILE, GRID, "sharpe", list(spans), joined(curves), 3, is_whole, ["a note"]
    )


def walked() -> Outcome:
    curve = Curve([0, 0, DAY_NS], [10.0, 10.0, 11.0], ["1970-01-01", "1970-01-02"],
                  [10.0, 10.0, 11.0], [1.0], 0.5)  # fmt: skip
    return outcome(span(trial(2, window=Window(0, 2 * DAY_NS), curve=curve)))


def printed(found: Outcome) -> str:
    out = io.StringIO()
    Console(file=out, width=80, markup=False, highlight=False).print(tables.shown(found))
    return " ".join(out.getvalue().split())


def test_the_terminal_has_the_best_the_verdict_and_what_failed():
    text = printed(outcome(span()))
    for part in (
        "Sharpe",
        "2.00",
        "the best of 2 runs",
        "1 run of 3 failed; fast=3",
        "note: a note",
    ):
        assert part in text, part
    assert "it was stopped" not in text
    assert "the same command goes on" in printed(outcome(span(), is_whole=False))
    assert "no run went well" in printed(outcome(Span([trial(1, "refused")], [], None)))


def test_the_terminal_has_the_spans_of_a_walk_forward_and_what_was_joined():
    text = printed(walked())
    assert "1970-01-01 to fast=2" in text  # and its end in the line below
    assert "joined, on days on which nothing was chosen: return 10.00%" in text


def test_the_page_loads_nothing_and_hostile_names_are_text():
    for made in (outcome(span()), walked(), outcome(Span([], [], None), is_whole=False)):
        html = sweep_page(made)
        parsed = Parsed(html)
        counts = [parsed.count(tag) for tag in ("img", "link", "iframe", "script", "style")]
        assert counts == [0, 0, 0, 3, 2]
        for _, attributes in parsed.elements:
            assert not {"src", "href", "srcset"} & attributes.keys()
        shown = "".join(text for tag, text in parsed.texts if tag not in ("script", "style"))
        assert HOSTILE in shown


def test_statistics_without_a_benchmark_have_no_column_for_it():
    heads = [text for tag, text in Parsed(sweep_page(walked())).texts if tag == "th"]
    assert "strategies" in heads
    assert not [text for text in heads if text.startswith("hold")]


def test_the_page_draws_each_run_at_the_place_of_its_parameters():
    data = data_of(sweep_page(outcome(span())))
    assert [one["values"] for one in data["parameters"]] == [["1", "2", "3"], [HOSTILE]]
    runs = data["spans"][0]["runs"]
    assert [places for places, _, _ in runs] == [[0, 0], [1, 0], [2, 0]]
    sharpe = [one["name"] for one in data["figures"]].index("sharpe")
    assert [figures[sharpe] for _, figures, _ in runs] == [1.0, 2.0, None]
    assert runs[2][2].startswith("refused")


def test_json_has_the_best_the_verdict_and_every_run():
    found = json.loads(json.dumps(as_json(walked())))
    (one,) = found["spans"]
    assert one["best"]["parameters"]["fast"] == 2
    assert one["judged"]["trials"] == 2
    assert one["test"]["to"] == "1970-01-03T00:00:00.000000Z"
    assert found["joined"]["return"] == 0.1
    assert len(found["results"]) == 4
    assert found["failed"] == 1
