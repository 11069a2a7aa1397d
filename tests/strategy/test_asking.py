"""What a strategy asks the broker: its answer comes to the function that it names."""

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import HistoryBar, HistoryPage, QueryFailed
from tapewire.common.events.queries import QueryCancel, QueryProgress
from tapewire.strategy.asking import GRACE_NS, NO_ANSWER, NOT_DELIVERED, WAITING_MAX
from tapewire.strategy.base import Strategy
from tapewire.strategy.runner import Runner

SECOND = 1_000_000_000
NOW = Now(5_000 * SECOND, 7 * SECOND)
BAR = HistoryBar(0, 1.0, 2.0, 0.5, 1.5)


class Curious(Strategy):
    def on_start(self) -> None:
        self.got: list[object] = []
        self.asked = self.history("AAPL", "5 mins", "2 D", then=self.got.append, failed=self.sorry)

    def sorry(self, failed: QueryFailed) -> None:
        self.got.append(failed.reason)


@pytest.fixture
def runner() -> Runner:
    config = StrategyConfig(name="curious", strategy=f"{__name__}:Curious")
    runner = Runner(config, ("AAPL",), "e1", lambda _raised: None)
    runner.start(NOW)
    return runner


def send(runner: Runner) -> list[str]:
    due = runner.context.asking.due()
    for query in due:
        runner.context.asking.sent(query)
    return [query.id for query in due]


def at(second: float) -> Now:
    return Now(NOW.wall_ns + int(second * SECOND), NOW.mono_ns + int(second * SECOND))


def test_what_on_start_asks_is_sent_once_and_answered_later(runner: Runner):
    query_id = runner.strategy.asked
    assert send(runner) == [query_id]
    assert send(runner) == []
    runner.on_answer(HistoryPage(1, query_id, (BAR,)), at(1))
    assert runner.strategy.got == [(BAR,)]
    runner.on_answer(HistoryPage(1, query_id, (BAR,)), at(1))
    assert len(runner.strategy.got) == 1, "a second answer finds nobody"


def test_pages_come_as_one_answer_in_their_order_however_they_arrive(runner: Runner):
    first = HistoryPage(1, runner.strategy.asked, (BAR,), 1, last=False)
    second = replace(first, rows=(replace(BAR, ts_ns=60),), page=2, last=True)
    runner.on_answer(second, at(1))
    assert runner.strategy.got == []
    runner.on_answer(first, at(1))
    assert [row.ts_ns for row in runner.strategy.got[0]] == [0, 60]


def test_a_failure_comes_with_its_reason(runner: Runner):
    runner.on_answer(QueryFailed(1, runner.strategy.asked, "no data", 162), at(1))
    assert runner.strategy.got == ["no data"]


@pytest.mark.parametrize(("is_sent", "reason"), [(True, NO_ANSWER), (False, NOT_DELIVERED)])
def test_a_question_ends_with_its_time_even_if_no_gateway_is_there(
    runner: Runner, is_sent: bool, reason: str
):
    if is_sent:
        send(runner)
    runner.tick(at(60))
    assert runner.strategy.got == []
    runner.tick(at(60 + GRACE_NS / SECOND))
    assert runner.strategy.got == [reason]


def test_without_a_function_for_it_a_failure_is_a_dead_letter(runner: Runner):
    asked = runner.strategy.chain("AAPL", then=runner.strategy.got.append)
    runner.on_answer(QueryFailed(1, asked, "no such contract", 200), at(1))
    ((news, reason),) = runner.callbacks.take_lost()
    assert (news.callback, reason) == ("query", "no such contract")


def test_an_exception_in_what_takes_the_answer_costs_that_call(runner: Runner):
    asked = runner.strategy.history("AAPL", then=lambda _rows: 1 / 0)
    runner.on_answer(HistoryPage(1, asked, (BAR,)), at(1))
    assert runner.failures == 1


def test_what_cannot_be_asked_raises_where_it_is_asked(runner: Runner):
    with pytest.raises(ValueError, match="cannot be asked"):
        runner.strategy.history("AAPL", bars="1 min\0", then=print)
    with pytest.raises(ValueError, match="cannot be asked"):
        runner.strategy.history("AAPL", timeout_ms=0, then=print)
    for _ in range(WAITING_MAX - 1):
        runner.strategy.chain("AAPL", then=print)
    with pytest.raises(ValueError, match="wait for their answer already"):
        runner.strategy.chain("AAPL", then=print)


def test_word_that_the_gateway_is_at_it_renews_the_time(runner: Runner):
    send(runner)
    for second in (50, 100, 150):
        runner.on_answer(QueryProgress(1, runner.strategy.asked, 1, 53), at(second))
        runner.tick(at(second + 55))
    assert runner.strategy.got == []
    runner.tick(at(150 + 60 + GRACE_NS / SECOND))
    assert runner.strategy.got == [NO_ANSWER]


def test_what_nobody_waits_for_any_more_is_cancelled_once_if_it_was_sent(runner: Runner):
    asking = runner.context.asking
    asking.cancel(runner.strategy.asked)
    assert asking.is_idle, "the gateway never had it"
    asked = runner.strategy.history("AAPL", then=print)
    send(runner)
    asking.cancel(asked)
    assert asking.due() == [QueryCancel(asked)]
    assert send(runner) == [asked]
    assert asking.is_idle
