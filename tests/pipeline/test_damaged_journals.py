"""Whatever was done to a journal while the whole group was stopped: the next start halts and says
what it was, and nothing is traded before a person has put it right."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.console.running import simulator
from tests.pipeline.damage import DAMAGES
from tests.pipeline.running import Running, tapewire


class Traded:
    """A group at a TWS that is not its own, so that its journals are continued; stopped twice, with
    a copy of the journals from the first time."""

    def __init__(self, run_dir: Path, audit: Path, copies: Path) -> None:
        self.run_dir, self.audit, self.copies = run_dir, audit, copies
        self.old, self.group = copies / "old", Group(configuration.load())
        self._trade()
        shutil.copytree(run_dir / "journals", self.old)
        self._trade()

    def _trade(self) -> None:
        self.group.up([].append)
        try:
            running = Running(self.group)
            running.until_ready()
            running.until_fills(running.fills() + 5)
        finally:
            self.group.down([].append)

    def journal(self, role: str) -> Path:
        return self.run_dir / "journals" / f"{role}.sqlite"

    def orders(self) -> int:
        """Orders that TWS has taken, and modifies of them."""
        lines = self.audit.read_text().splitlines()
        return sum(json.loads(line)["kind"] == "order" for line in lines)

    def copy_of(self, role: str) -> Path:
        """As a backup would have it."""
        copy = self.copies / f"{role}.backup"
        shutil.copy(self.journal(role), copy)
        return copy

    def older_copy(self, role: str) -> str:
        shutil.copy(self.old / f"{role}.sqlite", self.journal(role))
        return f"{role}'s journal ends at record"

    def damaged(self, role: str, kind: str) -> str:
        """What is reported of it."""
        if kind == "older_copy":
            return self.older_copy(role)
        return DAMAGES[kind](self.journal(role))


ROUNDS = (
    {"gateway": "older_copy", "executor": "deleted"},
    {"risk": "cut", "liquidation": "bit_flipped"},
)
EVERYONE_ELSE = {"strategy-momentum-fast", "strategy-momentum-slow", "risk", "executor"}


@pytest.fixture
def traded(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traded]:
    audit = tmp_path / "audit.jsonl"
    with simulator("--audit", str(audit), "--rate", "600") as port:
        monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "false")
        monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(port))
        one = Traded(run_dir, audit, tmp_path)
        yield one
        if one.group.is_up():
            one.group.down([].append)


def test_no_damage_to_a_journal_of_a_stopped_group_is_traded_on(traded: Traded) -> None:
    for damage in ROUNDS:
        orders = traded.orders()
        backups = {role: traded.copy_of(role) for role in damage}
        said = {role: traded.damaged(role, kind) for role, kind in damage.items()}
        _starts_halted(traded.group, said)
        assert traded.orders() == orders, f"something was traded after {damage}"
        for role, backup in backups.items():
            ended = tapewire("journals", "restore", role, "--from", str(backup))
            assert ended.returncode == 0, ended.stdout + ended.stderr
    _goes_on_after_a_resume(traded.group)


def _starts_halted(group: Group, said: dict[str, str]) -> None:
    group.up([].append)
    not_ready = group.wait_ready(60)
    halted = {name for name, (state, _) in not_ready.items() if state == "HALTED"}
    shown = tapewire("status").stdout
    statuses = group.statuses()
    group.down([].append)
    assert halted >= {*said, *EVERYONE_ELSE}
    for role, text in said.items():
        assert text in not_ready[role][1]
        assert f"`tapewire journals restore {role} --from FILE`" in not_ready[role][1]
        assert f"{role}'s journal" in " ".join(shown.split())
    assert not any(one.get("restarts") for one in statuses.values()), "one of them does not stay up"


def _goes_on_after_a_resume(group: Group) -> None:
    group.up([].append)
    running = Running(group)
    others = [name for name in group.names() if name != "risk"]
    running.until(lambda: all(running.state(n) == "READY" for n in others), "all but risk")
    running.until(lambda: running.state("risk") == "HALTED", "the halt in risk's own journal")
    assert tapewire("resume").stdout == "trading is ACTIVE\n"
    running.until_ready()
    running.until_fills(running.fills() + 1)


@pytest.mark.soak
@pytest.mark.parametrize("role", ["gateway", "executor"])
def test_a_journal_that_is_deleted_under_its_process_halts_it(running: Running, role: str):
    running.until_ready()
    running.until_fills(1)
    (running.run_dir / "journals" / f"{role}.sqlite").unlink()
    running.until(lambda: running.state(role) == "HALTED", f"{role} to be HALTED")
    assert "was deleted or moved while it was in use" in running.status(role)["reason"]
    running.flatten()
    running.until(lambda: running.status("risk")["held"] == [], "nothing to be held")
