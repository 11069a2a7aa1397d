"""Accounts: whether a login is the one that the configuration means to trade on."""

from typing import Final, Literal

from tapewire.common.runtime.logs import redact

Mode = Literal["paper", "live"]

PAPER_PREFIX: Final = "D"
"""IB's paper accounts begin with it (DU, DF, DI), live ones do not (U, F, I)."""


def is_paper(account: str) -> bool:
    """Whether an account id is a paper account's."""
    return account.startswith(PAPER_PREFIX)


def refusal(accounts: tuple[str, ...], mode: Mode, live_account: str | None) -> str:
    """Why this login must not be traded on, in a sentence without account ids; "" if it may be.

    `accounts` are all that TWS manages for the login: in paper mode each must be a paper one, since
    a cancel-all reaches them all. In live mode `live_account` must be among them.
    """
    if mode == "live":
        if live_account and live_account in accounts:
            return ""
        named = redact(live_account) if live_account else "not set"
        return (
            f"live_account is {named}, but TWS is logged in to {_named(accounts)}; log in to that"
            " account, or correct live_account. Nothing is sent until then"
        )
    live = tuple(account for account in accounts if not is_paper(account))
    if not live:
        return ""
    return (
        f'mode is "paper", but TWS is logged in to {_named(live)}, which is not a paper account;'
        ' log in to paper trading, or set mode = "live" and live_account.'
        " Nothing is sent until then"
    )


def other_login(accounts: tuple[str, ...], expected: tuple[str, ...]) -> str:
    """Why this is not the login of a gateway whose configuration lists the accounts `expected`, in
    a sentence without account ids; "" if it is, or if none are listed.

    Both ways have to match. An order for an account that TWS does not have would be rejected, one
    by one. One that nobody has listed would be in reach of a cancel of everything, and no gateway
    could be found for a position in it.
    """
    found, listed = set(accounts), set(expected)
    if not listed or found == listed:
        return ""
    return (
        f"this gateway's accounts are {_named(expected)} ({len(listed)}), but TWS is logged in to"
        f" {_named(accounts)} ({len(found)}); log in to the other one, or correct accounts in its"
        " [[gateways]] entry. Nothing is sent until then"
    )


def _named(accounts: tuple[str, ...]) -> str:
    return " and ".join(sorted({redact(account) for account in accounts})) or "no account"
