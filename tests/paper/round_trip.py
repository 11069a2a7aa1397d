"""What `make test-paper` does with a paper account: one order that cannot trade, there and back.

Whatever goes wrong on the way, the order is cancelled by its reference, and nothing else is: a
cancel of everything would take a person's own orders along. What could not be cancelled is named.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.events import (
    CancelOrder,
    ForeignOrderReported,
    OrderCancelled,
    OrderRejected,
    OrderTerms,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.logs import redact
from tapewire.gateway.orders import login
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.tws.errors import CLIENT_ID_IN_USE
from tapewire.gateway.tws.reconnect import Reconnect
from tests.gateway.gateway_here import GatewayHere

LIVE_PORTS: Final = {7496: "a live TWS", 4001: "a live IB Gateway"}
REFERENCE: Final = "paper-test-"
INSTRUMENT: Final = Instrument(symbol="AAPL")
TERMS: Final = OrderTerms("BUY", Decimal(1), "LMT", Decimal(1))
"""One share for a dollar, for the day: nobody sells at that."""
LOGIN_S: Final = 60.0  # a person may have to answer a dialog
ANSWER_S: Final = 20.0
SETTLE_S: Final = 5.0  # how long after a problem the order may still be on its way
LIVES_NS: Final = 60_000_000_000
WAITS: Final = Waits(open_orders_ms=500)
NOTHING_SENT: Final = "No order was sent."
Say = Callable[[str], None]


class RefusedError(Exception):
    """Why no order was sent, in a sentence."""


class FailedError(Exception):
    """What went wrong with the order, what became of it, and what a person has to look at."""


def refusal(config: Config) -> str:
    """Why the configuration is not that of a paper account; empty if it may be one."""
    if config.mode != "paper":
        return f'mode is "{config.mode}"; it must be "paper". {NOTHING_SENT}'
    if what := LIVE_PORTS.get(config.tws.port):
        return (
            f"tws.port is {config.tws.port}, that of {what}; set it to that of a paper one, 7497 or"
            f" 4002. {NOTHING_SENT}"
        )
    return ""


def round_trip(config: Config, say: Say) -> None:
    """Log in, read, place the order, cancel it, log in again, and find nothing left of it.

    Raises RefusedError as long as no order was sent, and FailedError afterwards.
    """
    if reason := refusal(config):
        raise RefusedError(reason)
    reference = f"{REFERENCE}{time.time_ns()}"
    with _logged_in(config) as gateway:
        account = _read(gateway, say)
        if left := _cancelled(gateway, REFERENCE):
            earlier = f"an order of an earlier run still works: {_shown(left)}"
            raise RefusedError(f"{earlier}; cancel it by hand in TWS. {NOTHING_SENT}")
        held = _held(gateway, account)
        problem = _problem(lambda: _place_and_cancel(gateway, account, reference, say))
    with _afterwards(config, reference, account, problem) as gateway:
        say("logged in again")
        if left := _cancelled(gateway, reference, SETTLE_S if problem else 0.0):
            problem += f" It still works: {_shown(left)}; cancel it by hand in TWS."
        elif problem:
            problem += " It does not work any more: nothing is left of it to cancel."
        if not gateway.gateway.sync.orders_reported:
            problem += " TWS did not list all of its orders: look for it there."
        if (now_held := _held(gateway, account)) != held:
            problem += f" {INSTRUMENT.symbol} was {held} and is {now_held}: look at its executions."
    if problem:
        raise FailedError(f"order {reference} in account {redact(account)}: {problem.strip()}")
    say(f"nothing is left of {reference}")


# ---- logging in and reading ----------------------------------------------------------------------


@contextmanager
def _logged_in(config: Config) -> Iterator[GatewayHere]:
    """A gateway that knows all that TWS knows."""
    address = TwsAddress(config.tws.host, config.tws.port, "")
    gateway = GatewayHere(
        address, [INSTRUMENT], WAITS, Reconnect("", 1000, 5000),
        client_id=config.tws.client_id, rate_max_per_s=config.tws.rate_max_per_s,
        refuses=lambda accounts: login.refusal(accounts, "paper", None),
    )  # fmt: skip
    try:
        gateway.waited_for(lambda: gateway.gateway.is_up or _is_refused(gateway), LOGIN_S)
        if not gateway.gateway.is_up:
            raise RefusedError(f"{gateway.readiness()[1]} ({address})")
        yield gateway
    finally:
        gateway.close()


def _is_refused(gateway: GatewayHere) -> bool:
    """For good: an id that is in use may be free in a moment."""
    state, reason = gateway.gateway.connection.state, gateway.readiness()[1]
    return state == "REFUSED" and f"({CLIENT_ID_IN_USE})" not in reason


def _read(gateway: GatewayHere, say: Say) -> str:
    """Read the account, its positions, open orders and the contract; the account."""
    core = gateway.gateway
    account = min(core.broker.accounts)
    gateway.waited_for(lambda: account in core.facts.accounts.known, ANSWER_S)
    gateway.waited_for(lambda: INSTRUMENT.symbol in core.facts.instruments.known, ANSWER_S)
    values = core.facts.accounts.known.get(account)
    contract = core.facts.instruments.known.get(INSTRUMENT.symbol)
    if values is None or contract is None:
        what = "account values" if values is None else f"description of {INSTRUMENT.symbol}"
        raise RefusedError(f"TWS sent no {what} within {ANSWER_S:g} s. {NOTHING_SENT}")
    held = sum(1 for quantity in core.holdings.reported.values() if quantity)
    say(f"account {redact(account)}: equity {values.equity} {values.currency}")
    say(f"{held} positions, {len(core.orders.foreign.listed())} open orders")
    say(f"{contract.symbol}: {contract.long_name}, contract id {contract.con_id}")
    return account


def _held(gateway: GatewayHere, account: str) -> Decimal:
    return gateway.gateway.holdings.reported.get((account, INSTRUMENT.symbol), Decimal(0))


# ---- the order -----------------------------------------------------------------------------------


def _problem(step: Callable[[], None]) -> str:
    """What kept a step from its end; empty if nothing did. Ctrl-C too: an order may work."""
    try:
        step()
    except FailedError as error:
        return str(error)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the order comes first
        return f"{error!r}."
    return ""


def _place_and_cancel(gateway: GatewayHere, account: str, reference: str, say: Say) -> None:
    now_ns = gateway.clock.now().wall_ns
    order = SubmitOrder(
        reference, now_ns, account, "paper-test", INSTRUMENT.symbol, TERMS, now_ns + LIVES_NS
    )
    answer = gateway.obey(order)
    if not answer.accepted:
        raise FailedError(f"the gateway did not take it: {answer.reason}.")
    _comes_to(gateway, reference, "ACCEPTED")
    say(f"placed {reference}: {TERMS} {INSTRUMENT.symbol}")
    gateway.obey(CancelOrder(reference, gateway.clock.now().wall_ns))
    _comes_to(gateway, reference, "CANCELLED")
    if gateway.gateway.orders[reference].filled:
        raise FailedError("it has traded.")
    say(f"cancelled {reference}")


def _comes_to(gateway: GatewayHere, reference: str, state: str) -> None:
    """Wait for a state; any other one that is not on the way to it is a problem."""
    on_the_way = {"INTENDED", "ACCEPTED"}

    def is_settled() -> bool:
        found = gateway.gateway.orders[reference].state
        return found == state or found not in on_the_way

    gateway.waited_for(is_settled, ANSWER_S)
    if (found := gateway.gateway.orders[reference].state) != state:
        ends = (OrderRejected, OrderCancelled)
        reasons = [e.reason for e in gateway.events() if isinstance(e, ends)]
        raise FailedError(f"it is {found}, not {state}: {'; '.join(reasons) or 'no answer'}.")


@contextmanager
def _afterwards(
    config: Config, reference: str, account: str, problem: str
) -> Iterator[GatewayHere]:
    """Another login; without one, a person has to look."""
    try:
        with _logged_in(config) as gateway:
            yield gateway
    except RefusedError as error:
        raise FailedError(
            f"order {reference} in account {redact(account)}: {problem} It is not known whether it"
            f" works, as the second login failed: {error}. Look for it in TWS, and cancel it there"
        ) from error


def _cancelled(
    gateway: GatewayHere, reference: str, settle_s: float = 0.0
) -> list[ForeignOrderReported]:
    """Cancel the open orders whose reference begins with this; those that still work then. One may
    turn up within `settle_s`."""
    core = gateway.gateway

    def left() -> list[ForeignOrderReported]:
        return [o for o in core.orders.foreign.listed() if o.reference.startswith(reference)]

    gateway.waited_for(left, settle_s)
    for order in left():
        if order.client_id == core.broker.client_id:  # TWS lets no other client cancel it
            core.broker.cancel(order.order_id)
    gateway.waited_for(lambda: not left(), ANSWER_S)
    return left()


def _shown(orders: list[ForeignOrderReported]) -> str:
    return ", ".join(f"{o.reference} (client id {o.client_id}, id {o.order_id})" for o in orders)
