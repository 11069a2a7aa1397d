"""Nonces: one use, one minute, one owner, exactly one action."""

import itertools

import pytest

from tapewire.common.clock import Now
from tapewire.web.access import Refused
from tapewire.web.nonces import VALID_NS, WAITING_MAX, Nonces, Wanted

NOW = Now(10**18, 10**9)
WANTED = Wanted("desk", "order", "AAPL", {"side": "BUY", "quantity": "1"})


@pytest.fixture
def nonces() -> Nonces:
    numbers = itertools.count()
    return Nonces(lambda: f"n{next(numbers)}")


def test_it_allows_what_it_was_issued_for_once(nonces: Nonces) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    nonces.use(nonce, "me", WANTED, "AAPL", NOW + (VALID_NS - 1))
    with pytest.raises(Refused, match="used"):
        nonces.use(nonce, "me", WANTED, "AAPL", NOW)


@pytest.mark.parametrize(
    "other",
    [WANTED._replace(group="other"), WANTED._replace(launch="another"),
     WANTED._replace(action="flatten"),
     WANTED._replace(target="MSFT"), WANTED._replace(parameters={"side": "BUY", "quantity": "2"}),
     WANTED._replace(parameters={**WANTED.parameters, "limit": "1"})],
)  # fmt: skip
def test_for_anything_else_it_is_refused_and_gone(nonces: Nonces, other: Wanted) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    with pytest.raises(Refused, match="something else"):
        nonces.use(nonce, "me", other, "AAPL", NOW)
    with pytest.raises(Refused, match="unknown"):
        nonces.use(nonce, "me", WANTED, "AAPL", NOW)


def test_the_order_of_parameters_means_nothing(nonces: Nonces) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    same = WANTED._replace(parameters={"quantity": "1", "side": "BUY"})
    nonces.use(nonce, "me", same, "AAPL", NOW)


def test_it_is_good_for_a_minute_by_the_clock_that_nobody_sets(nonces: Nonces) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    with pytest.raises(Refused, match="60 s"):
        nonces.use(nonce, "me", WANTED, "AAPL", Now(0, NOW.mono_ns + VALID_NS))


def test_another_login_cannot_use_it(nonces: Nonces) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    with pytest.raises(Refused, match="another login"):
        nonces.use(nonce, "you", WANTED, "AAPL", NOW)


@pytest.mark.parametrize("typed", ["", "aapl", "AAPL ", "MSFT"])
def test_the_name_must_be_typed_as_it_is(nonces: Nonces, typed: str) -> None:
    nonce = nonces.issue("me", WANTED, "AAPL", NOW)
    with pytest.raises(Refused, match="typed"):
        nonces.use(nonce, "me", WANTED, typed, NOW)


def test_only_so_many_of_one_login_wait_and_the_oldest_goes(nonces: Nonces) -> None:
    oldest, *others = [nonces.issue("me", WANTED, "AAPL", NOW) for _ in range(WAITING_MAX + 1)]
    with pytest.raises(Refused, match="ask again"):
        nonces.use(oldest, "me", WANTED, "AAPL", NOW)
    for nonce in others:
        nonces.use(nonce, "me", WANTED, "AAPL", NOW)


def test_whoever_asks_again_and_again_keeps_nobody_else_from_acting(nonces: Nonces) -> None:
    for _ in range(2 * WAITING_MAX):
        last = nonces.issue("me", WANTED, "AAPL", NOW)
    other = nonces.issue("you", WANTED, "AAPL", NOW)
    nonces.use(other, "you", WANTED, "AAPL", NOW)
    nonces.use(last, "me", WANTED, "AAPL", NOW)
