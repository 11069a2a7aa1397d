"""The link before a Gateway that does not answer, or answers what it must not."""

import asyncio

import pytest

from tapewire.gateway.projectx import link
from tests.gateway.projectx.client import LOGIN, Behaviour, Expired, Uncertain, drive

PLACE, CANCEL, POSITIONS = "/Order/place", "/Order/cancel", "/Position/searchOpen"


@pytest.fixture
def does():
    return Behaviour()


REFUSED = {"success": False, "errorCode": 3, "errorMessage": "closed for the weekend"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (REFUSED, "closed for the weekend"),
        ({**REFUSED, "accounts": []}, "closed for the weekend"),
        ({"success": True, "accounts": None}, "no list of accounts"),
        ({"success": True}, "no list of accounts"),
        ("<html>maintenance</html>", "no list of accounts"),
        ([], "no list of accounts"),
    ],
)
def test_a_login_that_is_answered_without_accounts_says_why(monkeypatch, does, answer, reason):
    does.answers["/Account/search"] = answer

    async def scene(driven):
        driven.say(login=LOGIN)
        refused = (await driven.hear())["refused"]
        assert "has not taken the login" in refused
        assert reason in refused

    drive(monkeypatch, scene, does)


def test_a_question_that_is_never_answered_is_a_fault_in_the_end(monkeypatch, does):
    monkeypatch.setattr(link, "ANSWER_MAX_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.answers[POSITIONS] = asyncio.Future()
        driven.ask(1, POSITIONS)
        found = await driven.hear()
        assert found == {"n": 1, "fault": "it has not answered within 0 s", "uncertain": False}

    drive(monkeypatch, scene, does)


def test_a_change_that_is_never_answered_is_uncertain(monkeypatch, does):
    monkeypatch.setattr(link, "ANSWER_MAX_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.answers[PLACE] = asyncio.Future()
        driven.ask(1, PLACE)
        assert (await driven.hear())["uncertain"]

    drive(monkeypatch, scene, does)


def test_answers_that_do_not_come_time_and_again_end_the_process(monkeypatch, does):
    monkeypatch.setattr(link, "ANSWER_MAX_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.answers[POSITIONS] = asyncio.Future()
        for number in range(link.UNANSWERED_MAX):
            driven.ask(number, POSITIONS)
        found = {}
        while "refused" not in found:
            found = await driven.hear()
        assert "does not answer" in found["refused"]
        assert await driven.hear() is None

    drive(monkeypatch, scene, does)


def test_a_subscription_that_waits_holds_up_no_order(monkeypatch, does):
    async def scene(driven):
        await driven.log_in()
        driven.say(connect=[1001])
        await driven.hear()
        await driven.hear()
        does.answers["watch"] = asyncio.Future()
        driven.say(watch="X")
        driven.say(unwatch="X")
        driven.ask(1, CANCEL)
        assert (await driven.hear())["n"] == 1
        assert does.watched == [("subscribe_market_data", "X")]
        does.answers.pop("watch").set_result(True)
        async with asyncio.timeout(10):
            while len(does.watched) < 2:
                await asyncio.sleep(0)
        assert does.watched[-1] == ("unsubscribe_market_data", "X")

    drive(monkeypatch, scene, does)


@pytest.mark.parametrize(
    ("path", "failure"),
    [(PLACE, Uncertain("lost")), (PLACE, Uncertain("received 401")), (POSITIONS, Expired())],
)
def test_many_failures_at_once_renew_the_token_once(monkeypatch, does, path, failure):
    monkeypatch.setattr(link, "TURN_MAX_S", 0)

    async def scene(driven):
        await driven.log_in()
        does.answers[path] = failure
        for number in range(20):
            driven.ask(number, path)
        for _ in range(20):
            await driven.hear()
        await asyncio.sleep(0)
        assert does.logins == 2

    drive(monkeypatch, scene, does)
