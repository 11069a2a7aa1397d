"""The keeper as a process of its own: it makes the checkpoint, and whatever becomes of it, the
journals and the last checkpoint are whole."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.events import RiskHalted, Scope
from tapewire.common.runtime.checkpoint import Checkpoint, checkpoint_file
from tapewire.common.runtime.journal import Journal, SqliteJournal, verify
from tapewire.common.runtime.keeper import WORK
from tapewire.common.runtime.role_lock import take_role
from tests.waiting import wait_for

KEEPER = "tapewire.common.runtime.keeper"
CONFIG = """\
[[instruments]]
symbol = "BENCH"
"""


class Stand:
    """A run directory with some past trading, and keepers on it."""

    def __init__(self, folder: Path, records: int) -> None:
        self.folder, self.run_dir = folder, folder / "run"
        self.run_dir.mkdir(mode=0o700)
        (folder / "tapewire.toml").write_text(CONFIG)
        PastTrading("DU1", "bench", "BENCH", records).write(self.run_dir / "journals")
        settings = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
        self.environment = {**settings, "TAPEWIRE_RUN_DIR": str(self.run_dir)}

    @contextmanager
    def keeper(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", KEEPER, *options], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def once(self) -> tuple[int, str]:
        with self.keeper("--once") as process:
            said = process.communicate(timeout=60)[0]
            return process.returncode, said

    def journal(self, role: str, *, read_only: bool = True) -> SqliteJournal:
        return SqliteJournal(self.run_dir / "journals" / f"{role}.sqlite", read_only=read_only)

    def checkpoint(self) -> Checkpoint | None:
        config = configuration.Config(instruments=[{"symbol": "BENCH"}])
        store = checkpoint_file(self.run_dir, config)
        found: Journal | None = store.open()
        return Checkpoint(found, store.instruments) if found is not None else None

    def head(self, role: str) -> int:
        found = self.checkpoint()
        return found.head(role).seq if found is not None else 0


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path, 1500)


def test_it_makes_one_and_says_what_still_matters(stand: Stand) -> None:
    status, said = stand.once()
    assert (status, "records still matter" in said) == (0, True)
    for role in (roles.GATEWAY, roles.EXECUTOR, roles.RISK):
        with closing(stand.journal(role)) as journal:
            assert stand.head(role) == journal.head.seq
    modes = {path.stat().st_mode & 0o077 for path in stand.run_dir.rglob("checkpoints/*")}
    assert modes == {0}


def test_it_looks_and_works_again_when_there_is_more(stand: Stand) -> None:
    with stand.keeper("--every-s", "0.05"):
        wait_for(lambda: stand.head(roles.RISK) > 0, "a checkpoint", 30)
        before = stand.head(roles.RISK)
        with closing(stand.journal(roles.RISK, read_only=False)) as journal:
            journal.append([RiskHalted(n, Scope(f"DU{n}"), "x") for n in range(2500)])
        wait_for(lambda: stand.head(roles.RISK) == before + 2500, "the next one", 30)


def test_killed_at_any_moment_it_leaves_the_journals_and_the_last_checkpoint(stand: Stand) -> None:
    assert stand.once()[0] == 0
    before = stand.head(roles.GATEWAY)
    for seconds in (0.05, 0.2, 0.4, 0.6):
        with stand.keeper("--once") as process, suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        assert stand.head(roles.GATEWAY) == before
    for role in (roles.GATEWAY, roles.EXECUTOR, roles.RISK):
        with closing(stand.journal(role)) as journal:
            verify(journal)
    assert stand.once()[0] == 0
    names = sorted(path.name for path in stand.run_dir.glob("checkpoints/*"))
    assert names == ["group.sqlite"]


def test_of_two_only_one_works(stand: Stand) -> None:
    (stand.run_dir / "locks").mkdir(mode=0o700)
    with take_role(stand.run_dir, WORK):
        status, said = stand.once()
    assert (status, "checkpoint is running already as process" in said) == (1, True)
    assert stand.checkpoint() is None


def test_a_disk_that_is_nearly_full_is_left_to_trading(stand: Stand) -> None:
    stand.environment["TAPEWIRE_STORAGE__FREE_RESUME_MB"] = str(10**9)
    status, said = stand.once()
    assert (status, "left to trading" in said) == (1, True)
    assert stand.checkpoint() is None


def test_a_damaged_journal_is_named_and_the_last_checkpoint_stays(stand: Stand) -> None:
    assert stand.once()[0] == 0
    before = stand.head(roles.GATEWAY)
    with closing(stand.journal(roles.RISK, read_only=False)) as journal:
        journal.append([RiskHalted(1, Scope(), "x")] * 3)
        last = journal.head.seq
        journal._db.execute("UPDATE records SET record = x'00' WHERE seq = ?", (last - 1,))
    status, said = stand.once()
    assert status == 1
    assert "risk.sqlite: record" in said
    assert stand.head(roles.GATEWAY) == before


def test_the_command_line_makes_one_too(stand: Stand) -> None:
    command = [sys.executable, "-m", "tapewire.console.cli", "journals", "compact", "--json"]
    ended = subprocess.run(
        command, env=stand.environment, cwd=stand.folder, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout)["records"] > 1500
    assert stand.head(roles.GATEWAY) > 0
