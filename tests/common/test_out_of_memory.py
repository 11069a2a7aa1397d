"""A process that can be spared asks the kernel to be ended first; a strategy's process does."""

import subprocess
import sys
from pathlib import Path

import pytest

from tapewire.common.runtime import out_of_memory


@pytest.mark.parametrize(
    ("before", "after"), [("0", "500"), ("-1000", "500"), ("800", "800"), ("?", "?")]
)
def test_it_never_asks_for_less_than_it_was_given(tmp_path: Path, before: str, after: str):
    file = tmp_path / "oom_score_adj"
    file.write_text(before)
    out_of_memory.ask_to_be_first(file)
    assert file.read_text() == after


def test_without_such_a_kernel_nothing_happens(tmp_path: Path):
    out_of_memory.ask_to_be_first(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(not out_of_memory.PATH.exists(), reason="a kernel without this file")
def test_the_kernel_takes_it():
    code = (
        "from tapewire.common.runtime import out_of_memory as o; o.ask_to_be_first();"
        " print(o.PATH.read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= out_of_memory.FIRST
