"""The outbox: never above the rate in any second, cancels first, orders only if they still may."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.gateway.broker import Verdict
from tapewire.gateway.outbox import QUEUE_MAX, Outbox, OutboxFull
from tapewire.gateway.pace import SECOND_NS, SLOW_NS, Pace

MS = 1_000_000


def always(_intent_id: str) -> Verdict:
    return "send"


def released(
    outbox: Outbox[bytes], now_ns: int, verdict: Callable[[str], Verdict]
) -> tuple[bytes, list[str]]:
    """What goes to a broker that reads at once, and answers when it is asked."""
    commands, names = outbox.release(now_ns, verdict)
    if outbox.pace.wants_proof:
        outbox.pace.asked(now_ns)
        outbox.pace.proved(now_ns)
    return b"".join(commands), names


def filled(rate: int = 40, orders: int = 0) -> Outbox[bytes]:
    outbox = Outbox(rate)
    for n in range(orders):
        outbox.order(f"o{n} ".encode(), f"i{n}")
    return outbox


steps = st.lists(
    st.tuples(
        st.integers(0, 1200),  # ms until it happens
        st.sampled_from(["cancel", "order", "request", "clear"]),
        st.integers(1, 60),
    ),
    max_size=25,
)


@given(steps)
def test_never_more_than_40_in_any_second_over_reconnects_too(plan: list[tuple[int, str, int]]):
    outbox, now, sent = Outbox(40), 0, []
    for wait_ms, kind, count in plan:
        now += wait_ms * MS
        for n in range(count):
            if kind == "order":
                outbox.order(b".", f"{now}-{n}")
            elif kind == "clear":
                outbox.withdraw()
                outbox.forget_requests()
            else:
                getattr(outbox, kind)(b".")
        sent += [now] * len(released(outbox, now, always)[0])
    for n, first in enumerate(sent):
        assert sum(first <= t < first + SECOND_NS for t in sent[n:]) <= 40
    assert all(a <= b for a, b in pairwise(sent))


@given(steps)
def test_everything_goes_in_the_end_and_once(plan: list[tuple[int, str, int]]):
    outbox, queued, sent = Outbox(40), [], []
    for _, kind, count in plan:
        for _ in range(count if kind != "clear" else 0):
            queued.append(f"{len(queued)} ".encode())
            if kind == "order":
                outbox.order(queued[-1], str(len(queued)))
            else:
                getattr(outbox, kind)(queued[-1])
    for second in range(40):
        sent += released(outbox, second * SECOND_NS, always)[0].split()
    assert sorted(sent) == sorted(b"".join(queued).split())
    assert len(outbox) == 0


def test_each_priority_goes_before_those_below_it():
    outbox = Outbox(40)
    outbox.other(b"other ")
    outbox.market_data(b"line ")
    outbox.request(b"question ")
    outbox.order(b"order ", "i")
    outbox.cancel(b"cancel ")
    outbox.order(b"closing ", "r", closes=True)
    outbox.cancel_everything(b"all ")
    sent = b"all closing cancel order question line other "
    assert released(outbox, 0, always) == (sent, ["r", "i"])


def test_a_closing_order_that_is_not_on_disk_yet_holds_up_no_cancel():
    outbox = filled(40, orders=1)
    outbox.order(b"r ", "r", closes=True)
    outbox.cancel(b"c ")
    assert released(outbox, 0, lambda i: "wait" if i == "r" else "send") == (b"c o0 ", ["i0"])


def test_the_cancel_of_everything_waits_once():
    outbox = filled(1, orders=1)
    released(outbox, 0, always)
    for _ in range(3):
        outbox.cancel_everything(b"all ")
    assert len(outbox) == 1


def test_a_queue_that_is_full_refuses_and_drops_nothing():
    outbox = filled(40, orders=QUEUE_MAX)
    with pytest.raises(OutboxFull, match="10000 messages of priority order wait already"):
        outbox.order(b"one too many", "i")
    outbox.order(b"closing ", "r", closes=True)  # there is room for that
    outbox.cancel(b"cancel ")
    assert len(outbox) == QUEUE_MAX + 2
    assert len(outbox.withdraw()) == QUEUE_MAX + 1


def test_waits_are_counted_by_priority_and_what_goes_at_once_has_waited_for_nothing():
    outbox = filled(2, orders=3)
    released(outbox, 0, always)
    outbox.request(b"r")
    released(outbox, SECOND_NS // 2, always)
    released(outbox, SECOND_NS, always)
    waits = outbox.waits
    assert (waits["order"].count, waits["order"].max_ns) == (3, SECOND_NS)
    assert (waits["question"].count, waits["question"].max_ns) == (1, SECOND_NS // 2)
    assert waits["cancel"].count == 0


def test_a_withdrawn_order_leaves_no_wait_behind_for_the_next_of_its_name():
    outbox = filled(1, orders=2)
    released(outbox, 0, always)
    outbox.withdraw("i1")
    outbox.order(b"o", "i1")
    released(outbox, 5 * SECOND_NS, always)
    assert outbox.waits["order"].max_ns == 0


def test_after_too_many_messages_the_pace_is_halved_and_recovers_in_steps():
    pace = Pace(40, 50)
    pace.violated(0)
    assert _rate(pace, SECOND_NS) == 20
    pace.violated(2 * SECOND_NS)
    assert _rate(pace, 4 * SECOND_NS) == 10
    assert _rate(pace, 2 * SECOND_NS + SLOW_NS) == 20
    assert _rate(pace, 4 * SECOND_NS + 2 * SLOW_NS) == 40


def test_however_often_it_is_halved_something_goes():
    pace = Pace(3, 50)
    for _ in range(10):
        pace.violated(0)
    assert _rate(pace, 0) == 1


def _rate(pace: Pace, now_ns: int) -> int:
    """How many go at once; all of them are read at once."""
    sent = 0
    while _went(pace, now_ns):
        sent += 1
    pace.asked(now_ns)
    pace.proved(now_ns)
    return sent


def test_cancels_go_before_orders_and_orders_before_the_rest():
    outbox = Outbox(40)
    outbox.request(b"r")
    outbox.order(b"o", "i")
    outbox.cancel(b"c")
    assert released(outbox, 0, always) == (b"coc"[:2] + b"r", ["i"])


def test_a_cancel_overtakes_orders_that_wait_for_their_second():
    outbox = filled(40, orders=60)
    released(outbox, 0, always)
    outbox.cancel(b"c ")
    data, _ = released(outbox, SECOND_NS, always)
    assert data.startswith(b"c o40 ")


def test_the_verdict_is_asked_for_at_the_moment_of_release_and_not_before():
    outbox, asked = filled(40, orders=60), []

    def verdict(intent_id: str) -> Verdict:
        asked.append(intent_id)
        return "send"

    released(outbox, 0, verdict)
    assert len(asked) == 40
    data, sent = released(outbox, SECOND_NS, lambda _: "drop")
    assert (data, sent, len(outbox)) == (b"", [], 0)


def test_an_order_that_may_not_go_takes_nobody_elses_place():
    outbox = filled(2, orders=4)
    data, sent = released(outbox, 0, lambda i: "send" if i in ("i2", "i3") else "drop")
    assert (data, sent) == (b"o2 o3 ", ["i2", "i3"])


def test_an_order_that_has_to_wait_holds_up_the_orders_behind_it_and_nothing_else():
    outbox = filled(40, orders=3)
    outbox.request(b"r ")
    outbox.cancel(b"c ")
    data, sent = released(outbox, 0, lambda i: "wait" if i == "i1" else "send")
    assert (data, sent) == (b"c o0 r ", ["i0"])
    assert released(outbox, 1, always) == (b"o1 o2 ", ["i1", "i2"])


def test_a_rate_of_0_lets_all_go():
    assert len(filled(0, orders=500).release(0, always)[1]) == 500


def test_what_is_withdrawn_are_the_orders_that_never_went():
    outbox = filled(1, orders=3)
    released(outbox, 0, always)
    assert outbox.withdraw() == ["i1", "i2"]
    assert released(outbox, 5 * SECOND_NS, always) == (b"", [])


def test_requests_and_cancels_are_forgotten_and_orders_wait():
    outbox = filled(40, orders=1)
    outbox.request(b"r")
    outbox.cancel(b"c")
    outbox.forget_requests()
    assert len(outbox) == 1
    assert released(outbox, 0, always) == (b"o0 ", ["i0"])


def test_a_withdrawn_order_does_not_go_and_the_others_do():
    outbox = filled(40, orders=3)
    assert outbox.withdraw("i1") == ["i1"]
    assert outbox.withdraw("i1") == []
    assert released(outbox, 0, always) == (b"o0 o2 ", ["i0", "i2"])


def test_all_orders_can_be_withdrawn_and_requests_stay():
    outbox = filled(40, orders=2)
    outbox.request(b"r")
    assert outbox.withdraw() == ["i0", "i1"]
    assert released(outbox, 0, always) == (b"r", [])


def test_orders_that_are_held_are_dropped_as_soon_as_they_may_not_go_any_more():
    outbox = filled(40, orders=3)
    outbox.hold(SECOND_NS, lambda name: "drop" if name == "i1" else "send")
    assert released(outbox, SECOND_NS, always) == (b"o0 o2 ", ["i0", "i2"])


def test_what_an_ended_connection_may_still_carry_counts_for_a_second():
    pace, first = Pace(45, 50), 10 * SECOND_NS
    for _ in range(45):
        pace.sent(first)
    pace.closed(first + SECOND_NS)
    assert sum(_went(pace, first + SECOND_NS * 3 // 2) for _ in range(45)) == 4
    assert sum(_went(pace, first + 2 * SECOND_NS) for _ in range(45)) == 41


def _went(pace: Pace, now_ns: int) -> bool:
    if not pace.room(now_ns):
        return False
    pace.sent(now_ns)
    return True


@pytest.mark.parametrize("queue", ["other", "market_data"])
def test_an_order_that_comes_behind_a_flood_of_questions_goes_at_once(queue: str):
    outbox = Outbox(40)
    for number in range(200):
        getattr(outbox, queue)(f"q{number} ".encode())
    for ms in range(0, 5000, 100):
        released(outbox, ms * MS, always)
        outbox.order(b"o ", f"i{ms}")
        assert released(outbox, ms * MS + 1, always) == (b"o ", [f"i{ms}"])
    assert len(outbox) < 100, "and the questions go too"


@pytest.mark.parametrize("rate", [1, 2, 3, 4, 5])
def test_however_low_the_rate_is_questions_go_too(rate: int):
    outbox = Outbox(rate)
    outbox.pace.violated(0)
    outbox.other(b"q ")
    outbox.other(b"r ")
    went = b"".join(released(outbox, second * SECOND_NS, always)[0] for second in range(3))
    assert went == b"q r "
