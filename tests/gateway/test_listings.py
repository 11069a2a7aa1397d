"""Risk asks what the broker has: the answer comes when both lists are at their ends."""

import pytest

from tapewire.common.events import ListPositions, PositionReported, PositionsListed
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_messages import T0, open_order_of, order_at_tws


@pytest.fixture
def bench() -> Bench:
    one = Bench(reduce_only=True)
    one.hold(10)
    return one


def ask(bench: Bench, name: str = "f-1") -> bool:
    answer, _ = bench.obey(ListPositions(name, T0))
    bench.tick()
    return answer.accepted


def listed(events: list[object]) -> list[PositionsListed]:
    return [event for event in events if isinstance(event, PositionsListed)]


def end_of_orders(bench: Bench, *orders: list[str]) -> list[object]:
    return bench.receive(*orders, messages.open_order_end())


def working(intent_id: str, order_id: int, client_id: int, **more: object) -> list[str]:
    """An open order of some client."""
    at_tws = order_at_tws(submit(intent_id, "SELL", 5, limit="150"), order_id, **more)
    at_tws.client_id = client_id
    return open_order_of(at_tws)


def test_the_broker_is_asked_for_positions_and_for_all_clients_orders(bench: Bench):
    assert ask(bench)
    assert sorted(kinds(bench.flush())) == ["16", "61"]


def test_the_answer_comes_behind_both_lists_and_what_they_changed(bench: Bench):
    ask(bench)
    bench.held["AAPL", bench.accounts[0]] = 4
    assert listed(end_of_orders(bench) + bench.tick()) == []
    events = bench.list_positions() + bench.tick()
    assert [type(e) for e in events] == [PositionReported, PositionsListed]
    assert listed(events) == [PositionsListed(T0, "f-1")]
    assert bench.tick() == []


def test_it_names_what_is_open_whoever_placed_it(bench: Bench):
    ask(bench)
    done = order_at_tws(submit("done/1"), 9, status="Filled")
    bench.list_positions()
    end_of_orders(
        bench, working("s/1", 7, 1), working("", 0, 0), open_order_of(done),
        working("gone/1", 8, 1), working("gone/1", 8, 1, status="Cancelled"),
    )  # fmt: skip
    assert listed(bench.tick()) == [PositionsListed(T0, "f-1", ("", "s/1"))]


def test_the_own_orders_list_does_not_end_it(bench: Bench):
    bench.gateway.sync._begin_snapshot(bench.now)
    ask(bench)
    bench.list_positions()
    assert listed(end_of_orders(bench) + bench.tick()) == []
    assert len(listed(end_of_orders(bench) + bench.tick())) == 1


def test_of_two_questions_both_are_answered_each_once_its_own_lists_have_come(bench: Bench):
    ask(bench)
    end_of_orders(bench, working("old/1", 7, 1))
    ask(bench, "f-2")
    bench.list_positions()
    assert listed(bench.tick()) == [PositionsListed(T0, "f-1", ("old/1",))]
    bench.tick()
    bench.list_positions()
    assert listed(end_of_orders(bench) + bench.tick()) == [PositionsListed(T0, "f-2")]


def test_the_end_of_a_list_that_was_under_way_does_not_end_it(bench: Bench):
    bench.gateway.listings.ask_orders()
    ask(bench)
    bench.list_positions()
    assert listed(end_of_orders(bench) + bench.tick()) == []
    end_of_orders(bench, working("s/1", 7, 1))
    assert listed(bench.tick()) == [PositionsListed(T0, "f-1", ("s/1",))]


def test_a_lost_connection_takes_the_question_along(bench: Bench):
    ask(bench)
    bench.lose()
    assert not ask(bench, "f-2")
    bench.connect()
    assert listed(bench.answer_snapshot() + bench.tick()) == []
    ask(bench, "f-3")
    bench.list_positions()
    assert listed(end_of_orders(bench) + bench.tick()) == [PositionsListed(T0, "f-3")]


# ---- ends that never come -----------------------------------------------------------------------


def test_a_list_of_positions_that_never_ended_does_not_keep_the_next_ones_from_it(bench: Bench):
    ask(bench)
    bench.flush()
    end_of_orders(bench)  # and the list of positions never ends
    bench.pass_s(11)
    bench.tick()
    for number in range(2, 8):
        ask(bench, f"f-{number}")
        end_of_orders(bench)
        answered = answer_all(bench)
        assert [one.id for one in listed(answered)][-1:] == [f"f-{number}"]
        bench.pass_s(3)


def test_a_list_of_orders_that_never_ended_does_not_keep_the_next_ones_from_it(bench: Bench):
    ask(bench)
    bench.flush()
    bench.list_positions()  # and the list of orders never ends
    for number in range(2, 8):
        ask(bench, f"f-{number}")
        answered = answer_all(bench)
        assert [one.id for one in listed(answered)][-1:] == [f"f-{number}"]
        bench.pass_s(3)


def answer_all(bench: Bench) -> list[object]:
    """TWS answers whatever it is asked, until it is asked nothing more."""
    events: list[object] = []
    for _ in range(5):
        asked = kinds(bench.flush())
        for kind in asked:
            events += end_of_orders(bench) if kind in ("5", "16") else []
            events += bench.list_positions() if kind == "61" else []
        events += bench.tick()
    return events


def test_an_end_that_never_came_does_not_keep_every_later_snapshot_from_its_end(bench: Bench):
    """The list of all orders is asked for every few seconds. If its end is lost once, each later
    end looks like the answer to the question before."""
    bench.gateway.listings.ask_orders()
    snapshots = []
    for _ in range(3):
        bench.gateway.sync._begin_snapshot(bench.now)
        snapshots.append(bench.gateway.sync._snapshot)
        bench.answer_snapshot()
        bench.pass_s(11)
        bench.gateway.listings.ask_orders()
        end_of_orders(bench)
    assert [one.complete for one in snapshots] == [False, True, True]


def test_a_list_of_orders_in_which_one_cannot_be_read_is_none_and_is_asked_for_again(bench: Bench):
    ask(bench)
    bench.list_positions()
    bench.flush()
    bench.receive(working("", 0, 0)[:20])
    assert listed(end_of_orders(bench, working("s/1", 7, 1)) + bench.tick()) == []
    bench.list_positions()
    assert "16" not in kinds(bench.flush())
    bench.pass_s(1.1)
    bench.tick()
    assert "16" in kinds(bench.flush())
    bench.list_positions()
    end_of_orders(bench, working("", 0, 0), working("s/1", 7, 1))
    assert listed(bench.tick()) == [PositionsListed(bench.now.wall_ns, "f-1", ("", "s/1"))]


def test_what_could_not_be_read_before_a_list_was_asked_for_is_none_of_it(bench: Bench):
    bench.receive(working("", 0, 0)[:20])
    ask(bench)
    bench.list_positions()
    end_of_orders(bench, working("s/1", 7, 1))
    assert listed(bench.tick()) == [PositionsListed(bench.now.wall_ns, "f-1", ("s/1",))]
