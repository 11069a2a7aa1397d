"""A group is controlled by what it was started with, whatever became of the configuration."""

import json
import sqlite3
import stat
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from tapewire.common.bus.wire import WIRE_VERSION
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.events import EVERYTHING, ControlReply, FlattenStarted, Scope
from tapewire.common.runtime import launched
from tapewire.common.runtime.journal import JournalVersionError
from tapewire.console.group import control, launch
from tapewire.console.group.supervisor import Group, GroupError
from tests.console.journaled import T0, write

UNFINISHED = "a flatten, requested at 2026-11-20T11:32:18Z (lunch), is unfinished"


@pytest.fixture
def kept(run_dir, config):
    """A group in the run directory was started with the file as it is."""
    launch.keep(configuration.load(), run_dir)
    return run_dir


@pytest.fixture
def asked(monkeypatch):
    """A group that is up and whose risk answers; gives what was asked of it, and where."""
    asked = []

    def ask(config, action: str, reason: str, scope: Scope = EVERYTHING) -> ControlReply:
        asked.append((action, str(config.run_dir), config.bus.transport))
        return ControlReply(ok=True, state="HALTED", text=reason)

    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(Group, "broken", lambda _: {})
    monkeypatch.setattr(Group, "processes", lambda _: {})
    monkeypatch.setattr(control, "ask", ask)
    return asked


def test_what_was_kept_is_the_same_whatever_the_environment_says(kept, monkeypatch):
    before = configuration.load()
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", "no port")
    assert launch.read(kept).model_dump() == before.model_dump()
    assert stat.S_IMODE((kept / control.FILE).stat().st_mode) == 0o600


WORDY = """\
trading_day = { calendar = "CME", closed = [2026-12-24] }
risk = { profile = "day_trader", rules = [{ rule = "DailyLoss", parameters = { limit = 5 } }] }
[[strategies]]
name = "one"
strategy = "a.b:C"
parameters = { most = inf, by = 1.5 }
warm_up = { ticks = "past.csv", from = 2026-11-20T14:30:00Z }
"""


def test_a_process_goes_by_the_same_as_who_launched_it(run_dir, tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text(WORDY)
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", "4009")
    given = configuration.load(str(tmp_path / "own.toml"))
    launch.keep(given, run_dir)
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", "4010")
    found = launched.config_of(str(run_dir), str(tmp_path / "own.toml"))
    assert found == given.model_copy(update={"run_dir": run_dir.absolute()})
    assert not {"zone", "ends"} & found.trading_day.model_fields_set, "those are the calendar's"
    assert (found.tws.port, found.strategies[0].parameters["most"]) == (4009, float("inf"))


AT_BOTH = """\
[[instruments]]
symbol = "MNQZ6"
sec_type = "FUT"
exchange = "CME"
[[gateways]]
name = "tws"
accounts = ["DU1"]
[[gateways]]
name = "px"
kind = "projectx"
accounts = ["1001"]
user = "jane"
"""


def test_a_group_of_several_logins_goes_by_what_it_was_launched_with(run_dir, tmp_path, caplog):
    (tmp_path / "own.toml").write_text(AT_BOTH)
    given = configuration.load(str(tmp_path / "own.toml"))
    launch.keep(given, run_dir)
    (tmp_path / "own.toml").write_text(AT_BOTH.replace("jane", "john"))
    found = launched.config_of(str(run_dir), str(tmp_path / "own.toml"))
    assert caplog.messages == []
    assert found == given.model_copy(update={"run_dir": run_dir.absolute()})


def test_a_process_without_a_launch_file_goes_by_the_configuration(tmp_path, caplog):
    (tmp_path / "own.toml").write_text("tws = { port = 4011 }")
    assert launched.config_of(None, str(tmp_path / "own.toml")).tws.port == 4011
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "No such file or directory"), ("{", launched.DAMAGED)],
)
def test_a_process_says_that_it_does_not_go_by_what_it_was_launched_with(
    run_dir, tmp_path, caplog, text, why
):
    (tmp_path / "own.toml").write_text("tws = { port = 4011 }")
    if text is not None:
        (run_dir / launched.FILE).write_text(text)
    assert launched.config_of(str(run_dir), str(tmp_path / "own.toml")).tws.port == 4011
    assert caplog.messages == [
        f"{run_dir / launched.FILE} cannot be read: {why}; going by the configuration as it is now,"
        " which may not be what the group was started with"
    ]


def test_a_process_does_not_join_a_group_of_another_wire_version(run_dir, tmp_path):
    launch.keep(configuration.Config(), run_dir)
    file = run_dir / launched.FILE
    kept = json.loads(file.read_text())
    assert kept[launched.BY] == {"tapewire": version("tapewire"), "wire": WIRE_VERSION}
    kept[launched.BY] = {"tapewire": "0.9.0", "wire": WIRE_VERSION - 1}
    file.write_text(json.dumps(kept))
    with pytest.raises(launched.OtherVersionError) as caught:
        launched.config_of(str(run_dir), None)
    assert str(caught.value) == (
        f"{file}: Tapewire 0.9.0 started this group, with wire version {WIRE_VERSION - 1}; this is"
        f" {version('tapewire')}, with version {WIRE_VERSION}. Run `tapewire down`, and `tapewire"
        " up` with one of the two for all processes"
    )
    assert launch.read(run_dir) is not None, "what it was started with can still be looked at"


