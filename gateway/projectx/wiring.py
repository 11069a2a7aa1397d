"""The adapter for ProjectX, put together from the configuration."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tapewire.common import roles
from tapewire.common.config import tws_address
from tapewire.common.config.gateways import LoginConfig
from tapewire.common.config.settings import Config
from tapewire.common.runtime.host import Host
from tapewire.gateway.broker import Broker
from tapewire.gateway.projectx.adapter import ProjectXBroker
from tapewire.gateway.projectx.spent import Spent, SpentFile
from tapewire.gateway.projectx.stream import LinkStream
from tapewire.gateway.projectx.words import Json
from tapewire.gateway.tws.reconnect import Reconnect

SIMULATED_USER: Final = "trader"
RATES_MAX: Final = {roles.GATEWAY: 100, roles.LIQUIDATION: 80}
"""Shares of the 200 requests that a user may send in 60 seconds; the rest is the client's own. With
four accounts a start of the liquidation gateway and two flattens of all accounts fit in its own."""


def projectx(
    host: Host,
    one: LoginConfig,
    channel: str,
    login: Callable[[], Mapping[str, str]] | None = None,
    spent: Spent | None = None,
) -> tuple[Broker, Callable[[], None]]:
    """The adapter of a login at ProjectX, over a process that has its client. `login` and `spent`
    are for a virtual group, which has neither addresses nor files."""
    config, kind = host.config, roles.kind_of(host.role)
    reconnect = Reconnect(
        f"{host.role} {host.epoch} {channel}",
        config.tws.reconnect_ms,
        config.tws.reconnect_max_ms,
        own=config.simulator.enabled,
    )
    rate_max = RATES_MAX[kind]
    adapter = ProjectXBroker(
        config.all_instruments(),
        login=login or (lambda: address_of(config, one)),
        accounts=one.accounts,
        refuses=lambda accounts: refusal(config, one, accounts),
        rate_max=rate_max,
        reconnect=reconnect,
        spent=spent or _spent(host, rate_max),
    )
    python = str(one.python or sys.executable)
    return adapter, host.attach(channel, lambda: LinkStream(lambda: python, reconnect, host.clock))


def _spent(host: Host, most: int) -> Spent:
    """What an earlier process of this role has sent, in the run directory."""
    return SpentFile(host.config.run_dir / f"{host.role}.requests", most, host.clock.mono_ns())


def address_of(config: Config, one: LoginConfig) -> dict[str, str]:
    """Where to log in, and as whom: at the group's own simulator its nonce is the key. Raises
    `NoTwsAddress` while that has not started, and `ConfigError` without a key."""
    if config.simulator.enabled:
        found = tws_address.find(config, config.run_dir, one.name)
        url = f"http://{found}"
        return _login(f"{url}/api", f"{url}/hubs", SIMULATED_USER, found.nonce)
    return _login(one.api, one.hubs, one.user, one.key(os.environ))


def _login(api: str, hubs: str, user: str, key: str) -> dict[str, str]:
    return {
        "api": api, "user_hub": f"{hubs}/user", "market_hub": f"{hubs}/market", "user": user,
        "key": key,
    }  # fmt: skip


def refusal(config: Config, one: LoginConfig, accounts: Sequence[Json]) -> str:
    """Why these accounts must not be traded on, in a sentence; "" if they may be.

    In paper mode each must be simulated. In live mode `live_account` must be among them.
    """
    if config.mode == "live":
        live = one.live_account or config.live_account
        if any(str(account["id"]) == live for account in accounts):
            return ""
        return "live_account is none of the accounts; correct it. Nothing is sent until then"
    if all(account.get("simulated") for account in accounts):
        return ""
    return (
        'mode is "paper", and an account is not a simulated one; name other accounts, or set'
        ' mode = "live" and live_account. Nothing is sent until then'
    )
