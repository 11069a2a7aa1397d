"""What a group was started with steers it, whatever has become of the configuration since."""

import stat

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.events import ControlReply, FlattenStarted
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.group import archive as ended
from tapewire.console.group import control, launched
from tapewire.console.group import launch_config as started
from tapewire.console.group.supervisor import Group
from tests.console.journaled import T0

ASKED = "a flatten asked at 2026-11-20T11:32:18Z (lunch) is under way"


@pytest.fixture
def kept(run_dir, config):
    """A group in the run directory was started with the file as it is."""
    started.keep(configuration.load(), run_dir)
    return run_dir


@pytest.fixture
def asked(monkeypatch):
    """A group that is up and whose risk answers; gives what it was asked, and where."""
    asked = []

    def ask(config, action: str, reason: str) -> ControlReply:
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
    assert started.read(kept).model_dump() == before.model_dump()
    assert stat.S_IMODE((kept / launched.FILE).stat().st_mode) == 0o600


def test_what_was_not_kept_or_cannot_be_read_is_none(run_dir):
    assert started.read(run_dir) is None
    for text in ("", "{", "[1]", '{"no_such": 1}'):
        (run_dir / launched.FILE).write_text(text)
        assert started.read(run_dir) is None


TYPOS = {
    "key": "[risk]\nmax_contract = 1\n",
    "value": "[risk]\nmax_contracts = 0\n",
    "syntax": "[risk\n",
}


@pytest.mark.parametrize("typo", TYPOS.values(), ids=TYPOS)
@pytest.mark.parametrize("command", ["halt", "resume"])
def test_a_refused_file_takes_nobodys_brake_away(tapewire, config, kept, asked, typo, command):
    config.write_text(config.read_text() + typo)
    found = tapewire(command)
    assert (found.status, asked) == (0, [(command, str(kept), "ipc")])
    assert found.err.startswith(f"the configuration is refused ({config}: ")
    assert found.err.endswith("); using what the group was started with\n")
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    "command", [["status"], ["flatten", "--wait", "0"], ["orders"], ["events"]]
)
def test_looking_at_it_needs_no_good_file_either(tapewire, config, kept, asked, command):
    config.write_text(config.read_text() + TYPOS["key"])
    assert "using what the group was started with" in tapewire(*command).err


def test_while_it_runs_a_group_is_spoken_to_as_it_was_started(tapewire, config, kept, asked):
    config.write_text(config.read_text() + '[bus]\ntransport = "tcp"\n')
    assert tapewire("halt").err == ""
    assert asked == [("halt", str(kept), "ipc")]


def test_a_run_directory_can_be_named_whatever_the_file_says(
    tapewire, config, kept, asked, tmp_path
):
    config.write_text(f'run_dir = "{tmp_path / "new"}"\n{TYPOS["key"]}')
    refused = tapewire("halt")
    assert (refused.status, asked) == (2, [])
    assert "--run-dir names the group to speak to, if one runs" in refused.err
    found = tapewire("halt", "--run-dir", str(kept))
    assert (found.status, found.err, asked) == (0, "", [("halt", str(kept), "ipc")])
    nobody = tapewire("halt", "--run-dir", str(tmp_path))
    assert nobody.err == f"tapewire: --run-dir {tmp_path}: no group was started there\n"


def test_where_none_runs_another_run_directory_is_pointed_to(tapewire, config):
    found = tapewire("halt")
    assert found.status == 1
    assert "--run-dir names one that runs elsewhere" in found.err


@pytest.mark.parametrize("command", ["up", "run", "halt", "down", "status"])
def test_a_folder_that_is_no_projects_is_refused(tapewire, monkeypatch, tmp_path, command):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found = tapewire(command)
    assert (found.status, found.err) == (
        2,
        f"tapewire: no tapewire.toml in {tmp_path / 'empty'}; call tapewire where it is, or name"
        " it with --config\n",
    )
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_run_directory_of_the_environment_needs_no_file(tapewire, monkeypatch, run_dir):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    monkeypatch.chdir(run_dir)
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir))
    assert len(tapewire("fills", "--json").json["fills"]) == 3
    assert tapewire("up").status == 2


@pytest.fixture
def flattening(kept, monkeypatch):
    """A flatten that is not over, and a group that would start; gives what has been started."""
    journal = SqliteJournal(kept / "journals" / "risk.sqlite")
    journal.append([FlattenStarted(T0, "lunch")])
    journal.close()
    begun = []
    monkeypatch.setattr(Group, "up", lambda *_: begun.append("up"))
    return begun


def test_up_says_beforehand_that_it_goes_on_with_a_flatten(tapewire, flattening):
    found = tapewire("up", "--wait", "0")
    assert (found.status, flattening) == (0, ["up"])
    assert found.err == (
        f"{ASKED}: it cancels every order and closes every position of whatever account answers\n"
    )


def test_a_flatten_is_not_let_loose_on_another_account(tapewire, config, flattening):
    config.write_text('mode = "live"\nlive_account = "U1"\n' + config.read_text())
    refused = tapewire("up", "--wait", "0")
    assert (refused.status, flattening) == (1, [])
    assert refused.err.startswith(f"tapewire: {ASKED}, and this is another TWS than it was asked")
    assert tapewire("up", "--wait", "0", "--continue-flatten").status == 0
    assert flattening == ["up"]


def test_the_address_of_a_tws_names_an_account_only_where_it_is_connected_to():
    for simulated in (True, False):
        one, other = (
            Config(simulator={"enabled": simulated}, tws={"port": port}) for port in (4001, 4002)
        )
        assert started.of_another_account(one, other) is not simulated
        assert not started.of_another_account(one, one)


def test_journals_of_an_account_that_is_no_more_can_still_be_looked_at(tapewire, kept, config):
    before = tapewire("positions", "--json").out
    moved = ended.put_away(kept)
    assert moved is not None
    assert [p.name for p in (kept / "journals").iterdir()] == ["risk.sqlite"], "a halt stays"
    assert ended.sentence(moved) == (
        f"what was traded before is in {moved}: the simulator's account is not kept; look at it"
        f" with `tapewire blotter --run-dir {moved}`"
    )
    assert tapewire("fills", "--json").json == {"fills": []}
    config.write_text("")
    assert tapewire("positions", "--json", "--run-dir", str(moved)).out == before
    assert len(tapewire("events", "--run-dir", str(moved)).out.splitlines()) > 5
    assert ended.put_away(kept) is None


def test_a_refused_environment_is_a_refused_configuration(kept, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_NO_SUCH", "1")
    with pytest.raises(ConfigError):
        configuration.load()
    assert started.read(kept) is not None
