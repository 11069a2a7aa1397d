"""Work in forks: results as they come, a lost process costs its piece, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tapewire.backtest.sweep.forks import forked
from tests.places import ROOT
from tests.waiting import wait_for

STATE: list[int] = []


def nothing() -> None:
    pass


def doubled(piece: int) -> bytes:
    print("not to be seen")
    STATE.append(piece)
    return str(2 * piece + len(STATE)).encode()


def test_each_piece_comes_back_and_finds_the_modules_as_they_were():
    found = {one.piece: one.result for one in forked(doubled, range(5), 2, nothing)}
    assert found == {n: str(2 * n + 1).encode() for n in range(5)}
    assert STATE == []


def test_a_result_may_be_longer_than_a_pipe_holds():
    (found,) = forked(lambda n: b"x" * n, [1_000_000], 1, nothing)
    assert len(found.result) == 1_000_000


def ended(how: str) -> bytes:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "left":
        os._exit(3)
    return b"done"


def test_a_process_that_ends_costs_its_piece_alone():
    found = {
        one.piece: (one.result, one.lost)
        for one in forked(ended, ("killed", "left", "fine"), 1, nothing)
    }
    assert found == {
        "killed": (b"", "its process was ended by SIGKILL"),
        "left": (b"", "its process ended with status 3"),
        "fine": (b"done", ""),
    }  # fmt: skip


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_whoever_has_enough_of_it_leaves_no_process_behind(tmp_path):
    def stuck(_piece: int) -> bytes:
        (tmp_path / str(os.getpid())).touch()
        time.sleep(60)
        return b""

    def look() -> None:
        if len(list(tmp_path.iterdir())) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        list(forked(stuck, range(5), 2, look))
    assert [path for path in tmp_path.iterdir() if alive(int(path.name))] == []


PARENT = """
import os, sys, time
from pathlib import Path
from tapewire.backtest.sweep.forks import forked

def stuck(piece):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)

list(forked(stuck, [1, 2], 2, lambda: None))
"""


def test_no_fork_outlives_a_parent_that_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT) as parent:
        try:
            wait_for(lambda: len(list(tmp_path.iterdir())) == 2, "both forks", 30)
        finally:
            parent.kill()
    pids = [int(path.name) for path in tmp_path.iterdir()]
    wait_for(lambda: not any(map(alive, pids)), "the forks' end", 10)
