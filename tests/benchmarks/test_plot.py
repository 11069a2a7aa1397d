"""The folder that `--plot` leaves, and the curves in it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tapewire.benchmarks.__main__ import main
from tapewire.benchmarks.report.curves import curve_us, points_us
from tapewire.benchmarks.report.latency_chart import LOOKS, nines, percent
from tapewire.common import extras
from tests.benchmarks.conftest import LatencyRun

FILES = {"latency.png", "latency.html", "figures.json"}


@pytest.fixture
def folder(latency: LatencyRun) -> Path:
    return latency.folder


def test_the_folder_has_the_picture_the_page_and_all_figures(latency: LatencyRun) -> None:
    folder, figures = latency.folder, latency.figures
    assert json.loads((folder / "figures.json").read_text()) == figures
    assert {path.name for path in folder.iterdir()} == FILES
    assert (folder / "latency.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_has_every_series_of_every_rate_and_needs_nothing_else(folder: Path) -> None:
    text = (folder / "latency.html").read_text()
    figures = json.loads((folder / "figures.json").read_text())
    page = ElementTree.fromstring(text.partition("\n")[2])  # well-formed
    drawn = {element.get("id") for element in page.iter()}
    assert {f"200-{name.replace(': ', '-')}" for name in LOOKS} <= drawn
    assert "200 ticks/s" in text
    assert all(look.label in text for look in LOOKS.values())
    assert figures["machine"]["cpu"] in text
    assert "src=" not in text
    assert 'href="http' not in text


def test_every_summary_stands_in_the_table_beneath(folder: Path) -> None:
    text = (folder / "latency.html").read_text()
    for one in json.loads((folder / "figures.json").read_text())["rates"]:
        for owner in ("group", "bare"):
            for name, summary in one[f"{owner}_us"].items():
                assert f"<td>{owner}: {name}</td><td>{summary['p50']:,.0f}</td>" in text


def test_every_curve_is_in_the_json(folder: Path) -> None:
    for one in json.loads((folder / "figures.json").read_text())["rates"]:
        assert set(one["curves_us"]) == set(LOOKS)
        for points in one["curves_us"].values():
            assert points == sorted(points)
            assert all(0 <= share < 1 for share, _ in points)


def test_a_folder_that_is_a_file_and_a_missing_library_are_refused_before_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    assert "must be a folder" in _refused(capsys, taken)
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    assert "pip install 'tapewire[charts]'" in _refused(capsys, tmp_path)


def _refused(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    for name in ("latency", "all"):
        with pytest.raises(SystemExit) as ended:
            main([name, "--plot", str(folder)])
        assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_curve_goes_from_the_fastest_to_the_slowest_sample() -> None:
    points = curve_us(range(1000, 1_001_000, 1000))
    assert points[0] == (0.0, 1.0)
    assert points[-1] == (0.999, 1000.0)
    assert (0.9, 901.0) in points
    assert curve_us([5000]) == [(0.0, 5.0)]
    assert curve_us([]) == []


def test_of_a_histogram_there_are_points_only_as_far_as_it_has_samples() -> None:
    summary: dict[str, Any] = {"p50": 10, "p99": 20, "p999": 30, "max": 30, "count": 200}
    assert points_us(summary) == [(0.5, 10), (0.99, 20), (0.995, 30)]
    assert points_us({}) == points_us({**dict.fromkeys(summary), "count": 0}) == []


def test_the_nines_are_evenly_spaced() -> None:
    assert [round(nines(share), 9) for share in (0, 0.9, 0.99, 0.999)] == [0, 1, 2, 3]
    assert [percent(place) for place in range(6)] == [
        "0", "90", "99", "99.9", "99.99", "99.999",
    ]  # fmt: skip
