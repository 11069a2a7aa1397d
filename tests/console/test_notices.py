"""`tapewire notices`: the targets, and whether a message arrives there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.running import Tapewire
from tests.risk.notices.hooks import TOKEN, Hook, a_hook


@pytest.fixture
def hook() -> Iterator[Hook]:
    pytest.importorskip("apprise")
    with a_hook() as hook:
        yield hook


def with_targets(config: Path, monkeypatch: pytest.MonkeyPatch, **urls: str) -> None:
    text = config.read_text()
    for name, url in urls.items():
        text += f'[[notices.targets]]\nname = "{name}"\nurl_env = "{name.upper()}_URL"\n'
        monkeypatch.setenv(f"{name.upper()}_URL", url)
    config.write_text(text)


def test_a_test_says_of_each_target_whether_it_arrived(
    tapewire: Tapewire, config, monkeypatch, hook
):
    with a_hook() as refusing:
        refusing.always = 401
        with_targets(config, monkeypatch, desk=hook.url, mail=refusing.url, none=" ")
        ended = tapewire("notices", "test")
    assert ended.status == 1
    desk, mail, none = ended.out.splitlines()
    assert desk == "desk: arrived"
    assert mail == "mail: did not arrive: the server answered 401"
    assert none.startswith("none: the target none of [[notices.targets]]: the environment has no")
    (received,) = hook.received
    assert received["title"] == "Tapewire: a test"
    assert TOKEN not in ended.out + ended.err


def test_where_all_arrive_the_status_is_0_also_as_json(
    tapewire: Tapewire, config, monkeypatch, hook
):
    with_targets(config, monkeypatch, desk=hook.url)
    ended = tapewire("notices", "test", "--json")
    assert ended.status == 0
    assert json.loads(ended.out) == {"arrived": {"desk": True}, "faults": {"desk": ""}}


def test_without_a_target_there_is_nothing_to_test(tapewire: Tapewire, config):
    ended = tapewire("notices", "test")
    assert ended.status == 2
    assert "no targets: [[notices.targets]] in tapewire.toml names where" in ended.err
    assert tapewire("notices").out.startswith("no targets: ")


def test_without_the_extra_the_command_that_installs_it_is_named(
    tapewire: Tapewire, config, monkeypatch
):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _: None)
    with_targets(config, monkeypatch, desk="json://127.0.0.1")
    ended = tapewire("notices", "test")
    assert ended.status == 1
    assert ended.out.endswith("install it with: pip install 'tapewire[risk]'\n")


def test_the_list_says_how_far_each_target_is(tapewire: Tapewire, config, run_dir, monkeypatch):
    with_targets(config, monkeypatch, desk="json://x", mail=f"json://127.0.0.1/{TOKEN}")
    targets = {"mail": {"waiting": 12, "messages": 3, "failures": 2, "fault": "no connection"}}
    status = {"targets": targets, "ts_ns": 0, "pid": None, "ended": "SIGTERM"}
    (run_dir / "status").mkdir()
    (run_dir / "status" / "notices.json").write_text(json.dumps(status))
    desk, mail, kinds = tapewire("notices").out.splitlines()
    assert desk == "desk: address in variable DESK_URL"
    assert mail == (
        "mail: address in variable MAIL_URL, 3 messages sent, 12 notices waiting; no connection"
    )
    assert kinds.startswith("kinds: violations, enforcements, ")
    found = json.loads(tapewire("notices", "--json").out)
    assert found["targets"][1] == {
        "name": "mail",
        "address": "variable MAIL_URL",
        **targets["mail"],
    }
