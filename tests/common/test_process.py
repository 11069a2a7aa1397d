"""The process shell, in real processes: one a role, told apart ends, nothing left behind."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events import Control, ControlReply
from tapewire.common.runtime.epochs import next_epoch
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.common.runtime.tokens import TokenFile, path_of
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
ROLE = """
import sys
from tapewire.common.events import EVERYTHING, RiskViolation
from tapewire.common.runtime.logs import log
from tapewire.common.runtime.process import Process, run
from tapewire.common.runtime.service import Service


class Quiet(Service):
    def on_request(self, sender, event, now):
        self.emit(RiskViolation(now.wall_ns, EVERYTHING, "asked", event.reason))

    def on_stop(self, now):
        self.emit(RiskViolation(now.wall_ns, EVERYTHING, "end", ""))
        return "one thing is undone"


def build(process: Process) -> Service:
    log.info("account", text="orders of DU1234567 and U7654321")
    if "no-socket" not in sys.argv:
        process.serve_stream()
    return Quiet(process.role, process.transport, process.clock,
                 epoch=process.epoch, journal=process.journal())


sys.exit(run("risk", build, argv=[]))
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, sys.argv[1]])
print(child.pid, flush=True)
child.wait()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def start(tmp_path: Path, run_dir: Path) -> Iterator[Start]:
    """Starts a role of its own; whatever still runs at the end is killed."""
    script = tmp_path / "role.py"
    script.write_text(ROLE)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, code: str = "", **variables: str) -> "subprocess.Popen[str]":
        environment = {"PYTHONPATH": str(ROOT), "TAPEWIRE_RUN_DIR": str(run_dir), **variables}
        command = ["-c", code] if code else []
        process = subprocess.Popen(
            [sys.executable, *command, str(script), *arguments],
            env=inherited | environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit status and what it said."""
    _, said = process.communicate(timeout=20)
    return process.returncode, said


def status_of(run_dir: Path, role: str = "risk") -> dict[str, Any]:
    path = run_dir / "status" / f"{role}.json"
    status: dict[str, Any] = wait_for(lambda: path.exists() and json.loads(path.read_text()), role)
    return status


def running(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_sigterm_ends_it_with_status_0_and_tells_why(start: Start, run_dir: Path) -> None:
    process = start()
    status = status_of(run_dir)
    assert (status["role"], status["state"], status["pid"]) == ("risk", "READY", process.pid)
    (target,) = (run_dir / "targets").glob("*.json")
    (listed,) = json.loads(target.read_text())
    assert listed["labels"] == {"job": "risk"}
    assert listed["targets"][0].startswith("127.0.0.1:")
    process.terminate()
    assert end(process)[0] == 0
    assert status_of(run_dir)["ended"] == "SIGTERM"
    assert not target.exists()


def cli_token(run_dir: Path) -> TokenFile:
    return TokenFile(path_of(run_dir, "risk", "cli"))


ASKED = 1500  # several times what one turn takes


@pytest.fixture
def console(run_dir: Path) -> Iterator[ZmqTransport]:
    transport = ZmqTransport()
    transport.connect("control", "dealer", f"ipc://{run_dir}/control")
    transport.present("control", cli_token(run_dir))
    yield transport
    transport.close(linger_ms=0)


def ask(console: ZmqTransport, *numbers: int) -> None:
    """Put requests on their way to the role."""
    for number in numbers:
        request = [wire.encode(Control(number, "halt", str(number)))]
        wait_for(lambda request=request: console.send("control", request), "a connection")


def test_what_had_come_before_the_signal_is_worked_off_and_the_end_is_written_down(
    start: Start, run_dir: Path, console: ZmqTransport
) -> None:
    process = start()
    ask(console, 0)
    wait_for(lambda: status_of(run_dir)["journal_seq"] == 1, "the connection")
    process.send_signal(signal.SIGSTOP)
    ask(console, *range(1, ASKED))
    process.terminate()
    process.send_signal(signal.SIGCONT)
    code, said = end(process)
    assert code == 0
    journal = SqliteJournal(run_dir / "journals" / "risk.sqlite", read_only=True)
    written = list(events_of(journal))
    journal.close()
    assert [e.reason for e in written[:-1]] == [str(n) for n in range(ASKED)]
    assert written[-1].rule == "end"
    (stopped,) = (line for line in map(json.loads, said.splitlines()) if line["event"] == "stopped")
    assert (stopped["why"], stopped["left"]) == ("SIGTERM", "one thing is undone")


def test_prometheus_is_told_of_turns_commits_queues_and_the_journal(
    start: Start, run_dir: Path, console: ZmqTransport
) -> None:
    start()
    ask(console, 1, 2, 3)
    wait_for(lambda: status_of(run_dir)["journal_seq"] == 3, "the requests")
    (target,) = (run_dir / "targets").glob("*.json")
    address = json.loads(target.read_text())[0]["targets"][0]
    page = urlopen(f"http://{address}/metrics").read().decode()
    found = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert found['tapewire_journal_seq{label="",process="risk"}'] == "3.0"
    assert float(found['tapewire_commit_seconds_count{label="",process="risk"}']) >= 1
    assert float(found['tapewire_turn_seconds_bucket{label="",le="+Inf",process="risk"}']) >= 1
    assert found['tapewire_handler_seconds_count{label="risk.control",process="risk"}'] == "3.0"
    assert float(found['tapewire_queue_messages_max{label="requests",process="risk"}']) >= 1


def test_ctrl_c_ends_it_with_status_0(start: Start, run_dir: Path) -> None:
    process = start()
    status_of(run_dir)
    process.send_signal(signal.SIGINT)
    code, said = end(process)
    assert code == 0
    assert "Traceback" not in said


def test_a_second_one_of_a_role_says_who_holds_it_and_ends(start: Start, run_dir: Path) -> None:
    first = start()
    status_of(run_dir)
    code, said = end(start())
    assert code == 3
    assert f"risk is running already as process {first.pid}" in said
    assert first.poll() is None


def test_a_role_is_free_again_once_its_holder_was_killed(start: Start, run_dir: Path) -> None:
    first = start()
    status_of(run_dir)
    first.kill()
    end(first)
    second = start()
    wait_for(lambda: status_of(run_dir)["pid"] == second.pid, "the second one")


BAD = {
    "value": ({"TAPEWIRE_TWS__PORT": "x"}, "tws.port is 'x', must be a whole number"),
    "file": ({"TAPEWIRE_CONFIG": "missing.toml"}, "missing.toml: no such file"),
    "path": ({"TAPEWIRE_RUN_DIR": "r" * 120}, "choose a run_dir of at most 83 bytes"),
}


@pytest.mark.parametrize(("variables", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_configuration_ends_it_with_status_2(
    start: Start, variables: dict[str, str], sentence: str
) -> None:
    code, said = end(start(**variables))
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


def test_a_run_directory_that_others_can_enter_is_refused(start: Start, run_dir: Path) -> None:
    run_dir.mkdir()
    run_dir.chmod(0o755)
    code, said = end(start())
    assert code == 2
    assert f"run_dir {run_dir} has mode 0755, must be 0700" in said


def test_a_run_directory_that_is_a_file_is_refused(start: Start, run_dir: Path) -> None:
    run_dir.write_text("")
    code, said = end(start())
    assert code == 2
    assert str(run_dir) in said
    assert "Traceback" not in said


def test_a_journal_that_cannot_be_read_halts_it_and_it_says_so_to_whoever_asks(
    start: Start, run_dir: Path
) -> None:
    file = run_dir / "journals" / "risk.sqlite"
    file.parent.mkdir(parents=True)
    run_dir.chmod(0o700)
    file.write_bytes(b"not a database " * 100)
    process = start()
    status = status_of(run_dir)
    assert status["state"] == "HALTED"
    assert status["reason"] == (
        f"risk's journal is damaged: {file}: file is not a database; expected a journal;"
        " `tapewire journals verify` shows what is wrong, `tapewire journals restore risk --from"
        " FILE` puts a copy back"
    )
    transport = ZmqTransport()
    transport.connect("control", "dealer", f"ipc://{run_dir}/control")
    transport.present("control", cli_token(run_dir))
    request = wire.encode(Control(1, "halt", "x"))
    wait_for(lambda: transport.send("control", [request]), "the connection")
    ((_, frames),) = wait_for(lambda: transport.poll(50), "the answer")
    assert wire.decode_event(frames[-1]) == ControlReply(False, "HALTED", status["reason"])
    transport.close()
    process.terminate()
    assert end(process)[0] == 0
    assert file.read_bytes() == b"not a database " * 100, "it is left as it was"


def test_an_older_copy_of_its_journal_halts_it_until_the_newer_one_is_back(
    start: Start, run_dir: Path
) -> None:
    file = run_dir / "journals" / "risk.sqlite"
    kept: list[bytes] = []
    for _ in range(2):
        process = start()
        status_of(run_dir)
        process.terminate()
        end(process)
        kept.append(file.read_bytes())
        (run_dir / "status" / "risk.json").unlink()
    for content, state in ((kept[0], "HALTED"), (kept[1], "READY")):
        file.write_bytes(content)
        process = start()
        status = status_of(run_dir)
        process.terminate()
        end(process)
        (run_dir / "status" / "risk.json").unlink()
        assert status["state"] == state
    assert file.read_bytes() != kept[1], "it has gone on with the newer one"


def test_damage_that_is_found_while_it_runs_ends_it_and_the_next_start_stands_by(
    start: Start, run_dir: Path
) -> None:
    process = start()
    status_of(run_dir)
    process.terminate()
    end(process)
    with closing(sqlite3.connect(run_dir / "journals" / "risk.sqlite")) as db, db:
        db.execute("UPDATE records SET record = x'00' WHERE seq = 1")
    process = start()  # this service reads nothing of its past
    code, said = end(process)
    assert code == 1
    assert "record 1 is not as it was written" in said
    (run_dir / "status" / "risk.json").unlink()
    process = start()
    status = status_of(run_dir)
    assert status["state"] == "HALTED"
    assert "risk.sqlite: record 1 is not as it was written; `tapewire" in status["reason"]
    process.terminate()
    assert end(process)[0] == 0


def test_it_ends_when_its_parent_was_killed(start: Start, run_dir: Path) -> None:
    parent = start(code=PARENT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        status_of(run_dir)
        parent.kill()
        wait_for(lambda: not running(child), "the child to end")
    finally:
        if running(child):
            os.kill(child, signal.SIGKILL)
    assert status_of(run_dir)["ended"] == "parent died"


def test_no_log_line_names_an_account(start: Start, run_dir: Path) -> None:
    process = start()
    status_of(run_dir)
    process.terminate()
    _, said = end(process)
    lines = [json.loads(line) for line in said.splitlines()]
    assert "orders of DU*** and U***" in [line.get("text") for line in lines]
    assert all(line["process"] == "risk" for line in lines)
    assert "1234567" not in said
    assert "7654321" not in said


def test_everything_it_writes_lies_in_the_run_directory(
    start: Start, run_dir: Path, tmp_path: Path
) -> None:
    process = start()
    status_of(run_dir)
    process.terminate()
    end(process)
    assert {p.name for p in tmp_path.iterdir()} == {"run", "role.py"}


def test_a_later_start_has_a_later_epoch_even_if_the_clock_went_back(tmp_path):
    path = tmp_path / "gateway"
    first = next_epoch(path, 2_000_000_000_000_000_000)
    assert first < next_epoch(path, 1_000_000_000_000_000_000)
    assert next_epoch(path, 3_000_000_000_000_000_000) == f"{3_000_000_000_000:012x}"
