"""`tapewire keys`: pairs, the list of those allowed, and the home that is trusted."""

import stat
from pathlib import Path

import pytest

from tapewire.common.runtime import key_files
from tests.console.running import Tapewire

KEY = "UD-1nEpJvE0lzb/MUvUM2QnKnY8Fle4JvQsOQHM7"
OTHER = "9:3abvpXn.hmw7=+V3wm@UylEirs51Z:TTbTXu6z"


@pytest.fixture
def place(config: Path, tmp_path: Path) -> Path:
    """The run directory of the configuration, which is not there yet."""
    return tmp_path / "r"


def test_a_new_pair_prints_its_public_key_and_never_the_secret_one(
    tapewire: Tapewire, place: Path
) -> None:
    made = tapewire("keys", "new")
    pair = key_files.own(place)
    assert pair is not None
    assert made.out == f"{pair.public.decode()}\n"
    listed = tapewire("keys")
    assert pair.public.decode() in listed.out
    assert pair.secret.decode() not in made.out + made.err + listed.out + listed.err
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_second_pair_needs_to_be_asked_for(tapewire: Tapewire, place: Path) -> None:
    first = tapewire("keys", "new", "--json").json["public"]
    refused = tapewire("keys", "new")
    assert refused.status == 2
    assert "is there already" in refused.err
    second = tapewire("keys", "new", "--replace", "--json").json["public"]
    assert tapewire("keys", "list", "--json").json["public"] == second != first


def test_a_key_is_allowed_replaced_and_revoked(tapewire: Tapewire, place: Path) -> None:
    entry = {"host": "far", "role": "strategy", "key": KEY}
    for_far = ("--host", "far", "--role", "strategy")
    assert tapewire("keys", "allow", KEY, *for_far, "--json").json == {
        "allowed": entry,
        "replaced": [],
    }
    assert tapewire("keys", "allow", OTHER, *for_far).out == (
        f"allowed: {OTHER} of far, strategy\nno longer allowed: {KEY} of far, strategy\n"
    )
    assert tapewire("keys", "--json").json["allowed"] == [{**entry, "key": OTHER}]
    assert (
        tapewire("keys", "revoke", OTHER[:8]).out
        == f"no longer allowed: {OTHER} of far, strategy\n"
    )
    assert key_files.allowed(place) == ()


def test_neither_side_takes_its_own_key_for_the_other_ones(tapewire: Tapewire, place: Path) -> None:
    own = tapewire("keys", "new", "--json").json["public"]
    for arguments, expected in (
        (("trust", own), "home's key"),
        (("allow", own, "--host", "far", "--role", "reader"), "the key of another host"),
    ):
        refused = tapewire("keys", *arguments)
        assert refused.status == 2
        assert f"{own[:8]} is this host's own key; expected {expected}" in refused.err
    assert key_files.allowed(place) == ()


def test_a_key_of_a_host_that_is_not_configured_is_allowed_with_a_word(
    tapewire: Tapewire, config: Path, place: Path
) -> None:
    two = '[[hosts]]\nname = "home"\naddress = "10.0.0.1"\nhome = true\n'
    config.write_text(f'{config.read_text()}{two}[[hosts]]\nname = "far"\naddress = "10.0.0.2"\n')
    for host, said in (("far", ""), ("fra", "[[hosts]] has no far host fra (has far)")):
        ended = tapewire("keys", "allow", KEY, "--host", host, "--role", "strategy")
        assert ended.status == 0
        assert said in ended.err
        assert bool(ended.err) == bool(said)


def test_all_keys_of_a_host_are_revoked_at_once(tapewire: Tapewire, place: Path) -> None:
    tapewire("keys", "allow", KEY, "--host", "far", "--role", "strategy")
    tapewire("keys", "allow", OTHER, "--host", "far", "--role", "reader")
    revoked = tapewire("keys", "revoke", "--host", "far", "--json").json["revoked"]
    assert {one["key"] for one in revoked} == {KEY, OTHER}


def test_home_is_trusted_by_its_key(tapewire: Tapewire, place: Path) -> None:
    tapewire("keys", "trust", KEY)
    assert tapewire("keys", "trust", OTHER).out == (
        f"home is trusted by its key {OTHER[:8]}; no longer {KEY[:8]}\n"
    )
    assert key_files.home(place) == OTHER.encode()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("allow", KEY, "--host", "far", "--role", "king"), "--role is 'king'"),
        (("allow", KEY, "--host", "far away", "--role", "reader"), "--host is 'far away'"),
        (("allow", "key", "--host", "far", "--role", "reader"), "'key' is not a key"),
        (("trust", "key"), "'key' is not a key"),
        (("revoke",), "name either a KEY or a --host"),
        (("revoke", KEY, "--host", "far"), "name either a KEY or a --host"),
        (("revoke", "--host", "far"), "no key of host far is on the list"),
        (("revoke", KEY), "is not on the list"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    tapewire: Tapewire, place: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = tapewire("keys", *arguments)
    assert ended.status == 2
    assert sentence in ended.err
    assert not (place / "keys" / "allowed.toml").exists()


def test_a_run_directory_is_named_without_a_configuration(
    tapewire: Tapewire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(tmp_path / "missing.toml"))
    made = tapewire("keys", "new", "--run-dir", str(tmp_path / "far"), "--json").json
    assert (
        tapewire("keys", "--run-dir", str(tmp_path / "far"), "--json").json["public"]
        == (made["public"])
    )


def test_a_folder_without_a_configuration_gets_no_keys(
    tapewire: Tapewire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ended = tapewire("keys", "new")
    assert ended.status == 2
    assert "no tapewire.toml" in ended.err
    assert list((tmp_path / "elsewhere").iterdir()) == []
