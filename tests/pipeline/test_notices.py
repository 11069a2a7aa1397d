"""Notices in a real group: they arrive once, and whatever becomes of them, enforcement goes on."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tests.made_ticks import made
from tests.pipeline.running import Running, tapewire
from tests.places import DATA, ROOT
from tests.risk.notices.hooks import TOKEN, Hook, a_hook

pytest.importorskip("apprise")


@pytest.fixture
def hooks() -> Iterator[tuple[Hook, Hook]]:
    with a_hook() as desk, a_hook() as slow:
        slow.always = 0
        yield desk, slow


def configured(monkeypatch: pytest.MonkeyPatch, folder: Path, desk: Hook, slow: Hook) -> None:
    """The first address in a file, the second one in the environment."""
    address = folder / "desk.url"
    address.write_text(desk.url)
    address.chmod(0o600)
    targets = [
        {"name": "desk", "url_file": str(address)},
        {"name": "slow", "url_env": "SLOW_URL"},
    ]
    monkeypatch.setenv("SLOW_URL", slow.url)
    monkeypatch.setenv("TAPEWIRE_NOTICES__TARGETS", json.dumps(targets))
    monkeypatch.setenv("TAPEWIRE_NOTICES__EVERY_MS", "200")
    monkeypatch.setenv("TAPEWIRE_NOTICES__TIMEOUT_MS", "30000")


@pytest.fixture
def noticed(
    run_dir: Path, tmp_path: Path, hooks: tuple[Hook, Hook], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    configured(monkeypatch, tmp_path, *hooks)
    group = Group(configuration.load())
    group.up()
    try:
        yield Running(group)
    finally:
        if group.is_up():
            group.down()


def resume(running: Running) -> None:
    running.until(
        lambda: control.ask(running.group.config, "resume", "seen").ok, "trading to resume"
    )


def test_a_flatten_goes_on_while_one_target_hangs_and_the_other_gets_each_notice_once(
    noticed, hooks, run_dir
):
    desk, slow = hooks
    noticed.until_ready()
    noticed.until_fills(1)
    noticed.until(lambda: slow.paths, "the slow target to be asked")

    desk.answers = [500]
    noticed.flatten()
    noticed.until(lambda: "flat, as the broker lists it" in desk.texts(), "notice of the flatten")
    assert desk.answers == [], "it was refused once, and came again"

    noticed.until(lambda: has_all(run_dir, "desk"), "that to be written down")
    noticed.kill_9("notices")
    resume(noticed)
    noticed.until(lambda: "resumed (everything): seen" in desk.texts(), "what it had missed")

    stopped = noticed.pids()["notices"]
    os.kill(stopped, signal.SIGSTOP)
    try:
        noticed.flatten()
    finally:
        os.kill(stopped, signal.SIGCONT)
    noticed.until(lambda: desk.texts().count("flat, as the") == 2, "what it had slept through")

    assert desk.texts().count("flatten started") == 2
    assert desk.texts().count("resumed (everything)") == 1
    assert slow.received == []
    turns = noticed.status("notices")["times_us"]["turn"]["count"]
    assert turns < 5_000, "it waits between its looks, though it has no socket to wait on"
    noticed.group.down()
    assert_nowhere(run_dir, TOKEN)


def has_all(run_dir: Path, target: str) -> bool:
    """Whether it is on disk that a target has all notices: a crash before that sends them again."""
    saved = json.loads((run_dir / "notices.json").read_text())
    return bool(saved["targets"][target]["number"] == saved["next_number"] - 1)


def assert_nowhere(folder: Path, secret: str) -> None:
    """Nothing that was written in a folder has this in it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"notices.log", "started.json", "notices.json"} <= {path.name for path in files}
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_a_target_that_cannot_be_used_stops_notices_alone_and_is_not_shown(
    run_dir, tmp_path, hooks, monkeypatch
):
    configured(monkeypatch, tmp_path, *hooks)
    (tmp_path / "desk.url").chmod(0o644)
    started = tapewire("up", "--wait", "60")
    try:
        assert started.returncode == 1
        assert "notices: BROKEN: the target desk of [[notices.targets]]" in started.stdout
        assert "has mode 0644, must be 0600" in started.stdout
        late = Group(configuration.load()).not_ready()
        assert set(late) == {"notices"}
        listed = tapewire("notices")
        assert "desk: address in file" in listed.stdout
    finally:
        ended = tapewire("down")
    tested = tapewire("notices", "test")
    said = [one.stdout + one.stderr for one in (started, listed, ended, tested)]
    assert TOKEN not in "".join(said)


# ---- the demo on a day that breaks its limit -----------------------------------------------------

RULE = """\
[[risk.rules]]
rule = "DailyRealizedLoss"
parameters = { limit = LIMIT, unrealised = true, confirm_ms = 200 }
enforcement = "flatten"
until = "day"

[[notices.targets]]
name = "desk"
url_file = "FILE"
"""
REAL = "us_equity_20131007_l1_trades.csv.gz"


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hook, Path]]:
    """The configuration that ships, with a small limit for the day and a web hook."""
    with a_hook() as hook:
        address, config = tmp_path / "desk.url", tmp_path / "tapewire.toml"
        address.write_text(hook.url)
        address.chmod(0o600)
        shipped = (ROOT / "tapewire.toml").read_text()
        begin, end = shipped.index("[[risk.rules]]"), shipped.index("\n[simulator]")
        rule = RULE.replace("FILE", str(address))
        config.write_text(f"{shipped[:begin]}{rule}\n{shipped[end:]}")
        monkeypatch.setenv("TAPEWIRE_CONFIG", str(config))
        yield hook, config


def demo(config: Path, limit: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    config.write_text(config.read_text().replace("LIMIT", str(limit)))
    return tapewire("demo", *arguments, "--json")


def check(found: subprocess.CompletedProcess[str], hook: Hook) -> None:
    """Breach, lock-out, flatten, flat: in what the demo says, and at the web hook."""
    assert found.returncode == 0, found.stderr + found.stdout
    assert json.loads(found.stdout)["halts"] == 1
    said = [line for line in found.stderr.splitlines() if line.startswith("risk: ")]
    words = [line.removeprefix("risk: ").partition(" (")[0] for line in said]
    assert [word for word in words if word != "warning"] == ["violation", "halt", "flatten", "flat"]
    locked = next(line for line in said if line.startswith("risk: halt (account DU1234567)"))
    assert ", by DailyRealizedLoss" in locked
    assert "until " in locked
    told = hook.texts()
    for text in (
        "DailyRealizedLoss is broken (account DU1234567): the day's loss is",
        "halted until ",
        "flatten started (account DU1234567)",
        "flat, as the broker lists it (account DU1234567)",
    ):
        assert told.count(text) == 1, told


def test_a_demo_whose_day_breaks_a_limit_shows_breach_flatten_and_lock_out_and_tells_the_web_hook(
    limited, tmp_path
):
    hook, config = limited
    ticks = tmp_path / "made.csv"
    ticks.write_text(made("2024-01-08T14:30:00+00:00", seconds=12, rate_per_s=400))
    check(demo(config, 1, "--ticks", str(ticks), "--speed", "3"), hook)


@pytest.mark.soak
def test_so_does_a_demo_on_a_real_day(limited):
    if not (DATA / REAL).exists():
        pytest.skip(f"{REAL} is not here; the made file is tested instead")
    hook, config = limited
    given = ("--ticks", str(DATA / REAL), "--from", "2013-10-07T13:30Z")
    check(demo(config, 20, *given, "--speed", "20", "--seconds", "20"), hook)
