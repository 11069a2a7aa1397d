"""TWS: whether it answers, whose account it has, what it allows, and whether it sends data.

No order is placed to find out.
"""

import os
from typing import Final

from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import NoTwsAddress, TwsAddress
from tapewire.common.logins import ONLY_LOGIN, Login
from tapewire.common.runtime.logs import redact
from tapewire.console.doctor import projectx
from tapewire.console.doctor.finding import Finding, failed, passed, skipped, unknown
from tapewire.console.doctor.market_data import market_data
from tapewire.console.doctor.probe import Probe
from tapewire.gateway.orders import login as accounts
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.errors import CLIENT_ID_IN_USE

TIMEOUT_S: Final = 5.0
CHECKS: Final = ("TWS", "account", "read-only API", "market data", "clock")
CLIENT_ID_BASE: Final = 1_000_000_000  # a temporary id, far from those that people choose
READ_ONLY: Final = "read-only"
VALIDATION: Final = 321
CLOCK_MAX_S: Final = 2.0


def check(config: Config, timeout_s: float) -> list[Finding]:
    """The checks that a short connection to the TWS of each login allows; of one at ProjectX,
    those that need no connection."""
    found: list[Finding] = []
    for login in config.logins():
        at_projectx = config.at_projectx(login.name)
        if at_projectx is not None:
            simulated = config.simulator.enabled
            of_one = projectx.check(at_projectx, timeout_s, simulated=simulated)
        else:
            of_one = _check(config.at_login(login.name), login, timeout_s)
        at = f" at {login.name}" if login.name else ""
        found += [one._replace(check=f"{one.check}{at}") for one in of_one]
    return found


def _check(config: Config, login: Login, timeout_s: float) -> list[Finding]:
    try:
        address = tws_address.find(config, config.run_dir, login.name)
    except NoTwsAddress:
        return _unreached(_not_started_yet())
    with Probe(address, CLIENT_ID_BASE + os.getpid()) as probe:
        reached = reachable(config, probe, address, timeout_s)
        if not reached.ok:
            return _unreached(reached)
        return [
            reached,
            account(config, probe, login),
            read_only(probe, timeout_s),
            market_data(config, probe, timeout_s),
            clock(probe, timeout_s),
        ]


def _unreached(reached: Finding) -> list[Finding]:
    return [reached, *(skipped(name, "TWS was not reached") for name in CHECKS[1:])]


def _not_started_yet() -> Finding:
    return skipped("TWS", "the simulator starts with the group, by `tapewire up`")


def reachable(config: Config, probe: Probe, address: TwsAddress, timeout_s: float) -> Finding:
    """TWS answers the handshake and starts the API for a client."""
    place = str(address)
    if not probe.connect(timeout_s):
        return _not_there(config, probe, place, timeout_s)
    if not probe.start(timeout_s):
        return _not_started(probe, place, timeout_s)
    version = probe.session.server_version
    return passed("TWS", f"server version {version} at {place}")


def _not_there(config: Config, probe: Probe, place: str, timeout_s: float) -> Finding:
    if config.simulator.enabled and probe.session.state == "DOWN":
        return _not_started_yet()
    if probe.session.state == "DOWN":
        return failed(
            "TWS",
            f"cannot connect to {place}: {probe.fault}",
            "start TWS or IB Gateway and log in; enable socket clients in its API settings;"
            " compare its port with tws.port (paper: 7497, IB Gateway 4002)",
        )
    why = probe.fault or f"no answer to the handshake in {timeout_s:g} s"
    if probe.session.unproven:
        return failed(
            "TWS",
            probe.session.no_proof(probe.fault or f"no answer in {timeout_s:g} s"),
            "`tapewire down`, then `tapewire up`: the simulator then takes another port",
        )
    return failed(
        "TWS",
        f"{place} takes connections, but is not a TWS: {why}",
        "compare tws.port with the socket port in TWS's API settings; if it is TWS, allow this"
        " machine's address there, and answer any dialog it shows",
    )


