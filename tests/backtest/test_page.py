"""The report: one HTML file that loads nothing, whatever the names in it."""

import json
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tapewire.backtest.report.data_quality import DataQuality
from tapewire.backtest.report.html import write
from tapewire.backtest.report.page import page
from tapewire.backtest.report.page_data import SYMBOLS_MAX, TRADES_MAX, left_out, page_data
from tapewire.backtest.report.performance import statistics_of
from tapewire.backtest.report.results import Results
from tapewire.backtest.run import Outcome
from tapewire.backtest.scan import Scan, Window
from tapewire.common.instruments import Instrument
from tests.backtest.made import book, fill
from tests.backtest.test_performance import PRICES, START_S, UTC_DAYS, at, bought_and_sold, marks

D = Decimal
S = 10**9
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><!--&amp;{{$title}}\u2028"


def outcome(events, prices, notes=(), faults=(), instruments=()):
    results = Results(book(*events), prices)
    return Outcome(
        window=Window(),
        scan=Scan(4, START_S * S, at(3) * S, {}, DataQuality()),
        instruments=tuple(instruments),
        figures={"faults": list(faults)},
        results=results,
        statistics=statistics_of(results, D(1000), UTC_DAYS),
        sample_ns=1,
        notes=tuple(notes),
        loaded={},
    )


def hostile():
    one = fill("BUY", 1, 100, at(0, 9), HOSTILE, HOSTILE, 1)
    two = fill("SELL", 1, 90, at(2, 9), HOSTILE, HOSTILE, 2)
    prices = {HOSTILE: marks(105, 95, 120, 130)}
    return outcome([one, two], prices, [f"note {HOSTILE}"], [f"fault {HOSTILE}"])


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and the text of each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append((self.elements[-1][0] if self.elements else "", data))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def data_of(html: str):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(text[1])


