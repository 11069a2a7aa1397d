"""The files of segments: a write is whole or taken back, and what was left open is closed."""

import errno
import os

import pytest

from tapewire.common.errors import TapewireError
from tapewire.recorder.folder import (
    CLOSED,
    COMPACTING,
    DAMAGED,
    OPEN,
    Folder,
    SegmentFile,
    encoded,
    key_of,
)
from tests.recorder.published import Market, segment


@pytest.fixture
def folder(tmp_path):
    folder = Folder(tmp_path / "recorded")
    folder.prepare()
    return folder


def test_what_it_creates_is_for_this_user_alone(folder):
    segment(folder, 1, Market().message())
    assert {path.stat().st_mode & 0o077 for path in folder.path.rglob("*.segment")} == {0}
    assert {p.stat().st_mode & 0o777 for p in (folder.path, folder.segments)} == {0o700}


def test_a_write_that_the_disk_took_in_part_is_taken_back(folder, monkeypatch):
    file = SegmentFile(folder, "one", b"head")
    file.append(b"first")
    written = os.write

    def nearly_full(fd, data):
        if len(data) <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(fd, data[:3])

    monkeypatch.setattr(os, "write", nearly_full)
    with pytest.raises(OSError, match="No space left"):
        file.append(b"seconds")
    monkeypatch.undo()
    file.append(b"third")
    file.close()
    assert folder.segment("one", CLOSED).read_bytes() == b"headfirstthird"


def test_a_segment_that_cannot_even_begin_leaves_nothing(folder, monkeypatch):
    def full(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        SegmentFile(folder, "one", b"head")
    assert [*folder.segments.iterdir()] == []


def test_what_a_killed_recorder_left_is_cut_and_closed(folder):
    market = Market()
    name = segment(folder, 1, market.message(), market.message(), end=OPEN)
    path = folder.segment(name, OPEN)
    os.truncate(path, path.stat().st_size - 5)
    (said,) = folder.adopt()
    assert said.startswith(f"{name}.open: ")
    assert said.endswith(" torn bytes were cut")
    assert folder.named(OPEN) == []
    found = folder.read(name)
    assert [len(block.frames) for block in found.blocks] == [2]
    assert found.torn_bytes == 0
    assert folder.adopt() == []


def test_what_is_whole_is_closed_without_a_word(folder):
    name = segment(folder, 1, Market().message(), end=OPEN)
    assert folder.adopt() == []
    assert folder.named(CLOSED) == [name]


@pytest.mark.parametrize("content", [b"", b"TWR\x01\x06\0"])
def test_one_that_was_only_just_begun_is_removed(folder, content):
    folder.segment("one", OPEN).write_bytes(content)
    assert folder.adopt() == []
    assert [*folder.segments.iterdir()] == []


def test_what_cannot_be_read_at_all_is_kept_for_a_person(folder):
    folder.segment("one", OPEN).write_bytes(bytes(10_000))
    (said,) = folder.adopt()
    assert said.endswith("expected a recorded segment; it is kept as one.damaged")
    assert folder.named(DAMAGED) == ["one"]


def test_only_one_makes_parquet(folder):
    with folder.lock(COMPACTING), pytest.raises(TapewireError, match="compacting is running"):
        Folder(folder.path).lock(COMPACTING)


@pytest.mark.parametrize("symbol", ["AAPL", "EUR.USD", "AAPL  240119C00190000", "BRK/B", "a=b%2F"])
def test_a_symbol_is_one_part_of_a_path_and_can_be_read_from_it(symbol):
    assert "/" not in encoded(symbol)
    assert key_of(encoded(symbol)) == symbol
