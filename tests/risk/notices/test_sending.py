"""Sending by apprise to a web hook on this machine: it arrives, or the reason is reported."""

import logging
import select
from collections.abc import Iterator

import pytest

from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.config.notices import NoticesConfig, TargetConfig
from tapewire.common.errors import ConfigError
from tapewire.risk.notices.delivery import Send
from tapewire.risk.notices.message import Message
from tapewire.risk.notices.sending import THREADS_MAX, Outcome, Sender
from tests.places import free_port
from tests.risk.notices.hooks import TOKEN, Hook, a_hook
from tests.waiting import wait_for

pytest.importorskip("apprise")

MESSAGE = Message("failure", "Tapewire: 1 enforcement", "halted <b>now</b>\nand flat")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with a_hook() as hook:
        yield hook


def sender(timeout_ms: int = 5_000, **urls: str) -> Sender:
    targets = tuple(TargetConfig(name=name, url_env=name.upper()) for name in urls)
    environment = {name.upper(): url for name, url in urls.items()}
    return Sender(NoticesConfig(targets=targets, timeout_ms=timeout_ms), environment)


def outcome(of: Sender) -> Outcome:
    (found,) = wait_for(of.outcomes, "an outcome", 20)
    return found


def test_a_message_arrives_as_it_was_written(hook):
    assert sender(desk=hook.url).send("desk", MESSAGE) == ""
    (body,) = hook.received
    assert body["title"] == MESSAGE.title
    assert body["message"] == MESSAGE.body
    assert body["type"] == "failure"
    assert hook.paths == [f"/{TOKEN}"]


@pytest.mark.parametrize("status", [500, 404, 403])
def test_a_server_that_refuses_is_named_by_its_answer(hook, status):
    hook.answers = [status]
    assert sender(desk=hook.url).send("desk", MESSAGE) == f"the server answered {status}"
    assert sender(desk=hook.url).send("desk", MESSAGE) == ""


def test_nobody_there_and_no_answer_are_said_alike_and_within_the_time(hook):
    silent = "no connection, or no answer in time"
    assert sender(desk=f"json://127.0.0.1:{free_port()}/{TOKEN}").send("desk", MESSAGE) == silent
    hook.always = 0
    assert sender(timeout_ms=200, desk=hook.url).send("desk", MESSAGE) == silent


def test_nobody_waits_for_an_attempt_and_a_target_that_hangs_holds_up_no_other(hook):
    with a_hook() as other:
        hook.always = 0
        of = sender(timeout_ms=20_000, desk=hook.url, mail=other.url)
        of.start(Send("desk", 1, MESSAGE))
        of.start(Send("mail", 1, MESSAGE))
        assert outcome(of) == Outcome("mail", 1, "")
        hook.let_go.set()
        assert outcome(of).target == "desk"


def test_the_end_of_an_attempt_wakes_the_process_up_once(hook):
    transport = ZmqTransport()
    of = sender(desk=hook.url)
    transport.attach("outcomes", of)
    try:
        assert not select.select([of], [], [], 0)[0]
        of.start(Send("desk", 1, MESSAGE))
        assert transport.poll(10_000) == []
        assert of.outcomes() == [Outcome("desk", 1, "")]
        assert not select.select([of], [], [], 0)[0]
    finally:
        transport.close()


def test_attempts_that_hang_do_not_add_up_without_bound(hook):
    hook.always = 0
    of = sender(timeout_ms=20_000, desk=hook.url)
    for n in range(THREADS_MAX + 2):
        of.start(Send("desk", n, MESSAGE))
    late = [Outcome("desk", n, "earlier attempts still hang") for n in (4, 5)]
    assert of.outcomes() == late
    hook.let_go.set()
    found: list[Outcome] = []
    wait_for(lambda: found.extend(of.outcomes()) or len(found) == THREADS_MAX, "all to end", 20)


def test_apprise_says_nothing_anywhere(hook, capfd, caplog):
    hook.answers = [500]
    with caplog.at_level(logging.DEBUG):
        of = sender(timeout_ms=200, desk=hook.url, none=f"json://127.0.0.1:{free_port()}/{TOKEN}")
        for _ in range(2):
            of.send("desk", MESSAGE)
        of.send("none", MESSAGE)
    said = capfd.readouterr()
    assert said.out + said.err == ""
    assert TOKEN not in caplog.text


def test_what_a_service_raises_is_not_repeated(hook, monkeypatch):
    of = sender(desk=hook.url)

    def raises(**_: object) -> bool:
        raise ValueError(f"at {hook.url}")

    monkeypatch.setattr(of._services["desk"], "notify", raises)
    assert of.send("desk", MESSAGE) == "the library failed with ValueError"


@pytest.mark.parametrize("url", ["no-such-service://" + TOKEN, "json://", "discord://" + TOKEN])
def test_an_address_that_apprise_does_not_know_is_refused_and_not_shown(url, capfd):
    with pytest.raises(ConfigError) as caught:
        sender(desk=url)
    assert "target desk of [[notices.targets]]: its address is not one" in str(caught.value)
    said = capfd.readouterr()
    assert TOKEN not in f"{caught.value!r}{caught.value.__cause__!r}{said.out}{said.err}"


def test_without_apprise_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _: None)
    with pytest.raises(ConfigError) as caught:
        sender(desk="json://127.0.0.1")
    assert str(caught.value) == (
        "notices.targets: apprise is not installed; install it with: pip install 'tapewire[risk]'"
    )
