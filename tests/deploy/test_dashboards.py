"""A Prometheus that scrapes a running group has data for every panel, and no alert fires."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.deploy.prometheus import needs_prometheus, prometheus
from tests.pipeline.running import Running
from tests.places import ROOT
from tests.waiting import wait_for

BOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
ALERTS = ROOT / "deploy" / "alerts.yml"
DOCUMENTED = (ROOT / "docs" / "operating.md").read_text()
OF_CONSOLE = ("tapewire_strategy_realised_pnl", "tapewire_strategy_commission")
"""The shared group has no web console; that of test_breaking.py has one."""
QUIET = {"TicksLost", "DeadLetters"}  # what tests before this one have done to the shared group


def expressions() -> list[tuple[tuple[str, str], str]]:
    """Each query of each panel, over the span that a scrape each second needs."""
    return [
        (
            (f"{path.stem}: {panel['title']}", target["refId"]),
            target["expr"].replace("$__rate_interval", "10s"),
        )
        for path in BOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]


@needs_prometheus
def test_each_panel_has_data_and_a_group_that_is_well_fires_nothing(
    shared: Running, tmp_path: Path
):
    shared.until_fills(1)
    missing = {of: one for of, one in expressions() if not any(name in one for name in OF_CONSOLE)}
    with prometheus(tmp_path, shared.run_dir / "targets", ALERTS) as scraping:

        def found_all() -> bool:
            for title, expression in list(missing.items()):
                if scraping.query(expression):
                    del missing[title]
            return not missing

        with suppress(AssertionError):
            wait_for(found_all, "data for all panels", 30)
        assert missing == {}
        assert scraping.firing() <= QUIET


def test_the_panels_of_a_board_have_ids_of_their_own_and_do_not_overlap():
    for path in BOARDS:
        panels = json.loads(path.read_text())["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        cells = [cell for panel in panels for cell in _cells(panel["gridPos"])]
        assert len(set(cells)) == len(cells), path
        assert max(x for x, _ in cells) < 24


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    return [
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]


@pytest.mark.parametrize("path", [*BOARDS, ALERTS], ids=lambda path: Path(path).name)
def test_what_is_asked_for_is_documented(path: Path):
    text = path.read_text()
    named = set(re.findall(r"\btapewire_\w+", text))
    plain = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    for name in plain:
        short = name.removeprefix("tapewire_").removesuffix("_total")
        assert f"`{name}`" in DOCUMENTED or f"`{short}`" in DOCUMENTED, name
