"""The link with a stand-in for the client: each failure is reported, and changes stay in order."""

import asyncio
import sys

import pytest

from tapewire.gateway.projectx import link
from tests.gateway.projectx.client import (
    ACCOUNTS,
    LOGIN,
    Behaviour,
    Expired,
    SlowLoader,
    TooMany,
    Uncertain,
    drive,
    modules,
)

PLACE, CANCEL, OPEN = "/Order/place", "/Order/cancel", "/Order/searchOpen"


@pytest.fixture
def does():
    return Behaviour()


@pytest.mark.parametrize("step", ["init", "authenticate"])
def test_a_login_that_fails_is_refused(monkeypatch, does, step):
    does.fails = [step]

    async def scene(driven):
        driven.say(login=dict.fromkeys(("api", "user_hub", "market_hub", "user", "key"), "x"))
        assert step in (await driven.hear())["refused"]

    drive(monkeypatch, scene, does)


def test_while_the_client_is_loaded_it_says_that_it_lives(monkeypatch, does):
    slow = SlowLoader(modules(does)["project_x_py"])
    monkeypatch.setattr(sys, "meta_path", [slow, *sys.meta_path])
    monkeypatch.setattr(link, "ALIVE_S", 0.01)

    async def scene(driven):
        del sys.modules["project_x_py"]
        driven.say(login=LOGIN)
        while not slow.begun.is_set():
            assert await driven.hear(alive=True) == {"alive": True}
        for _ in range(100):  # more than can have been written before
            assert await driven.hear(alive=True) == {"alive": True}
        slow.goes_on.set()
        assert await driven.hear() == {"accounts": ACCOUNTS}

    drive(monkeypatch, scene, does)


@pytest.mark.parametrize("step", ["callback", "connect", "subscribe"])
def test_hubs_that_fail_are_refused_and_end_the_process(monkeypatch, does, step):
    does.fails = [step]

    async def scene(driven):
        await driven.log_in()
        driven.say(connect=[1001])
        found = await driven.hear()
        while found is not None and "hub" in found:
            found = await driven.hear()
        assert f"{step} failed" in found["refused"]
        assert "hidden" not in found["refused"]
        while await driven.hear() is not None:
            pass
        async with asyncio.timeout(10):
            await driven.process

    drive(monkeypatch, scene, does)


def test_every_account_is_subscribed_to_before_the_user_hub_is_up(monkeypatch, does):
    async def scene(driven):
        await driven.log_in()
        driven.say(connect=[1001, 1002])
        assert await driven.hear() == {"hub": "market", "up": True}
        assert await driven.hear() == {"hub": "user", "up": True}
        assert does.subscribed == [
            (f"Subscribe{one}", 1002) for one in ("Orders", "Positions", "Trades")
        ]

    drive(monkeypatch, scene, does)


def test_a_token_that_could_not_be_renewed_is_renewed_the_next_time(monkeypatch, does):
    monkeypatch.setattr(link, "RENEW_S", 0)
    monkeypatch.setattr(link, "RENEW_AGAIN_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.fails = ["validate", "authenticate", "invalid"]
        async with asyncio.timeout(10):
            while does.logins < 3:
                await asyncio.sleep(0)
        assert does.fails == ["invalid"]

    drive(monkeypatch, scene, does)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Uncertain("lost"), {"fault": "lost", "uncertain": True}),
        (ValueError("no"), {"fault": "no", "uncertain": False}),
        ([Expired(), {"success": True}], {"found": {"success": True}}),
        (TooMany("wait"), {"fault": "wait", "limited": True}),
        (
            Uncertain("request was rate-limited"),
            {"fault": "request was rate-limited", "limited": True},
        ),
        (Uncertain("request received 401"), {"fault": "request received 401", "expired": True}),
    ],
)
def test_each_failure_of_a_request_is_an_answer(monkeypatch, does, answer, said):
    does.answers[PLACE] = answer

    async def scene(driven):
        await driven.log_in()
        driven.ask(1, PLACE)
        assert await driven.hear() == {"n": 1, **said}

    drive(monkeypatch, scene, does)


def test_answers_come_in_any_order(monkeypatch, does):
    async def scene(driven):
        await driven.log_in()
        does.answers["/Position/searchOpen"] = late = asyncio.Future()
        driven.ask(1, "/Position/searchOpen")
        driven.ask(2, "/Trade/search")
        assert (await driven.hear())["n"] == 2
        late.set_result({"success": True})
        assert (await driven.hear())["n"] == 1

    drive(monkeypatch, scene, does)


def test_what_changes_orders_goes_in_order_and_so_does_the_list_of_open_ones(monkeypatch, does):
    monkeypatch.setattr(link, "TURN_MAX_S", 3600)

    async def scene(driven):
        await driven.log_in()
        does.answers[PLACE] = first = asyncio.Future()
        driven.ask(1, PLACE)
        driven.ask(2, CANCEL)
        driven.ask(3, OPEN)
        driven.ask(4, "/Trade/search")
        assert (await driven.hear())["n"] == 4
        await driven.until_asked(PLACE, "/Trade/search")
        first.set_result({"success": True})
        assert [(await driven.hear())["n"] for _ in range(3)] == [1, 2, 3]
        await driven.until_asked(PLACE, "/Trade/search", CANCEL, OPEN)

    drive(monkeypatch, scene, does)


def test_a_request_without_an_answer_holds_up_no_cancel_for_long(monkeypatch, does):
    monkeypatch.setattr(link, "TURN_MAX_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.answers[PLACE] = asyncio.Future()
        driven.ask(1, PLACE)
        driven.ask(2, CANCEL)
        assert (await driven.hear())["n"] == 2

    drive(monkeypatch, scene, does)


def test_a_token_that_is_over_is_renewed_before_a_change_is_sent_again(monkeypatch, does):
    does.answers[PLACE] = Uncertain("request received 401")

    async def scene(driven):
        await driven.log_in()
        driven.ask(1, PLACE)
        assert (await driven.hear())["expired"]
        assert does.logins == 2

    drive(monkeypatch, scene, does)


def test_a_silent_market_is_a_reason_to_connect_again_where_somebody_watches_and_rarely(
    monkeypatch, does
):
    async def scene(driven):
        await driven.log_in()
        driven.say(connect=[1001])
        while (await driven.hear())["hub"] != "user":
            pass

        async def silent_s(**line):
            driven.say(**line)
            driven.ask(1, "/Trade/search")
            while (await driven.hear()).get("n") != 1:
                pass
            return does.hubs._hub_silence_age("market")

        does.silent_s = 40.0
        assert await silent_s(unwatch="A") is None  # as at the liquidation gateway
        does.silent_s = None
        assert await silent_s(watch="A") is None
        does.silent_s = 40.0
        assert [does.hubs._hub_silence_age("market") for _ in range(2)] == [40, None]
        monkeypatch.setattr(link, "SILENT_AGAIN_S", 0)
        assert does.hubs._hub_silence_age("market") == 40
        assert await silent_s(unwatch="A") is None

    drive(monkeypatch, scene, does)
