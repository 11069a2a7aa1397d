"""The back-test beside other systems: in turns, and left out with a sentence where they are not."""

import sys

import pytest

from tapewire.benchmarks import backtest_peers
from tapewire.benchmarks.backtest_peers import NAUTILUS, Peer, Task, compare, goals

ABSENT = Peer("Nothing", "no_such_module", "nothing.py", "pip install nothing", 1.0)


@pytest.mark.parametrize("python", [sys.executable, f"{sys.base_prefix}/bin/python3"])
def test_a_peer_that_is_not_there_is_left_out_with_a_sentence(python, tmp_path):
    found = compare([Task("ticks", ABSENT, tmp_path, 1, 2)], lambda *_: 1.0, python)
    assert "no_such_module" in found["ticks"]["skipped"]
    assert found["ticks"]["skipped"].endswith("pip install nothing")
    assert goals(found) == []


def test_rates_are_rows_of_the_same_file_per_second(tmp_path, monkeypatch):
    asked = []
    theirs = {"rows": 1_000, "cpu_s": 0.5, "orders": 10, "version": "1.2"}
    monkeypatch.setattr(backtest_peers, "_missing", lambda *_: "")
    monkeypatch.setattr(backtest_peers, "_run", lambda *_: theirs)
    task = Task("ticks", NAUTILUS, tmp_path, 100, 2)
    found = compare([task], lambda path, every: asked.append((path, every)) or 0.1, "python")
    assert asked == [(tmp_path, 200)] * backtest_peers.ROUNDS
    assert found["ticks"]["rows_per_s"] == 10_000
    assert found["ticks"]["peer_rows_per_s"] == 2_000
    (one,) = goals(found)
    assert (one["found"], one["met"]) == (5.0, True)
