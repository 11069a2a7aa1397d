"""The raw log: both ways, bounded, masked, for one user alone."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.clock import VirtualClock
from tapewire.common.config.tws_address import IDENTIFY
from tapewire.gateway.tws.framing import frame
from tapewire.gateway.tws.raw_log import LINE_MAX, RawLog
from tests.gateway.tws_messages import T0

STAMP = "2023-11-14T22:13:20.000Z "


def message(*fields: str) -> bytes:
    return frame("".join(f"{field}\0" for field in fields).encode())


MADE: list[RawLog] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def log(folder: Path, max_bytes: int = 1_000_000) -> RawLog:
    MADE.append(RawLog(folder / "logs" / "gateway.tws.log", max_bytes, VirtualClock(T0)))
    return MADE[-1]


def lines(folder: Path) -> list[str]:
    text = (folder / "logs" / "gateway.tws.log").read_text()
    return [line.removeprefix(STAMP) for line in text.splitlines()]


def test_every_message_is_a_line_with_its_direction(tmp_path: Path):
    one = log(tmp_path)
    one.note("connected to 127.0.0.1:7497")
    one.written(b"API\0" + frame(b"v100..157"))
    one.read(message("157", "time") + message("9", "1", "5"))
    assert lines(tmp_path) == [
        "- connected to 127.0.0.1:7497", "> v100..157", "< 157|time", "< 9|1|5",
    ]  # fmt: skip


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_message_in_two_pieces_is_one_line(tmp_path: Path, cut: int):
    one, data = log(tmp_path), message("15", "1", "abcdefghijk")
    one.read(data[:cut])
    one.read(data[cut:])
    assert lines(tmp_path) == ["< 15|1|abcdefghijk"]


def test_account_ids_and_the_nonce_are_masked_in_both_directions(tmp_path: Path):
    one = log(tmp_path)
    one.read(message("15", "1", "DU1234567,U7654321,F123456"))
    one.written(message("3", "1", "order of DU1234567"))
    one.read(message(IDENTIFY, "secret"))
    one.note("logged in to U7654321")
    text = "\n".join(lines(tmp_path))
    assert text == (
        "< 15|1|DU***,U***,F***\n> 3|1|order of DU***\n< 990001|***\n- logged in to U***"
    )


def test_a_message_cannot_begin_a_line_of_its_own(tmp_path: Path):
    log(tmp_path).read(message("4", "2", "a\nb\x1b[31m"))
    assert lines(tmp_path) == ["< 4|2|a?b?[31m"]


def test_the_file_is_for_its_user_alone_whatever_it_was(tmp_path: Path):
    path = tmp_path / "logs" / "gateway.tws.log"
    path.parent.mkdir()
    path.touch(mode=0o644)
    log(tmp_path).note("connected")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_file_is_put_aside_and_there_are_never_more_than_two(tmp_path: Path):
    one = log(tmp_path, max_bytes=1000)
    for number in range(200):
        one.read(message("9", "1", str(number)))
    files = sorted((tmp_path / "logs").iterdir())
    assert [path.name for path in files] == ["gateway.tws.log", "gateway.tws.log.1"]
    assert all(path.stat().st_size < 1100 for path in files)
    assert lines(tmp_path)[-1] == "< 9|1|199"


def test_a_long_message_is_cut(tmp_path: Path):
    log(tmp_path).read(message("1" * 3 * LINE_MAX))
    (line,) = lines(tmp_path)
    assert line == f"< {'1' * LINE_MAX} ... {3 * LINE_MAX + 1} bytes"


def test_what_is_no_message_and_a_disk_that_takes_nothing_stop_nobody(tmp_path: Path):
    one = log(tmp_path)
    one.read(b"\xff" * 100)
    assert lines(tmp_path) == ["< 100 bytes that are not a message"]
    (tmp_path / "file").touch()
    log(tmp_path / "file").read(message("1"))


def test_a_new_connection_begins_with_a_whole_message(tmp_path: Path):
    one = log(tmp_path)
    one.read(message("15", "1", "cut off")[:9])
    one.note("TWS reset the connection")
    one.read(message("9", "1", "5"))
    assert lines(tmp_path) == ["- TWS reset the connection", "< 9|1|5"]