def _not_started(probe: Probe, place: str, timeout_s: float) -> Finding:
    why = probe.fault or f"no accounts in {timeout_s:g} s"
    if probe.errors(CLIENT_ID_IN_USE):
        why = f"client id {probe.session.client_id} is in use"
    return failed(
        "TWS",
        f"{place} completed the handshake but does not start the API: {why}",
        "look at TWS: it may still be logging in, or waiting for a dialog; then try again",
    )


def account(config: Config, probe: Probe, login: Login = ONLY_LOGIN) -> Finding:
    """The login is the one that the configuration names."""
    found = probe.session.accounts
    refusal = accounts.refusal(found, config.mode, config.live_account)
    refusal = refusal or accounts.other_login(found, login.accounts)
    if refusal:
        sentence, _, advice = refusal.partition("; ")
        return failed("account", sentence, advice)
    others = [one for one in config.logins().accounts if one not in found]
    if stray := _stray(config, (*found, *others)):
        return stray
    named = ", ".join(f"{redact(a)} ({'paper' if accounts.is_paper(a) else 'live'})" for a in found)
    return passed("account", f"{named}, mode {config.mode}")


def _stray(config: Config, login: tuple[str, ...]) -> Finding | None:
    """A strategy whose signals would all be denied for its account, or a rule that would never
    apply: the first one found."""
    for strategy in config.strategies:
        where = f"strategy {strategy.name}"
        advice = "set account of its [[strategies]] entry to one of the login's"
        if not strategy.account and len(login) > 1:
            return failed(
                "account", f"{where} names no account, and the login has {len(login)}", advice
            )
        if strategy.account and strategy.account not in login:
            found = f"the account of {where} is not one of this login's"
            return failed("account", found, advice)
    for number, rule in enumerate(config.risk.rules, 1):
        if rule.scope.account and rule.scope.account not in login:
            found = f"the account of [[risk.rules]] number {number} is not one of this login's"
            return failed("account", found, "correct its scope, or remove the rule")
    return None


def read_only(probe: Probe, timeout_s: float) -> Finding:
    """Whether TWS would accept orders, as far as that shows without placing one.

    A read-only API refuses the lists of open and completed orders with error 321 as it refuses
    orders (erdewit/ib_insync issues 1 and 224; ib_async leaves both out with `readonly`).
    """
    probe.send(probe.session.encode.open_orders() + probe.session.encode.completed_orders())

    def received(kind: type[tws.TwsMessage]) -> bool:
        return any(isinstance(message, kind) for message in probe.messages)

    def refused() -> bool:
        return any(READ_ONLY in e.text.lower() for e in probe.errors(VALIDATION))

    def both() -> bool:
        return received(tws.OpenOrdersEnd) and received(tws.CompletedOrdersEnd)

    probe.wait(lambda: refused() or both(), timeout_s)
    if refused():
        return failed(
            "read-only API",
            "TWS is read-only (error 321): it would refuse every order",
            "clear Read-Only API in TWS's API settings",
        )
    if both():
        return passed("read-only API", "off: it lists orders (no order was tried)")
    return unknown(
        "read-only API",
        f"TWS did not list its orders in {timeout_s:g} s",
        "check that Read-Only API is cleared in TWS's API settings, and answer its dialogs",
    )


def clock(probe: Probe, timeout_s: float) -> Finding:
    """This machine's clock against TWS's, which has whole seconds only."""
    answer = probe.ask_time(timeout_s)
    if answer is None:
        return skipped("clock", "TWS did not send its time")
    tws_s, own_ns = answer
    ahead_s = own_ns / 1e9 - tws_s  # 0 to 1 where both agree
    offset_s = min(ahead_s, 0.0) if ahead_s < 1 else ahead_s - 1
    if abs(offset_s) <= CLOCK_MAX_S:
        return passed("clock", "as TWS's, which has whole seconds only" if not offset_s
                      else f"{offset_s:+.1f} s from TWS's")  # fmt: skip
    direction = "ahead of" if offset_s > 0 else "behind"
    return failed(
        "clock",
        f"this machine's clock is {abs(offset_s):.1f} s {direction} TWS's",
        "synchronise it by NTP: expiries, trading hours and latencies depend on it",
    )
