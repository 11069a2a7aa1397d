"""What a notebook shows of a back-test: the figures and a picture, in one piece of HTML."""

import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from tapewire import Strategy, run_backtest
from tapewire.backtest.report import card as cards
from tapewire.backtest.report import summary
from tests.backtest.made import ACTS, Script, config, ticks

VOID = ("br",)


class Reader(HTMLParser):
    """The texts of a page; every element that begins must end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    return run_backtest(
        Script, ticks(folder), parameters={"acts": ACTS}, capital=10_000, config=config(folder)
    )


def test_it_has_the_figures_of_the_report_in_words(result):
    texts = Reader(result._repr_html_()).texts
    stats = result.outcome.statistics
    for row in (*summary.compared(stats), *summary.of_trades(stats)):
        assert row.name in texts
        assert row.value in texts
    assert "Back-test of Script" in texts
    assert any("2 trades, net -9.60" in text for text in texts)
    assert any(text.startswith("note: ") for text in texts)


def test_its_picture_has_the_equity_and_the_benchmark_within_its_frame(result):
    html = result._repr_html_()
    lines = re.findall(r'points="([^"]*)"', html)
    assert len(lines) == 2
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert len(points) > 2
        assert all(0 <= x <= cards.WIDTH and 0 <= y <= cards.HEIGHT for x, y in points)
        assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_it_needs_nothing_from_anywhere(result):
    html = result._repr_html_()
    assert len(html) < 40_000
    for word in ("http", "<script", "src=", "href=", "url(", "@import"):
        assert word not in html


def test_what_a_person_has_named_is_text_and_no_html(result):
    outcome = replace(result.outcome, notes=("<b>bold</b>",) * 9)
    html = cards.card(outcome, "<script>alert(1)</script>")
    assert "<script" not in html
    assert "<b>" not in html
    assert "4 more in result.notes and result.faults" in html


def test_a_run_in_which_nothing_happened_has_a_card_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    html = run_backtest(Strategy, ticks(tmp_path))._repr_html_()
    assert "no trades" in "".join(Reader(html).texts)
