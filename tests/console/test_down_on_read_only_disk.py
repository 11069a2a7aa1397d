"""The end of a group on a disk that has become read-only."""

import errno
import socket
from pathlib import Path
from typing import NoReturn

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group


def test_what_cannot_be_removed_stays_for_the_next_start(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    group = Group(configuration.load())
    (run_dir / "locks").mkdir(exist_ok=True)
    (run_dir / "locks" / "risk.lock").touch()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(run_dir / "risk"))

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        group._sweep()
    assert (run_dir / "risk").exists()
    group._sweep()
    assert not (run_dir / "risk").exists()
    assert not (run_dir / "locks" / "risk.lock").exists()
