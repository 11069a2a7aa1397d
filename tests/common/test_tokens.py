"""Tokens as files: for one user, new at each start, read again when they are new."""

import os
import stat
from pathlib import Path

import pytest

from tapewire.common.runtime import tokens
from tapewire.common.runtime.tokens import TokenFile, issue, path_of


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / tokens.FOLDER).mkdir()
    return tmp_path


def test_a_token_is_a_secret_of_its_start_in_a_file_for_its_user_alone(run_dir: Path):
    first, second = issue(run_dir, "risk", "cli"), issue(run_dir, "risk", "cli")
    assert first != second
    assert len(bytes.fromhex(first.decode())) == 16
    path = path_of(run_dir, "risk", "cli")
    assert path.read_bytes() == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_client_reads_the_token_of_a_new_start(run_dir: Path):
    token = TokenFile(path_of(run_dir, "risk", "cli"))
    assert token() == b"", "it was never started"
    for _ in range(3):
        made = issue(run_dir, "risk", "cli")
        assert token() == made
        assert token() == made


def test_a_client_does_not_read_the_file_again_as_long_as_it_is_the_same(run_dir: Path):
    made = issue(run_dir, "risk", "cli")
    path = path_of(run_dir, "risk", "cli")
    token = TokenFile(path)
    assert token() == made
    before = path.stat()
    path.write_text("0" * len(made))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert token() == made


def test_without_its_file_there_is_no_token(run_dir: Path):
    issue(run_dir, "risk", "cli")
    token = TokenFile(path_of(run_dir, "risk", "cli"))
    token()
    path_of(run_dir, "risk", "cli").unlink()
    assert token() == b""
