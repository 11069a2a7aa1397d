"""The kill switch: a file in the run directory, put there by whatever can write one."""

import os
from pathlib import Path

import pytest

from tapewire.common.clock import Now
from tapewire.common.runtime.kill_switch import HaltFile, KillSwitch, pull, read_file

SECOND = 1_000_000_000


class Watched:
    """A kill switch, what its file says, and how often it was looked for."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.looks = 0
        self.switch = KillSwitch(self._read, "/run/HALT")

    def _read(self) -> str | None:
        self.looks += 1
        return self.text

    def at(self, seconds: float) -> str:
        self.switch.look(Now(0, int(seconds * SECOND)))
        return self.switch.reason


def test_it_is_pulled_while_the_file_is_there_and_says_what_it_says():
    one = Watched()
    assert one.at(0) == ""
    one.text = "the strategy runs wild"
    assert one.at(1) == (
        "/run/HALT is there and says 'the strategy runs wild'; remove it, then `tapewire resume`"
    )
    one.text = None
    assert one.at(2) == ""


def test_an_empty_file_is_enough():
    one = Watched()
    one.text = ""
    assert one.at(0) == "/run/HALT is there; remove it, then `tapewire resume`"


def test_it_is_looked_for_ten_times_per_second_and_no_more():
    one = Watched()
    for number in range(1001):
        one.at(number / 1000)
    assert one.looks == 11


def test_a_file_is_read_to_the_end_of_its_first_line(tmp_path: Path):
    file = tmp_path / "HALT"
    assert read_file(file) is None
    file.write_bytes(b"enough \xff\nof this")
    assert read_file(file) == "enough \ufffd"
    file.write_text("x" * 10_000)
    assert read_file(file) == "x" * 200


def test_a_file_that_cannot_be_read_is_there_all_the_same(tmp_path: Path):
    (tmp_path / "HALT").mkdir()
    assert read_file(tmp_path / "HALT") == "cannot be read: Is a directory"


@pytest.mark.parametrize("before", [None, "by hand"])
def test_pulling_it_leaves_a_reason_that_is_there(tmp_path: Path, before: str | None):
    file = tmp_path / "HALT"
    if before is not None:
        file.write_text(before)
    pull(file, "SIGUSR1 to gateway")
    assert read_file(file) == (before or "SIGUSR1 to gateway")


def test_what_is_no_file_is_there_too_and_nobody_waits_for_what_it_says(tmp_path: Path):
    folder, pipe, link = (tmp_path / name for name in ("folder", "pipe", "link"))
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "nowhere")
    assert read_file(folder) == "cannot be read: Is a directory"
    assert (read_file(pipe), read_file(link)) == ("", "")
    pull(link, "SIGUSR1 to gateway")
    assert read_file(link) == ""


def test_a_signal_counts_here_even_where_no_file_can_be_made_and_everywhere_once_one_can(
    tmp_path: Path,
):
    file = tmp_path / "run" / "HALT"  # its folder is not there
    one = HaltFile(file)
    assert one.read() is None
    one.pull("SIGUSR1 to gateway")
    assert (one.read(), read_file(file)) == ("SIGUSR1 to gateway", None)
    file.parent.mkdir()
    assert one.read() == read_file(file) == "SIGUSR1 to gateway"
    file.unlink()
    assert one.read() is None
