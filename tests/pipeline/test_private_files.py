"""Nothing that a group writes is open to others, whatever the umask of whoever starts it."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running
from tests.places import ROOT


@pytest.fixture
def open_umask() -> Iterator[None]:
    """New files are for everyone to read and write, unless somebody says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def tapewire(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tapewire.console.cli", *arguments],
        capture_output=True, text=True, cwd=ROOT, check=False, umask=0,
    )  # fmt: skip


@pytest.mark.usefixtures("open_umask")
def test_files_and_sockets_have_mode_0600_and_folders_0700_under_an_open_umask(run_dir):
    run_dir.chmod(0o700)
    left = _left_by_an_older_version(run_dir)
    assert tapewire("up", "--wait", "60").returncode == 0
    running = Running(Group(configuration.load()))
    try:
        running.until_ready()
        running.until_fills(2)
        assert tapewire("halt").returncode == 0
        assert tapewire("resume").returncode == 0
        assert tapewire("scale", "momentum-fast", "2", "--wait", "30").returncode == 0
        assert _open_to_others(run_dir) == []
        assert (run_dir / "journals" / "gateway.sqlite-wal").exists()
        assert (run_dir / "targets" / "gateway.json").exists()
        assert (run_dir / "supervisor.sock").is_socket()
    finally:
        assert tapewire("down").returncode == 0
    assert tapewire("up", "--wait", "0").returncode == 0, "which archives the journals"
    try:
        running.until((run_dir / "targets" / "risk.json").exists, "the second start")
        assert list((run_dir / "ended").glob("*/journals/gateway.sqlite"))
        assert left in run_dir.rglob("*")
        assert _open_to_others(run_dir) == []
    finally:
        assert tapewire("down").returncode == 0
    assert _open_to_others(run_dir) == []


def _left_by_an_older_version(run_dir: Path) -> Path:
    """What lies in a run directory from before, open to all."""
    folder = run_dir / "ended" / "20250101T000000"
    folder.mkdir(parents=True)
    file = folder / "audit.jsonl"
    file.write_text("{}\n")
    return file


def _open_to_others(run_dir: Path) -> list[str]:
    """All in `run_dir` whose mode is another than 0600, or 0700 for folders."""

    def wrong(path: Path) -> str:
        mode = path.lstat()
        expected = 0o700 if stat.S_ISDIR(mode.st_mode) else 0o600
        found = stat.S_IMODE(mode.st_mode)
        return f"{path.relative_to(run_dir)}: {found:04o}" if found != expected else ""

    found = []
    for path in run_dir.rglob("*"):
        try:
            found.append(wrong(path))
        except FileNotFoundError:  # a file that was just replaced by its newer version
            continue
    return sorted(filter(None, found))
