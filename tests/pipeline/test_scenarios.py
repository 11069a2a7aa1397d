"""A group of real processes goes through all that can go wrong with TWS, one thing after another.

After each it is READY, with the broker's executions in its journals, at most one order per intent,
a tick of every symbol, and a log that has not filled up; and an operator has read what the table in
docs/operating.md says. `-k` plays one alone.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.simulator.faults.catalogue import FAULTS
from tests.pipeline.night import ALARM, Night, a_night
from tests.pipeline.scenarios import SCRIPTS
from tests.places import ROOT

DOCUMENT = ROOT / "docs" / "operating.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
REJECTED = "order.rejected"


def _table() -> dict[str, str]:
    """What an operator reads, by scenario."""
    section = DOCUMENT.read_text().partition("### What can go wrong at TWS\n")[2]
    rows = ROW.findall(section.partition("\n#")[0])
    assert len(rows) == len({name for name, *_ in rows}), "a scenario has two rows"
    return {name: read for name, _does, read, _do in rows}


TABLE = _table()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """One group for all of them; in the end its books are the broker's."""
    run_dir = Path(tempfile.mkdtemp(prefix="tw-"))
    try:
        with a_night(run_dir, tmp_path_factory.mktemp("night")) as found:
            found.until_ready()
            yield found
            found.flatten()
            assert found.ends_that_differ() == []
            assert found.differences() == []
    finally:
        shutil.rmtree(run_dir)


def test_the_table_has_a_row_and_this_file_a_script_for_each_scenario():
    assert list(TABLE) == list(SCRIPTS) == list(FAULTS)


@pytest.mark.parametrize("what", SCRIPTS)
def test_the_group_goes_on_after(night: Night, what: str):
    night.begin()
    SCRIPTS[what](night)
    night.until_ready()
    night.until_it_trades()
    night.until_it_ticks()
    night.until_all_is_counted()
    spans = SPAN.findall(TABLE[what])
    night.until(lambda: all(span in night.read() for span in spans), f"{spans} to be read")
    if not spans:
        assert ALARM not in night.read()
    if REJECTED not in spans:
        assert REJECTED not in night.read()
    assert night.faults() == []