def test_a_launch_file_of_before_the_versions_is_read(run_dir):
    (run_dir / launched.FILE).write_text(configuration.Config().model_dump_json())
    assert launched.config_of(str(run_dir), None).run_dir == run_dir.absolute()


def test_a_missing_or_broken_launch_file_reads_as_none(run_dir):
    assert launch.read(run_dir) is None
    for text in ("", "{", "[1]", '{"no_such": 1}'):
        (run_dir / control.FILE).write_text(text)
        assert launch.read(run_dir) is None


TYPOS = {
    "key": "[executor]\non_stopp = 1\n",
    "value": '[executor]\non_stop = "no"\n',
    "syntax": "[risk\n",
}


@pytest.mark.parametrize("typo", TYPOS.values(), ids=TYPOS)
@pytest.mark.parametrize("command", ["halt", "resume"])
def test_you_can_still_halt_if_the_file_is_refused(tapewire, config, kept, asked, typo, command):
    config.write_text(config.read_text() + typo)
    found = tapewire(command)
    assert (found.status, asked) == (0, [(command, str(kept), "ipc")])
    assert found.err.startswith(f"the configuration is refused ({config}: ")
    assert found.err.endswith("); using the one the group was started with\n")
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    "command", [["status"], ["flatten", "--wait", "0"], ["orders"], ["events"]]
)
def test_you_can_still_look_at_it_if_the_file_is_refused(tapewire, config, kept, asked, command):
    config.write_text(config.read_text() + TYPOS["key"])
    assert "using the one the group was started with" in tapewire(*command).err


def test_a_running_group_is_reached_as_it_was_started(tapewire, config, kept, asked):
    config.write_text(config.read_text() + '[bus]\ntransport = "tcp"\n')
    assert tapewire("halt").err == ""
    assert asked == [("halt", str(kept), "ipc")]


def test_a_run_directory_can_be_named_with_any_file(tapewire, config, kept, asked, tmp_path):
    config.write_text(f'run_dir = "{tmp_path / "new"}"\n{TYPOS["key"]}')
    refused = tapewire("halt")
    assert (refused.status, asked) == (2, [])
    assert "use --run-dir to name the group, if one runs" in refused.err
    found = tapewire("halt", "--run-dir", str(kept))
    assert (found.status, found.err, asked) == (0, "", [("halt", str(kept), "ipc")])
    nobody = tapewire("halt", "--run-dir", str(tmp_path))
    assert nobody.err == f"tapewire: --run-dir {tmp_path}: no group was started there\n"


def test_if_no_group_runs_the_error_points_to_another_run_directory(tapewire, config):
    found = tapewire("halt")
    assert found.status == 1
    assert "--run-dir names one that runs elsewhere" in found.err


@pytest.mark.parametrize("command", ["up", "run", "halt", "down", "status"])
def test_a_folder_without_a_configuration_is_refused(tapewire, monkeypatch, tmp_path, command):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found = tapewire(command)
    assert (found.status, found.err) == (
        2,
        f"tapewire: no tapewire.toml in {tmp_path / 'empty'}; run tapewire where yours is, name it"
        " with --config, or make a folder to start from: tapewire init FOLDER\n",
    )
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("command", ["backtest", "demo"])
def test_without_a_configuration_the_file_is_missed_and_not_its_strategies(
    tapewire, monkeypatch, tmp_path, command
):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    Path("t.csv").write_text("ts_ns,symbol,last\n1700000000000000000,AAA,9\n")
    found = tapewire(command, "--ticks", "t.csv")
    assert found.status == 2
    assert found.err.startswith(f"tapewire: no tapewire.toml in {tmp_path / 'empty'}; run tapewire")
    assert [one.name for one in (tmp_path / "empty").iterdir()] == ["t.csv"]


def test_a_run_directory_of_the_environment_needs_no_file(tapewire, monkeypatch, run_dir):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    monkeypatch.chdir(run_dir)
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir))
    assert len(tapewire("fills", "--json").json["fills"]) == 3
    assert tapewire("up").status == 2


@pytest.fixture
def flattening(kept, monkeypatch):
    """An unfinished flatten, and a group that would start; gives what has been started."""
    write(kept, "risk", [FlattenStarted(T0, EVERYTHING, "lunch")])
    begun = []
    monkeypatch.setattr(Group, "up", lambda *_: begun.append("up"))
    return begun


def test_up_announces_that_it_continues_a_flatten(tapewire, flattening):
    found = tapewire("up", "--wait", "0")
    assert (found.status, flattening) == (0, ["up"])
    assert found.err.startswith(
        f"{UNFINISHED}: it will cancel every order and close every position of whatever account"
        " answers\n"
    )


