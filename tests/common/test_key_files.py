"""Keys as files: for this user alone, and never half written."""

import errno
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tapewire.common.bus.allowed import Allowed
from tapewire.common.bus.curve import Pair, is_pair, key_of
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import key_files
from tapewire.common.runtime.key_files import AllowList, path_of

FAR = Allowed(b"f" * 40, "far", "strategy")
DESK = Allowed(b"d" * 40, "desk", "operator")
PAIR = Pair(
    b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
)
"""The pair of the standard's own example."""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pair_is_kept_for_this_user_alone_and_its_secret_is_not_shown(run_dir: Path):
    pair = key_files.make_own(run_dir)
    assert is_pair(pair)
    assert key_files.own(run_dir) == pair
    assert mode_of(run_dir / "keys") == 0o700
    assert mode_of(path_of(run_dir, "own.toml")) == 0o600
    assert pair.secret.decode() not in repr(pair)


def test_a_public_key_needs_no_quotes_in_a_shell(run_dir: Path):
    public = key_files.make_own(run_dir).public.decode()
    assert not set(public) & set("^!*?&<>()[]{}$#\"'\\ ")
    assert public[0].isalnum()


def test_a_pair_is_replaced_only_if_that_is_asked_for(run_dir: Path):
    first = key_files.make_own(run_dir)
    with pytest.raises(ConfigError, match="is there already"):
        key_files.make_own(run_dir)
    assert key_files.own(run_dir) == first
    assert key_files.make_own(run_dir, replace=True) == key_files.own(run_dir) != first


def test_there_is_nothing_at_first(run_dir: Path):
    assert key_files.own(run_dir) is None
    assert key_files.home(run_dir) is None
    assert key_files.allowed(run_dir) == ()
    assert not (run_dir / "keys").exists()


def test_a_pair_that_others_can_read_is_refused(run_dir: Path):
    pair = key_files.make_own(run_dir)
    path_of(run_dir, "own.toml").chmod(0o640)
    with pytest.raises(ConfigError, match="mode 0640, must be 0600") as refused:
        key_files.own(run_dir)
    assert pair.secret.decode() not in str(refused.value)


def test_a_folder_that_others_can_enter_is_refused(run_dir: Path):
    key_files.make_own(run_dir)
    (run_dir / "keys").chmod(0o755)
    with pytest.raises(ConfigError, match=r"the folder of keys .* has mode 0755"):
        key_files.own(run_dir)
    with pytest.raises(ConfigError, match=r"the folder of keys .* has mode 0755"):
        key_files.allow(run_dir, FAR)


def test_a_damaged_pair_is_refused_without_a_word_of_what_is_in_it(run_dir: Path):
    secret = key_files.make_own(run_dir).secret.decode()
    path_of(run_dir, "own.toml").write_text(f'secret = "{secret}')
    with pytest.raises(ConfigError, match="is damaged") as refused:
        key_files.own(run_dir)
    assert secret not in str(refused.value)
    other = key_files.make_own(run_dir, replace=True).public.decode()
    path_of(run_dir, "own.toml").write_text(f'public = "{other}"\nsecret = "{secret}"\n')
    with pytest.raises(ConfigError, match="do not belong together"):
        key_files.own(run_dir)


def test_home_is_trusted_by_its_key_until_it_has_another(run_dir: Path):
    assert key_files.trust(run_dir, PAIR.public) is None
    assert key_files.home(run_dir) == PAIR.public
    assert key_files.trust(run_dir, b"h" * 40) == PAIR.public
    assert mode_of(path_of(run_dir, "home.toml")) == 0o600


def test_keys_are_allowed_replaced_and_revoked(run_dir: Path):
    assert key_files.allow(run_dir, FAR) == ()
    assert key_files.allow(run_dir, DESK) == ()
    newer = FAR._replace(key=b"n" * 40)
    assert key_files.allow(run_dir, newer) == (FAR,)
    assert set(key_files.allowed(run_dir)) == {newer, DESK}
    assert key_files.revoke(run_dir, start="nnnnnnnn") == (newer,)
    assert key_files.revoke(run_dir, host="desk") == (DESK,)
    assert key_files.allowed(run_dir) == ()
    with pytest.raises(ConfigError, match="no key of host desk"):
        key_files.revoke(run_dir, host="desk")
    assert mode_of(path_of(run_dir, "allowed.toml")) == 0o600


def test_a_long_list_is_read_to_its_end(run_dir: Path):
    many = [Allowed(f"{n:040}".encode(), f"host-{n}", "reader") for n in range(200)]
    key_files.allow(run_dir, FAR)
    path_of(run_dir, "allowed.toml").write_text(key_files.lists.text_of(many))
    assert set(key_files.allowed(run_dir)) == set(many)


def test_the_list_in_force_follows_its_file(run_dir: Path):
    listed = AllowList(run_dir)
    assert listed() == ()
    key_files.allow(run_dir, FAR)
    assert listed() == (FAR,)
    key_files.revoke(run_dir, host="far")
    assert listed() == ()


@pytest.mark.parametrize("damage", ["text", "mode"])
def test_a_list_that_cannot_be_trusted_allows_nobody_and_is_reported_once(
    run_dir: Path, damage: str, caplog: pytest.LogCaptureFixture
):
    key_files.allow(run_dir, FAR)
    listed = AllowList(run_dir)
    assert listed() == (FAR,)
    if damage == "text":
        path_of(run_dir, "allowed.toml").write_text("[[keys]]\n")
    else:
        path_of(run_dir, "allowed.toml").chmod(0o666)
    with caplog.at_level(logging.ERROR):
        assert listed() == ()
        assert listed() == ()
    assert [one.getMessage() for one in caplog.records] == ["no key is allowed"]


def test_a_list_that_could_not_be_read_for_a_moment_is_read_again(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    key_files.allow(run_dir, FAR)
    listed = AllowList(run_dir)
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(os, "open", full)
        assert [listed(), listed()] == [(), ()]
    assert [one.getMessage() for one in caplog.records] == ["no key is allowed"]
    assert listed() == (FAR,)


@pytest.mark.parametrize("text", ["", "f" * 39, "f" * 41, "f" * 39 + " ", "#" * 40, '"' * 40])
def test_what_is_no_key_is_refused(text: str):
    with pytest.raises(ConfigError, match="is not a key"):
        key_of(text)


def test_any_tools_key_is_taken():
    assert key_of(PAIR.public.decode()) == PAIR.public
    assert is_pair(PAIR)
    assert not is_pair(Pair(PAIR.public, b"short"))


CHANGES: dict[str, Callable[[Path], object]] = {
    "own.toml": lambda run_dir: key_files.make_own(run_dir, replace=True),
    "home.toml": lambda run_dir: key_files.trust(run_dir, PAIR.public),
    "allowed.toml": lambda run_dir: key_files.revoke(run_dir, host="far"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_on_the_disk_before_a_command_says_so_a_revoked_key_above_all(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    key_files.allow(run_dir, FAR)
    steps: list[tuple[str, str]] = []
    replace, fsync = Path.replace, os.fsync

    def replaced(path: Path, target: Path) -> Path:
        steps.append(("replaced", target.name))
        return replace(path, target)

    def synced(descriptor: int) -> None:
        steps.append(("synced", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(os, "fsync", synced)
    CHANGES[name](run_dir)
    assert steps == [
        ("synced", run_dir.name), ("synced", f"{name}.partial"), ("replaced", name),
        ("synced", "keys"),
    ]  # fmt: skip
