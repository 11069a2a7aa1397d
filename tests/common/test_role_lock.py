"""The lock of a role, and what it says about a process that nobody hears of."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tapewire.common.runtime.role_lock import RoleTaken, ended_start, require_own, take_role

HOLDER: Final = """
import sys, time
from pathlib import Path
from tapewire.common.runtime.role_lock import take_role
lock = take_role(Path(sys.argv[1]), "gateway")
print("holds", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    return tmp_path


def test_a_role_is_taken_once(run_dir: Path):
    with take_role(run_dir, "gateway"), pytest.raises(RoleTaken, match="running already"):
        take_role(run_dir, "gateway")
    take_role(run_dir, "gateway").close()


def test_who_lost_its_lock_s_file_ends_once_another_has_the_role(run_dir: Path):
    with take_role(run_dir, "gateway") as lock:
        require_own(run_dir, "gateway", lock)
        (run_dir / "locks" / "gateway.lock").unlink()
        require_own(run_dir, "gateway", lock)  # nobody else is there
        with take_role(run_dir, "gateway") as another:
            require_own(run_dir, "gateway", another)
            with pytest.raises(RoleTaken, match="this one ends, and the running one continues"):
                require_own(run_dir, "gateway", lock)
        require_own(run_dir, "gateway", lock)  # it has ended again


def test_a_role_that_nobody_ever_had_has_no_start_that_is_over(run_dir: Path):
    assert ended_start(run_dir, "gateway") == ""


def test_each_start_that_is_over_has_a_name_of_its_own(run_dir: Path):
    names = []
    for _ in range(2):
        with take_role(run_dir, "gateway"):
            assert ended_start(run_dir, "gateway") == ""
        names.append(ended_start(run_dir, "gateway"))
        assert names[-1] == ended_start(run_dir, "gateway") != ""
    assert names[0] != names[1]


def test_a_lock_file_that_names_nobody_says_of_nobody_that_it_is_over(run_dir: Path):
    with take_role(run_dir, "gateway"):
        (run_dir / "locks" / "gateway.lock").unlink()
        (run_dir / "locks" / "gateway.lock").touch()
        assert ended_start(run_dir, "gateway") == ""


def test_a_stopped_process_is_not_over_and_a_killed_one_is(run_dir: Path):
    arguments = [sys.executable, "-c", HOLDER, str(run_dir)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"holds\n"
            holder.send_signal(signal.SIGSTOP)
            assert ended_start(run_dir, "gateway") == ""
        finally:
            holder.kill()
        holder.wait()
    assert ended_start(run_dir, "gateway").startswith(f"{holder.pid} ")
