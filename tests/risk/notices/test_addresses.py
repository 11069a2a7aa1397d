"""Addresses: secrets, taken from the environment or a file of mode 0600, and shown nowhere."""

import os
from pathlib import Path

import pytest

from tapewire.common.config import settings
from tapewire.common.config.notices import KINDS, TargetConfig
from tapewire.common.errors import ConfigError
from tapewire.risk.notices.addresses import address

SECRET = "s3cr3t-T0ken"
URL = f"discord://123456/{SECRET}"
IN_FILE = '[notices]\n[[notices.targets]]\nname = "desk"\n'


def in_file(path: Path) -> TargetConfig:
    return TargetConfig(name="desk", url_file=path)


def loaded(tmp_path: Path, text: str) -> settings.Config:
    (tmp_path / "t.toml").write_text(text)
    return settings.load(str(tmp_path / "t.toml"))


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_the_environment_has_it():
    target = TargetConfig(name="desk", url_env="DESK_URL")
    assert address(target, {"DESK_URL": f" {URL}\n"}) == URL
    with pytest.raises(ConfigError, match=r"target desk .* has no DESK_URL, or an empty one"):
        address(target, {})


def test_a_file_of_ones_own_has_it(tmp_path):
    path = tmp_path / "desk.url"
    path.write_text(f"{URL}\n")
    path.chmod(0o600)
    assert address(in_file(path), {}) == URL


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "desk.url"
    path.write_text(URL)
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        address(in_file(path), {})
    assert f"has mode {mode:04o}, must be 0600 and yours" in str(caught.value)
    assert f"run `chmod 600 {path}`" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "desk.url"
    path.write_text(URL)
    path.chmod(0o600)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="must be 0600 and yours"):
        address(in_file(path), {})


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, why in [
        (tmp_path / "none", "No such file"),
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
    ]:
        with pytest.raises(ConfigError, match=why):
            address(in_file(path), {})


@pytest.mark.parametrize("content", ["", SECRET, f"{URL} {URL}", f"{URL}\n{URL}"])
def test_what_is_not_one_address_is_refused_and_not_shown(tmp_path, content):
    path = tmp_path / "desk.url"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        address(in_file(path), {})
    assert "is not an address; expected one such as" in str(caught.value)
    assert SECRET not in str(caught.value)


# ---- the configuration ---------------------------------------------------------------------------


def test_a_target_names_where_its_address_is(tmp_path):
    config = loaded(tmp_path, f'{IN_FILE}url_env = "DESK_URL"').notices
    assert config.targets == (TargetConfig(name="desk", url_env="DESK_URL"),)
    assert config.kinds == KINDS


def test_without_a_target_there_are_no_notices(tmp_path):
    assert loaded(tmp_path, "").notices.targets == ()


@pytest.mark.parametrize(
    "line",
    [
        f'url = "{URL}"',
        f'url = "{SECRET}"',
        f'url_env = "{URL}"',
        f'url_file = "{URL}"',
        f'url_env = "X"\nname2 = "{URL}"',
        f'url_env = "{SECRET}"',
        f"url = {URL}",
        f'url = "{URL}',
        f'url_env = ["{URL}"]',
    ],
)
def test_an_address_in_the_configuration_is_refused_and_not_shown(tmp_path, line):
    refused(tmp_path, IN_FILE + line)


def test_the_refusal_says_where_an_address_belongs(tmp_path):
    sentence = refused(tmp_path, f'{IN_FILE}url = "{URL}"')
    assert "is a secret, and is not shown here" in sentence
    assert "an environment variable or a file of mode 0600, which url_env or url_file" in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAPEWIRE_NOTICES", f'"{URL}"'),
        ("TAPEWIRE_NOTICES", URL),
        ("TAPEWIRE_NOTICES__TARGETS", URL),
        ("TAPEWIRE_NOTICES__TARGETS", f'"{URL}"'),
        ("TAPEWIRE_NOTICES__TARGETS", f'[{{"name": "desk", "url": "{URL}"}}]'),
        ("TAPEWIRE_NOTICES__EVERY_MS", URL),
    ],
)
def test_an_address_in_a_variable_of_the_configuration_is_refused_and_not_shown(
    tmp_path, monkeypatch, name, value
):
    monkeypatch.setenv(name, value)
    refused(tmp_path, "")


def test_a_target_has_its_address_in_one_place(tmp_path):
    one_place = "must have url_env or url_file, one of them"
    assert one_place in refused(tmp_path, IN_FILE)
    assert one_place in refused(tmp_path, f'{IN_FILE}url_env = "A"\nurl_file = "b"')


def test_a_variable_of_the_configuration_itself_is_no_place(tmp_path):
    sentence = refused(tmp_path, f'{IN_FILE}url_env = "TAPEWIRE_URL"')
    assert "that does not begin with TAPEWIRE_" in sentence


def test_two_targets_have_two_names(tmp_path):
    target = '[[notices.targets]]\nname = "desk"\nurl_env = "A"\n'
    assert "the name 'desk' is a duplicate" in refused(tmp_path, target * 2)


def test_an_unknown_kind_is_refused_by_name(tmp_path):
    sentence = refused(tmp_path, '[notices]\nkinds = ["violation"]')
    assert "violation" in sentence
