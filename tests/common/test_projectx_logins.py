"""`[[gateways]]` with kind projectx: what it must have, and what means nothing there."""

import pytest

from tapewire.common.config.gateways import LoginConfig
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError

PX = {"name": "px", "kind": "projectx", "accounts": ("1001",)}


def config(*entries, simulated=False):
    return Config(gateways=entries, simulator={"enabled": simulated})


def test_a_login_at_projectx_is_found_by_its_name():
    tws = {"name": "us", "accounts": ("DU1",)}
    found = config({**PX, "user": "jane", "key_env": "KEY"}, tws)
    assert found.at_projectx("px").user == "jane"
    assert found.at_projectx("us") is None
    assert found.at_projectx("") is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({**PX, "user": "jane", "client_id": 3}, "client_id means nothing with kind projectx"),
        ({"name": "us", "user": "jane"}, "user means nothing with kind tws"),
        (PX, "gateways.px.user is missing"),
    ],
)
def test_what_does_not_fit_its_kind_is_refused(given, reason):
    with pytest.raises((ConfigError, ValueError), match=reason):
        config(given)


def test_the_simulator_needs_no_user():
    assert config(PX, simulated=True).at_projectx("px").accounts == ("1001",)


def test_the_key_is_in_the_environment_or_in_a_private_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("secret\n")
    path.chmod(0o600)
    assert LoginConfig(**PX, key_env="KEY").key({"KEY": " secret "}) == "secret"
    assert LoginConfig(**PX, key_file=path).key({}) == "secret"
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others could read the key") as refused:
        LoginConfig(**PX, key_file=path).key({})
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="has no API key"):
        LoginConfig(**PX, key_env="KEY").key({})


def test_two_logins_at_projectx_need_no_addresses_of_their_own():
    other = {**PX, "name": "py", "accounts": ("1002",), "user": "joe"}
    assert len(config({**PX, "user": "jane"}, other).logins()) == 2


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("api", "http://api.example.com/api"),
        ("hubs", "http://rtc.example.com/hubs"),
        ("hubs", "ws://10.0.0.1/hubs"),
        ("api", "http://127.0.0.1.example.com/api"),
        ("api", "http://127.0.0.1@example.com/api"),
        ("api", "ftp://127.0.0.1/api"),
        ("api", "https:///api"),
        ("api", "//[x"),
        ("api", ""),
    ],
)
def test_the_key_goes_to_no_address_in_clear(key, address):
    with pytest.raises((ConfigError, ValueError), match=f"gateways.px.{key}.*https.*loopback"):
        config({**PX, "user": "jane", key: address})


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("api", "https://api.example.com/api"),
        ("hubs", "wss://rtc.example.com/hubs"),
        ("hubs", "ws://[::1]:7499/hubs"),
        ("api", "http://127.0.0.1:7499/api"),
        ("api", "http://localhost:7499/api"),
    ],
)
def test_an_encrypted_address_or_one_of_this_machine_is_taken(key, address):
    entry = {**PX, "user": "jane", key: address}
    assert getattr(config(entry).at_projectx("px"), key) == address
