"""Charts: a PNG of sane size, a page that is well-formed and needs nothing else."""

import re
import struct
from xml.etree import ElementTree

import pytest

from tapewire.backtest.report import charts
from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.ticks.file import TickFile
from tests.backtest.made import config, ticks

pytest.importorskip("matplotlib", reason="the charts extra is not installed")


@pytest.fixture(params=["XYZ", "A&B/<C>"])
def charted(request, tmp_path):
    path = ticks(tmp_path, request.param)
    own = configuration.load(str(config(tmp_path)))
    outcome = run(TickFile(path), Window(), own, [], say=lambda _text: None)
    return request.param, charts.write(outcome, tmp_path / "charts", "Back-test of made.csv")


def test_the_png_is_a_png_of_sane_size(charted):
    _, (png, _) = charted
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert 1000 < width < 1600
    assert 500 < height < 1000
    assert len(data) > 10_000


def test_the_page_is_well_formed_and_names_symbol_and_trades(charted):
    symbol, (_, page) = charted
    text = page.read_text()
    root = ElementTree.fromstring(text.partition("\n")[2])
    shown = "".join(root.itertext())
    assert symbol in shown
    assert shown.count(f"script: long 100 {symbol}, in at 10.02 at 22:13:20 UTC") == 1
    assert shown.count(f"script: short 200 {symbol}, out at 10.32 at 22:14:00 UTC, net -26.00") == 1
    assert len(root.findall(".//{http://www.w3.org/2000/svg}svg")) == 1


def test_the_page_needs_no_network(charted):
    text = charted[1][-1].read_text()
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "@import" not in text
    assert "<script" not in text
    names = set(re.findall(r"https?://[^\"'\s<]+", text))
    assert names <= {
        "http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg",
    }  # fmt: skip


def test_each_reference_inside_the_page_leads_somewhere(charted):
    text = charted[1][-1].read_text()
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(ids)


def test_a_symbol_becomes_a_name_of_a_file():
    assert charts.file_name("EUR/USD ../x") == "EUR_USD_.._x"
    assert charts.file_name("..") == "_"
