"""Where TWS is: the configured address, or what the group's own simulator left."""

import stat
from pathlib import Path

import pytest

from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import NoTwsAddress, TwsAddress

SIMULATED = Config(simulator={"enabled": True}, tws={"port": 4002})
LEFT = TwsAddress("127.0.0.1", 4242, "secret")


def test_a_tws_is_where_it_is_configured_whatever_a_simulator_left(tmp_path: Path):
    tws_address.publish(tmp_path, LEFT)
    config = Config(tws={"host": "elsewhere", "port": 4002})
    assert tws_address.find(config, tmp_path) == TwsAddress("elsewhere", 4002)


def test_the_simulator_is_where_it_says_and_nowhere_else(tmp_path: Path):
    with pytest.raises(NoTwsAddress, match="the simulator has not started yet"):
        tws_address.find(SIMULATED, tmp_path)
    tws_address.publish(tmp_path, LEFT)
    assert tws_address.find(SIMULATED, tmp_path) == LEFT
    tws_address.publish(tmp_path, TwsAddress("127.0.0.1", 4243, "newer"))
    assert tws_address.find(SIMULATED, tmp_path).port == 4243
    tws_address.withdraw(tmp_path)
    tws_address.withdraw(tmp_path)
    with pytest.raises(NoTwsAddress):
        tws_address.find(SIMULATED, tmp_path)


def test_the_nonce_is_for_this_user_alone_and_nothing_else_is_left(tmp_path: Path):
    (tmp_path / "simulator.json.partial").touch(mode=0o644)
    tws_address.publish(tmp_path, LEFT)
    (left,) = tmp_path.iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ('{"host": "127.0.0.1", "port": 0, "nonce": "secret"}', "cannot be read"),
        ('{"host": "127.0.0.1", "port": 4242}', "has no nonce"),
        ('{"host": "127.0.0.1", "port": 4242, "nonce": ""}', "has no nonce"),
    ],
)
def test_an_address_without_a_proof_is_not_used(tmp_path: Path, text: str, reason: str):
    (tmp_path / "simulator.json").write_text(text)
    with pytest.raises(NoTwsAddress, match=reason):
        tws_address.find(SIMULATED, tmp_path)