# ---- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [hostile, lambda: outcome([], {}), lambda: outcome([], PRICES)])
def test_the_page_loads_nothing_and_has_the_elements_it_should(made):
    parsed = Parsed(page(made(), HOSTILE))
    counts = [parsed.count(tag) for tag in ("img", "link", "iframe", "script", "style", "title")]
    assert counts == [0, 0, 0, 3, 2, 1]
    for tag, attributes in parsed.elements:
        assert not {"src", "href", "srcset", "action", "data"} & attributes.keys(), (
            tag,
            attributes,
        )
        assert not [name for name in attributes if name.startswith("on")]
    (policy,) = [a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'; ")
    styles = "".join(text for tag, text in parsed.texts if tag == "style")
    assert "@import" not in styles
    assert "url(" not in styles


def test_hostile_names_are_text():
    html = page(hostile(), HOSTILE)
    shown = "".join(text for tag, text in Parsed(html).texts if tag not in ("script", "style"))
    assert shown.count(HOSTILE) > 5
    (trade,) = data_of(html)["trades"]
    assert (trade["strategy"], trade["symbol"]) == (HOSTILE, HOSTILE)


def test_the_page_has_statistics_results_months_notes_and_faults():
    made = outcome(bought_and_sold(), PRICES, ["a note"], ["a fault"])
    parsed = Parsed(page(made, "Back-test of made.csv"))
    texts = [text for _, text in parsed.texts]
    for text in ("Back-test of made.csv", "a note", "a fault", "hold XYZ", "Sharpe", "9.8", "4.18"):
        assert text in texts, text
    assert any(
        "2024-01-08 00:00:00 to 2024-01-11 12:00:00 UTC, 4 rows; capital 1,000" in t for t in texts
    )


def test_the_vendored_library_is_of_the_release_that_is_named_beside_it():
    folder = Path(page.__code__.co_filename).parent / "vendor"
    version = re.search(r"# uPlot ([\d.]+)", (folder / "README.md").read_text())[1]
    assert f"(v{version})" in (folder / "uPlot.iife.min.js").read_text()[:100]
    assert "MIT License" in (folder / "LICENSE").read_text()


def test_the_folder_of_a_report_is_made(tmp_path):
    path = tmp_path / "new" / "report.html"
    write("\u2713 \udcff.csv", path)  # a file whose name is not UTF-8
    assert path.read_text(encoding="utf-8") == "\u2713 ?.csv"


# ---- its data ------------------------------------------------------------------------------------


def test_the_data_are_curves_prices_trades_and_distributions():
    more = fill("SELL", 5, 120, at(3, 9), number=9)
    prices = {**PRICES, "XYZ": PRICES["XYZ"]}
    instruments = [Instrument(symbol="XYZ", multiplier=D(2))]
    data = page_data(outcome([*bought_and_sold(), more], prices, instruments=instruments))
    equity = data["equity"]
    times = [START_S, at(0), at(1), at(2, 9), at(2), at(3, 9), at(3)]
    assert equity["t"] == [at(0, 9) * 1000, *[s * 1000 for s in (at(0, 9), *times[1:])]]
    assert equity["equity"] == [1000, 999, 1049, 949, 1098, 1098, 1098, 1048]
    assert equity["drawdown"][4:] == [0, 0, 0, round(1048 / 1098 - 1, 6)]
    assert equity["benchmark"][-1] == round(1000 * 130 / 105, 2)
    # ten at 105 with a multiplier of 2; short five at 120, then at 130
    assert equity["exposure"][2] == round(10 * 105 * 2 / 1049, 4)
    assert equity["exposure"][-1] == round(5 * 130 * 2 / 1048, 4)
    assert data["prices"] == [
        {"symbol": "XYZ", "t": [at(n) * 1000 for n in range(4)], "price": [105, 95, 120, 130]}
    ]
    closed, still_open = data["trades"]
    assert (closed["side"], closed["entry"], closed["exit_price"], closed["net"]) == (
        "long", at(0, 9) * 1000, 110, 98,
    )  # fmt: skip
    assert (still_open["side"], still_open["exit"], still_open["net"]) == ("short", None, -50)
    assert sum(data["daily"]["counts"]) == 4
    assert data["nets"] is None


def test_the_page_stays_small_and_names_what_it_leaves_out():
    trades = [
        fill("BUY" if n % 2 == 0 else "SELL", 1, 100 + n % 7, START_S + n, number=n + 1)
        for n in range(2 * TRADES_MAX + 2)
    ]
    prices = {f"S{n:03d}": marks(1, 2) for n in range(SYMBOLS_MAX + 1)}
    prices["XYZ"] = [((START_S + n) * S, D(100 + n % 50)) for n in range(30_000)]
    long, wide = outcome(trades, prices), outcome([], prices)
    html = page(long, "long")
    assert len(html) < 2_000_000
    assert len(data_of(html)["prices"][0]["t"]) <= 2_002
    assert list(left_out(long)) == [
        f"the first {TRADES_MAX:,} of {TRADES_MAX + 1:,} trades are shown; --json has them all",
        "curves show the lowest and the highest point of each of 1,000 parts; the statistics are"
        " of all points",
    ]
    assert len(page_data(wide)["prices"]) == SYMBOLS_MAX
    assert next(left_out(wide)) == "prices of the first 50 of 52 symbols are drawn"
    assert list(left_out(outcome([], {}))) == []


# ---- in a browser --------------------------------------------------------------------------------

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_draws_it_without_an_error_and_takes_hostile_names_for_text(tmp_path):
    path = tmp_path / "report.html"
    write(page(hostile(), HOSTILE), path)
    found = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "CONSOLE" not in found.stderr
    parsed = Parsed(found.stdout)
    assert parsed.count("canvas") == 5  # the histogram of one trade is a sentence
    assert parsed.count("img") == 0
    assert next(t for tag, t in parsed.texts if tag == "title") == HOSTILE
    rows = re.search(r'<table id="trades">.*?<tbody>(.*?)</tbody>', found.stdout, re.DOTALL)[1]
    assert rows.count("<tr>") == 1
    assert "-10.00" in rows
