"""Every kind of broker that the configuration takes can be made, and has its own keys."""

from typing import get_args

import pytest

from tapewire.common.config.gateways import KEYS_OF, BrokerKind, LoginConfig
from tapewire.common.config.settings import Config
from tapewire.gateway.composition import BROKERS, waits_of

KINDS = get_args(BrokerKind)
VALUES = {"host": "h", "port": 1, "client_id": 1, "liquidation_client_id": 2, "ticks": ["top"]}


def test_each_kind_has_what_makes_its_adapter_and_its_keys():
    assert {*KINDS} == BROKERS.keys() == KEYS_OF.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_another_kind_is_refused(kind: BrokerKind):
    others = {key for other in KINDS if other != kind for key in KEYS_OF[other]}
    for key in others - {*KEYS_OF[kind]}:
        with pytest.raises(ValueError, match=rf"gateways\.one\.{key} means nothing with kind"):
            LoginConfig.model_validate({"name": "one", "kind": kind, key: VALUES.get(key, "x")})


def test_a_login_is_at_tws_unless_it_says_otherwise():
    logins = (LoginConfig(name="one"), LoginConfig(name="two", kind="projectx"))
    config = Config.model_construct(gateways=logins)
    assert [config.kind_at(name) for name in ("", "one", "two")] == ["tws", "tws", "projectx"]


def test_lists_of_orders_at_projectx_are_rarer_the_more_accounts_share_its_limit():
    several = LoginConfig(name="two", kind="projectx", user="jane", accounts=("1001", "1002"))
    config = Config(gateways=(several,))
    assert waits_of(config, None).open_orders_ms == 10_000
    assert waits_of(config, several).open_orders_ms == 20_000
