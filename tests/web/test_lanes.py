"""Lanes: what hangs or takes long keeps nothing waiting that is of another kind."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import httpx2 as httpx
import pytest

from tapewire.web import queries
from tapewire.web.actions import Done
from tapewire.web.console import Console
from tapewire.web.lanes import ACTS, HALTS, QUICK, SLOW
from tests.web.site import ORIGIN, TOKENS, Site

BOUND_S = 5.0
ADMIN = {"authorization": f"Bearer {TOKENS['admin'].decode()}"}
G = "/api/groups/desk"
Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


class Hung:
    """Something that does not end before it is let go; `at_once` is how many hung at a time."""

    def __init__(self) -> None:
        self.go = Event()
        self.at_once = 0

    def __call__(self, *_: Any) -> Any:
        self.at_once += 1
        self.go.wait(BOUND_S)
        return []


async def while_hanging(site: Site, hung: Hung, hangs: Send, count: int, asked: Send) -> int:
    """The status of the answer to what is asked while `count` requests hang."""
    transport = httpx.ASGITransport(site.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=ADMIN) as client:
        waiting = [asyncio.ensure_future(hangs(client)) for _ in range(count)]
        try:
            async with asyncio.timeout(BOUND_S / 2):
                while not hung.at_once:
                    await asyncio.sleep(0)
            async with asyncio.timeout(BOUND_S / 2):
                return (await asked(client)).status_code
        finally:
            hung.go.set()
            await asyncio.gather(*waiting)


def days(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return client.get(f"{G}/days")


def halt(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return client.post(f"{G}/halt", json={})


def session(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return client.get("/api/session")


def confirmation(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    wanted = {"action": "flatten", "target": "desk", "parameters": {}}
    return client.post(f"{G}/confirmations", json=wanted)


def halt_of_another(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return client.post("/api/groups/other/halt", json={})


@pytest.mark.parametrize("asked", [session, confirmation, halt])
def test_who_reads_long_pasts_keeps_nobody_from_opening_a_page_acting_or_halting(
    site: Site, monkeypatch: pytest.MonkeyPatch, asked: Send
) -> None:
    hung = Hung()
    monkeypatch.setattr(queries, "days", hung)
    found = asyncio.run(while_hanging(site, hung, days, QUICK + ACTS + HALTS, asked))
    assert found == (409 if asked is halt else 200)  # no group runs there
    assert hung.at_once >= SLOW


def test_few_long_pasts_are_read_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hung, seen = Hung(), []
    monkeypatch.setattr(queries, "days", hung)

    async def look(client: httpx.AsyncClient) -> httpx.Response:
        found = await session(client)
        seen.append(hung.at_once)
        return found

    asyncio.run(while_hanging(site, hung, days, 3 * SLOW, look))
    assert seen[0] <= SLOW


def test_a_risk_that_is_hung_keeps_no_halt_of_another_group_waiting(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, hung = Site(tmp_path, also=("other",)), Hung()

    def halted(_: Console, _principal: object, group: str, _part: object) -> Done:
        if group == "desk":
            hung()
        return Done(True, "halted")

    monkeypatch.setattr(Console, "halt", halted)
    assert asyncio.run(while_hanging(site, hung, halt, HALTS, halt_of_another)) == 200
    site.reading.close()
