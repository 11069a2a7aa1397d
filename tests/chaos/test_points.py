"""A process is met at the point that was named, once, and its tape has what it sent."""

import signal
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.points import POINTS, Folder, Point, Wrapped

ORDER = b"\0\0\0\x0b3\x00140\x00AAPL\0"
OTHER = b"\0\0\0\x0561\x001\0"


class Process:
    """One whose journal and transport are wrapped; `done` is what happened, in order."""

    def __init__(self, role: str, folder: Folder) -> None:
        self.done: list[str] = []
        wrapped = Wrapped(
            role, folder, lambda number: self.done.append(signal.Signals(number).name)
        )
        self._append = wrapped.commit(self._committed)
        self._send = wrapped.send(self._sent)

    def commit(self) -> None:
        self._append(self, [])

    def send(self, channel: str, *frames: bytes) -> bool:
        return self._send(self, channel, frames)

    def _committed(self, _journal: object, _events: object) -> int:
        self.done.append("commit")
        return 1

    def _sent(self, _transport: object, channel: str, _frames: Sequence[bytes]) -> bool:
        self.done.append(channel)
        return True


def test_a_process_ends_before_and_after_what_was_named(tmp_path: Path):
    folder = Folder(tmp_path)
    for what, when, expected in (
        ("commit", "before", ["SIGKILL", "commit", "tws"]),
        ("commit", "after", ["commit", "SIGKILL", "tws"]),
        ("tws", "before", ["commit", "SIGKILL", "tws"]),
        ("tws", "after", ["commit", "tws", "SIGKILL"]),
    ):
        process = Process("gateway", folder)
        folder.arm(Point("gateway", what, when), signal.SIGKILL, 1)  # type: ignore[arg-type]
        process.commit()
        process.send("tws", ORDER)
        assert process.done == expected
        assert not folder.is_armed("gateway")


def test_it_is_met_once_and_only_at_the_pass_that_was_named(tmp_path: Path):
    folder, process = Folder(tmp_path), Process("executor", Folder(tmp_path))
    folder.arm(Point("executor", "gateway.requests", "before"), signal.SIGSTOP, 2)
    for _ in range(3):
        process.send("gateway.requests", b"")
    assert process.done == ["gateway.requests", "SIGSTOP", "gateway.requests", "gateway.requests"]


def test_what_is_no_order_is_no_point_and_on_no_tape(tmp_path: Path):
    folder, process = Folder(tmp_path), Process("gateway", Folder(tmp_path))
    folder.arm(Point("gateway", "tws", "before"), signal.SIGKILL, 1)
    folder.arm(Point("risk", "commit", "before"), signal.SIGKILL, 1)
    process.send("tws", OTHER)
    process.send("market", b"tick.AAPL\0", b"")
    process.commit()
    assert process.done == ["tws", "market", "commit"]
    assert folder.tapes() == []
    assert folder.disarm("gateway")
    assert not folder.disarm("gateway")


def test_a_tape_has_orders_and_announcements_even_where_its_last_entry_was_cut(tmp_path: Path):
    folder, process = Folder(tmp_path), Process("gateway", Folder(tmp_path))
    process.send("tws", ORDER)
    process.send("events", b"gateway\0", b"a batch")
    process.send("events", b"heartbeat.gateway\0", b"no batch")
    process.send("requests", b"executor", b"an answer")
    process.send("tws", ORDER)
    (tape,) = (tmp_path / "tapes").iterdir()
    tape.write_bytes(tape.read_bytes()[:-3])
    found = [(one.role, one.channel, one.frames) for one in folder.tapes()]
    assert found == [
        ("gateway", "tws", [ORDER]),
        ("gateway", "events", [b"gateway\0", b"a batch"]),
    ]


def test_every_process_of_the_order_path_has_points():
    assert len(POINTS) == len(set(POINTS)) == 28
    assert {one.role for one in POINTS} >= {"gateway", "liquidation", "executor", "risk"}
