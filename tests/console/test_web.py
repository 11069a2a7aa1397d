"""The web console from the command line: its address, and the sentences where there is none."""

import json
from pathlib import Path

import pytest

from tapewire.common import extras, roles
from tapewire.common.config.settings import Config, WebConfig
from tapewire.console.commands import web
from tapewire.console.group.supervisor import Group
from tests.console.running import Tapewire

LACKING = "starlette is not installed; install it with: pip install 'tapewire[web]'"


def told(run_dir: Path, **more: object) -> None:
    """The console's status, as it writes it."""
    (run_dir / "status").mkdir(exist_ok=True)
    status = {"pid": None, "ts_ns": 2**62, "state": "READY", "reason": "", "ended": "", **more}
    (run_dir / "status" / "web.json").write_text(json.dumps(status))


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    monkeypatch.setattr(extras, "find_spec", lambda module: None)


def written(run_dir: Path, config: Config) -> tuple[bool, list[str]]:
    """Whether a section is written for it, and what is printed."""
    said: list[str] = []
    group = Group(config.model_copy(update={"run_dir": run_dir}))
    group._write_sections(said.append)
    return (run_dir / "programs" / "web.conf").exists(), said


def test_it_is_started_with_the_group_where_its_extra_is_installed(tmp_path: Path) -> None:
    assert written(tmp_path, Config(web=WebConfig(enabled=True))) == (True, [])
    assert Group(Config(run_dir=tmp_path)).names()[-1] == roles.WEB


@pytest.mark.usefixtures("lacking")
def test_without_its_extra_the_group_runs_and_a_sentence_says_how_to_get_it(
    tmp_path: Path,
) -> None:
    is_there, (said,) = written(tmp_path, Config(web=WebConfig(enabled=True)))
    assert not is_there
    assert said == f"no web console: {LACKING}; or set web.enabled = false"
    assert roles.WEB not in Group(Config(run_dir=tmp_path)).names()


def test_one_that_is_not_wanted_is_not_started_and_nothing_is_said(tmp_path: Path) -> None:
    assert written(tmp_path, Config(web=WebConfig(enabled=False))) == (False, [])


def test_without_a_console_the_command_says_what_starts_one(
    tapewire: Tapewire, run_dir: Path
) -> None:
    said = tapewire("web").err
    assert "`tapewire up` starts it with the group, unless web.enabled is false" in said


@pytest.mark.usefixtures("lacking")
def test_without_the_extra_the_command_says_how_to_install_it(
    tapewire: Tapewire, run_dir: Path
) -> None:
    assert LACKING in tapewire("web").err


def test_a_port_that_is_taken_is_what_the_command_says(tapewire: Tapewire, run_dir: Path) -> None:
    taken = "no page: port 8420 is taken; set web.port, or end who has it"
    told(run_dir, url="", reason=taken)
    ended = tapewire("web")
    assert ended.status == 1
    assert taken in ended.err


def test_a_console_that_does_not_answer_is_a_sentence(tapewire: Tapewire, run_dir: Path) -> None:
    told(run_dir, url="http://127.0.0.1:1")
    assert "http://127.0.0.1:1 gave no login" in tapewire("web").err


def test_the_address_has_its_code_where_no_log_and_no_other_site_sees_it(
    tapewire: Tapewire, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(run_dir, url="http://127.0.0.1:8420")
    monkeypatch.setattr(web, "_code", lambda *given: f"code-of-{given[2]}")
    assert tapewire("web").out == "http://127.0.0.1:8420/login#code-of-admin\n"
    found = json.loads(tapewire("web", "--role", "viewer", "--json").out)
    assert found["login"] == "http://127.0.0.1:8420/login#code-of-viewer"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"host": "0.0.0.0"}, "other machines can reach"),
        ({"host": "192.168.1.5", "beyond_loopback": True}, "a certificate"),
        ({"host": "::", "certificate": "c.pem", "key": "k.pem"}, "beyond_loopback"),
        ({"certificate": "c.pem"}, "given together"),
        ({"host": "desk.example"}, "IP address"),
    ],
)
def test_nothing_is_reachable_from_elsewhere_without_tls_and_a_word_for_it(
    given: dict[str, object], wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        WebConfig(**given)  # type: ignore[arg-type]


def test_with_tls_and_a_word_for_it_it_is() -> None:
    config = WebConfig(host="0.0.0.0", beyond_loopback=True, certificate="c.pem", key="k.pem")
    assert (config.scheme, config.is_loopback) == ("https", False)
