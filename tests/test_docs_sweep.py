"""docs/sweep.md: its command and its program, as they are written."""

import json
from pathlib import Path

import pytest

from tests.made_ticks import HALF_PAST_TWO
from tests.markdown import blocks
from tests.places import ROOT
from tests.reader import a_reader

SWEEP = ROOT / "docs" / "sweep.md"
(COMMAND,) = (line for block in blocks(SWEEP, "sh") for line in block.lines)
(PROGRAM,) = (block.text for block in blocks(SWEEP, "python"))


def test_the_command_and_the_program_do_what_they_say():
    with a_reader() as reader:
        reader.write("ticks.csv", HALF_PAST_TWO)
        assert "window entry" in reader.does(COMMAND)
        found = json.loads(reader.does(f"{COMMAND} --json"))
        folder = Path(found["folder"])
        assert folder.parent.name == "sweeps"
        assert folder.name.startswith("momentum-fast-")
        names = {path.name for path in (reader.folder / folder).iterdir()}
        assert names == {"report.html", "results.parquet", "trials.jsonl"}
        assert found["complete"]
        assert (found["runs"], found["failed"]) == (6, 0)

        pytest.importorskip("pandas", reason="the data extra is not installed")
        reader.write("research.py", PROGRAM)
        printed = reader.does("python research.py")
        assert f"print(result.best)  # {printed.splitlines()[0]}" in PROGRAM
        assert (reader.folder / "sweep.html").is_file()