def test_a_flatten_is_not_continued_on_another_account(tapewire, config, flattening):
    config.write_text('mode = "live"\nlive_account = "U1"\n' + config.read_text())
    refused = tapewire("up", "--wait", "0")
    assert (refused.status, flattening) == (1, [])
    assert refused.err.startswith(f"tapewire: {UNFINISHED}, and this is another TWS")
    assert tapewire("up", "--wait", "0", "--continue-flatten").status == 0
    assert flattening == ["up"]


def test_the_address_of_a_tws_matters_only_without_the_simulator():
    for simulated in (True, False):
        one, other = (
            Config(simulator={"enabled": simulated}, tws={"port": port}) for port in (4001, 4002)
        )
        assert launch.of_another_account(one, other) is not simulated
        assert not launch.of_another_account(one, one)


# ---- journals of an earlier group ----------------------------------------------------------------


@pytest.fixture
def simulated():
    return Config(simulator={"enabled": True})


def test_the_journals_about_a_simulated_account_are_archived(tapewire, kept, config, simulated):
    before = tapewire("positions", "--json").out
    sentence = launch.prepare_journals(simulated, kept)
    (archive,) = (kept / "ended").iterdir()
    assert [p.name for p in (kept / "journals").glob("*.sqlite")] == ["risk.sqlite"], "a halt stays"
    assert sentence == (
        f"earlier trading is in {archive}, as the simulator's account starts empty; look at it with"
        f" `tapewire blotter --run-dir {archive}`"
    )
    assert tapewire("fills", "--json").json == {"fills": [], "groups": []}
    config.write_text("")
    assert tapewire("positions", "--json", "--run-dir", str(archive)).out == before
    assert len(tapewire("events", "--run-dir", str(archive)).out.splitlines()) > 5
    assert launch.prepare_journals(simulated, kept) == ""


@pytest.fixture
def older(kept):
    """Its journals were written by version 1."""
    for path in (kept / "journals").glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 0")
    return kept


@pytest.mark.parametrize("command", ["up", "orders", "events"])
def test_journals_of_another_version_are_refused(tapewire, older, command):
    found = tapewire(command)
    assert (found.status, found.out) == (1, "")
    assert found.err.startswith(f"tapewire: {older / 'journals'}/")
    assert found.err.endswith(
        f".sqlite: journal version 1, expected {WIRE_VERSION};"
        f" use another run_dir, or move {older / 'journals'} out of the way and run"
        " `tapewire journals accept`\n"
    )
    assert len(list((older / "journals").glob("*.sqlite"))) == 4


def test_a_simulators_journals_of_another_version_are_archived(older, simulated):
    sentence = launch.prepare_journals(simulated, older)
    assert list((older / "journals").iterdir()) == []
    assert sentence.endswith("; risk's journal is of another version, so an earlier halt is lifted")


def test_a_journal_under_a_name_of_an_earlier_version_is_archived_too(older, simulated):
    gateway = older / "journals" / "gateway.sqlite"
    gateway.rename(gateway.with_stem("way-out"))
    launch.prepare_journals(simulated, older)
    assert list((older / "journals").iterdir()) == []


def test_a_refused_start_has_moved_nothing(older):
    simulators = older / "programs" / "simulator.conf"
    simulators.parent.mkdir(exist_ok=True)
    simulators.touch()
    before = sorted((older / "journals").glob("*.sqlite"))
    with pytest.raises(JournalVersionError):
        launch.prepare_journals(Config(), older)
    assert sorted((older / "journals").glob("*.sqlite")) == before


def test_a_refused_environment_is_a_refused_configuration(kept, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_NO_SUCH", "1")
    with pytest.raises(ConfigError):
        configuration.load()
    assert launch.read(kept) is not None


def test_a_run_directory_of_another_version_is_not_called_empty(tapewire, kept):
    (kept / control.FILE).write_text('{"risk": {"max_contracts": 100}}')
    found = tapewire("blotter", "--run-dir", str(kept))
    assert found.status == 2
    assert found.err.startswith(
        f"tapewire: --run-dir {kept}: its started.json cannot be read; it is damaged, or of another"
        " version of Tapewire"
    )


# ---- room on the disk ---------------------------------------------------------------------------


def test_a_disk_that_is_too_full_to_begin_with_is_refused_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "free_bytes", lambda _folder: 150_000_000)
    with pytest.raises(GroupError) as refused:
        launch.require_room(Config(), tmp_path)
    assert str(refused.value) == (
        f"the disk of {tmp_path} has 150,000,000 bytes free, and 178,779,520 are needed:"
        " 150,000,000 to trade (storage.free_resume_mb), and 28,779,520 that journals and reserves"
        " take at once; free some space, or choose another run_dir"
    )


def test_what_a_run_directory_has_already_is_not_needed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "free_bytes", lambda _folder: 150_000_000)
    for name in ("journals/gateway", "journals/liquidation", "journals/risk"):
        (tmp_path / f"{name}.sqlite").parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.sqlite").touch()
    for name in ("liquidation", "risk"):
        (tmp_path / "reserve" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "reserve" / name).touch()
    launch.require_room(Config(), tmp_path)
