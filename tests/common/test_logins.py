"""`[[gateways]]`: which logins a group has, and what is refused."""

from pathlib import Path

import pytest

from tapewire.common.bus.endpoints import sockets_of
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.gateway.orders.login import other_login

TWO = """
[tws]
client_id = 7
[[gateways]]
name = "us"
port = 4002
accounts = ["DU1"]
[[gateways]]
name = "eu"
port = 4003
client_id = 9
accounts = ["DU2", "DU3"]
"""


def read(folder: Path, text: str) -> Config:
    file = folder / "tapewire.toml"
    file.write_text(text)
    return configuration.load(str(file))


def test_without_an_entry_there_is_one_login_without_a_name():
    config = Config()
    assert config.logins() is ONLY
    assert ONLY.roles == ("gateway", "liquidation", "executor", "risk")
    assert config.at_login("") is config
    assert next(iter(ONLY)).has("any account")


def test_each_entry_is_a_login_with_roles_and_sockets_of_its_name(tmp_path):
    logins = read(tmp_path, TWO).logins()
    assert logins.gateways == ("gateway-us", "liquidation-us", "gateway-eu", "liquidation-eu")
    assert sockets_of("gateway-us") == ("broker.us", "orders.us")
    assert sockets_of("liquidation-eu") == ("liquidation-broker.eu", "liquidation.eu")
    assert sockets_of("gateway") == ("broker", "orders")
    assert [str(logins.of(account)) for account in ("DU1", "DU3")] == ["us", "eu"]
    assert logins.of("DU9") is None


def test_what_an_entry_leaves_out_is_that_of_tws(tmp_path):
    config = read(tmp_path, TWO)
    us, eu = (config.at_login(name).tws for name in ("us", "eu"))
    assert (us.host, us.port, us.client_id) == ("127.0.0.1", 4002, 7)
    assert (eu.host, eu.port, eu.client_id) == ("127.0.0.1", 4003, 9)
    assert config.at_login("eu").simulator.accounts == ("DU2", "DU3")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TWO.replace('accounts = ["DU1"]', ""), "gateways.us.accounts is missing"),
        (TWO.replace('"DU1"', '"DU2"'), "gateways.eu.accounts has an account of us, too"),
        (TWO.replace("4003", "4002"), "gateways.eu is at 127.0.0.1:4002, as us is"),
        (TWO.replace('"eu"', '"us"'), "the name 'us' is a duplicate"),
        (TWO.replace("client_id = 9", "client_id = 2"), "gateways.eu has client id 2 twice"),
        (TWO + '[bus]\ntransport = "tcp"\n', "bus.ports lacks broker.eu"),
        (TWO + '[bus]\nports = { "market.uk" = 5600 }\n', "bus.ports has market.uk"),
        (
            TWO + '[[strategies]]\nname = "a"\nstrategy = "x:Y"\n',
            "strategies.a.account is missing",
        ),
        (
            TWO + '[[strategies]]\nname = "a"\nstrategy = "x:Y"\naccount = "DU4"\n',
            "strategies.a.account is not an account of any of the [[gateways]]",
        ),
        (
            TWO.replace('["DU1"]', '["DU1"]\ninstruments = ["MSFT"]')
            + '[[instruments]]\nsymbol = "AAPL"\n',
            "instruments of [[gateways]] number 1 is MSFT",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, text, says):
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    assert says in str(raised.value)


def test_a_gateway_that_is_not_configured_says_so(tmp_path):
    with pytest.raises(ConfigError, match="gateway asia is not in"):
        read(tmp_path, TWO).at_login("asia")


def test_a_symbol_is_read_at_one_login_the_account_s_own_if_it_provides_it():
    logins = Logins([Login("us", ("DU1",), ("AAPL",)), Login("eu", ("DU2",))])
    assert logins.sources_of(["AAPL", "SAP"], "DU1") == {"us": ["AAPL"], "eu": ["SAP"]}
    assert logins.sources_of(["AAPL", "SAP"], "DU2") == {"eu": ["AAPL", "SAP"]}
    assert logins.sources_of([], "DU1") == {"us": []}
    assert ONLY.sources_of(["AAPL"], "") == {"": ["AAPL"]}


def test_tws_must_have_exactly_the_accounts_of_the_entry():
    assert other_login(("DU1000002", "DU1000001"), ("DU1000001", "DU1000002")) == ""
    assert other_login(("DU1000001",), ()) == ""
    for found in (("DU1000001",), ("DU1000001", "DU1000002", "DU1000003"), ("DU1000009",)):
        refusal = other_login(found, ("DU1000001", "DU1000002"))
        assert "correct accounts in its [[gateways]] entry" in refusal
        assert "DU1000001" not in refusal
