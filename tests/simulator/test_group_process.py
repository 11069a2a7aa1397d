"""The group's own simulator: its settings come from the configuration."""

import pytest

from tapewire.common.config.settings import ConfigError, load
from tapewire.simulator.group_process import settings_of

NOW_NS = 1_700_000_000 * 10**9


@pytest.fixture
def configured(tmp_path):
    """`configured(text)`: the configuration with this `[simulator]` section."""

    def make(text):
        path = tmp_path / "tapewire.toml"
        path.write_text(f"[simulator]\nenabled = true\n{text}\n")
        return load(str(path))

    return make


def test_accounts_and_speed_are_those_of_the_configuration(configured):
    config = configured('accounts = ["DU1", "DU2"]\nspeed = 5')
    settings = settings_of(config, NOW_NS)
    assert (settings.accounts, settings.speed) == (("DU1", "DU2"), 5)


def test_without_accounts_there_is_one(configured):
    assert settings_of(configured(""), NOW_NS).accounts == ("DU1234567",)


def test_each_run_has_its_own_nonce_and_ids(configured):
    first, second = (settings_of(configured(""), NOW_NS + n * 10**9) for n in range(2))
    assert first.nonce != second.nonce
    assert first.first_perm_id < second.first_perm_id


@pytest.mark.parametrize("accounts", ["[]", '[""]', '["DU1,DU2"]', '["DU1", "DU1"]', '"DU1"'])
def test_accounts_that_cannot_be_are_refused_with_their_name(configured, accounts):
    with pytest.raises(ConfigError, match=r"simulator\.accounts"):
        configured(f"accounts = {accounts}")
