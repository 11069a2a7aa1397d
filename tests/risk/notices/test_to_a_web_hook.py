"""From a journal to a web hook: batched, tried again, and given up in time, by apprise itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config.notices import NoticesConfig, TargetConfig
from tapewire.risk.notices.sending import Sender
from tests.risk.notices.hooks import Hook, a_hook
from tests.risk.notices.kit import halt, violation
from tests.risk.notices.test_service import Bench
from tests.waiting import wait_for

pytest.importorskip("apprise")


class Sending(Bench):
    """A notifier whose messages go to a web hook; its time is a test's, that of the hook is not."""

    def __init__(self, run_dir: Path, hook: Hook, timeout_ms: int = 5_000) -> None:
        self.hook = hook
        target = TargetConfig(name="desk", url_env="DESK_URL")
        self.notices = NoticesConfig(targets=(target,), timeout_ms=timeout_ms)
        super().__init__(run_dir)

    def start(self) -> None:
        super().start()
        self.real = Sender(self.notices, {"DESK_URL": self.hook.url})
        self.service._sender = self.real

    def until_asked(self, times: int) -> None:
        """Turns until the hook was asked so often and each attempt has ended; the test's time
        stands still while one has not."""
        target = self.service.notifier.delivery.targets["desk"]

        def asked() -> bool:
            if target.busy:
                self.service.turn(0)
            else:
                self.turns(0.5)
            return len(self.hook.paths) == times and not target.busy

        wait_for(asked, f"{times} requests", 20)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with a_hook() as hook:
        yield hook


def test_many_at_once_are_one_request(tmp_path, hook):
    bench = Sending(tmp_path, hook)
    bench.happens(*(violation(f"{n} of 5") for n in range(300)), halt())
    bench.until_asked(1)
    (body,) = hook.received
    assert body["title"] == "Tapewire: 300 violations, 1 enforcement (message 1)"
    assert "halted until a person resumes (account DU1)" in body["message"]
    assert "and 281 violations more" in body["message"]


def test_what_a_server_refuses_comes_again_and_arrives_once(tmp_path, hook):
    hook.answers = [500, 503]
    bench = Sending(tmp_path, hook)
    bench.happens(violation())
    bench.until_asked(1)
    state = bench.service.readiness(bench.clock.now())
    assert state == ("READY", "desk: the server answered 500")
    bench.until_asked(3)
    assert bench.service.readiness(bench.clock.now()) == ("READY", "")
    bench.turns(600)
    assert len(hook.paths) == 3
    assert len(hook.received) == 1


def test_a_server_that_never_answers_is_left_in_time_and_asked_again(tmp_path, hook):
    hook.always = 0
    bench = Sending(tmp_path, hook, timeout_ms=100)
    bench.happens(violation())
    bench.until_asked(1)
    state = bench.service.readiness(bench.clock.now())
    assert state == ("READY", "desk: no connection, or no answer in time")
    hook.always = 200
    bench.until_asked(2)
    assert len(hook.received) == 1
