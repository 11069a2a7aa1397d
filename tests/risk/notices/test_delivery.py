"""Batches, back-off and the bounded queue: what each target gets, and when."""

from tapewire.risk.notices.delivery import ATTEMPT_MAX_NS, QUEUE_MAX
from tests.risk.notices.kit import SECOND, Bench, halt, violation


def test_a_notice_waits_a_second_for_what_follows_from_the_same_cause():
    bench = Bench()
    bench.happens(violation())
    assert bench.later(0) == []
    assert bench.later(0.9) == []
    bench.happens(halt())
    sent = bench.sends(0.1)
    assert sent.message.title == "Tapewire: 1 violation, 1 enforcement (message 1)"
    assert sent.message.level == "failure"
    assert sent.message.body.splitlines() == [
        "2023-11-14 22:13:20Z DailyRealizedLoss is broken (account DU1): -500 of -400 USD",
        "2023-11-14 22:13:20Z halted until a person resumes (account DU1):"
        " DailyRealizedLoss: -500 of -400 USD, by me",
    ]


def test_what_arrived_is_not_sent_again():
    bench = Bench()
    bench.happens(violation())
    bench.later(0)
    assert bench.arrives(bench.sends())
    assert bench.later(60) == []
    assert bench.notifier.delivery.queue.waiting == {}


def test_many_at_once_are_one_message_and_the_next_ones_wait_for_the_interval():
    bench = Bench(every_ms=10_000)
    bench.happens(*(violation(f"{n} of 5") for n in range(500)))
    bench.later(0)
    assert bench.arrives(bench.sends())
    bench.happens(violation("another"), violation("and another"))
    send, after_s = bench.until_sent(20)
    assert after_s == 10
    assert send.message.title == "Tapewire: 2 violations (message 2)"


def test_what_failed_is_sent_again_later_and_later_with_what_came_meanwhile():
    bench = Bench()
    bench.happens(violation())
    bench.later(0)
    waits = []
    send = bench.sends()
    for n in range(12):
        bench.fails(send)
        bench.happens(violation(f"number {n}"))
        send, after_s = bench.until_sent(400)
        waits.append(after_s)
    assert waits[0] <= 2
    assert all(150 <= wait <= 300 for wait in waits[-3:])
    assert send.message.title == "Tapewire: 13 violations (message 1)"
    assert bench.arrives(send)
    assert bench.later(600) == []


def test_an_attempt_that_does_not_end_is_given_up_and_does_not_hold_up_other_targets():
    bench = Bench("hangs", "works")
    bench.happens(violation())
    bench.later(0)
    hanging, working = bench.later(1)
    assert bench.arrives(working)
    assert bench.later(ATTEMPT_MAX_NS / SECOND - 1) == []
    again, _ = bench.until_sent(5)
    assert again.target == "hangs"
    assert again.attempt != hanging.attempt
    bench.happens(violation("a second"))
    bench.later(0)
    assert {one.target for one in bench.later(10)} == {"works"}


def test_what_arrives_late_has_arrived_and_is_not_sent_again():
    bench = Bench()
    bench.happens(violation())
    bench.later(0)
    send = bench.sends()
    assert bench.later(ATTEMPT_MAX_NS / SECOND) == []
    assert bench.arrives(send)
    assert bench.later(600) == []


def test_of_too_many_the_least_bad_and_oldest_go_and_the_next_message_says_so():
    bench = Bench()
    bench.happens(halt())
    bench.happens(*(violation(f"{n} of 5") for n in range(QUEUE_MAX + 99)))
    bench.later(0)
    send = bench.sends()
    assert send.message.title == "Tapewire: 999 violations, 1 enforcement (message 1)"
    assert "not sent, as the queue was full: 100 violations" in send.message.body
    assert "halted until a person resumes" in send.message.body
    assert bench.arrives(send)
    bench.happens(violation("a later one"))
    bench.later(0)
    assert "not sent" not in bench.until_sent(20)[0].message.body


def test_what_goes_while_it_is_being_sent_counts_only_if_it_does_not_arrive():
    for arrives in (True, False):
        bench = Bench()
        bench.happens(violation())
        bench.later(0)
        send = bench.sends()
        bench.happens(*(violation(f"{n} of 5") for n in range(QUEUE_MAX)))
        if arrives:
            bench.arrives(send)
        else:
            bench.fails(send)
        body = bench.until_sent(20)[0].message.body
        assert ("not sent, as the queue was full: 1 violation" in body) is not arrives


def test_a_queue_that_was_only_dropped_from_is_said_too():
    bench = Bench("desk", "mail")
    bench.happens(*(violation(f"{n} of 5") for n in range(QUEUE_MAX)))
    bench.later(0)
    desk, mail = bench.later(1)
    bench.arrives(desk)
    bench.fails(mail)
    bench.happens(*(halt(n) for n in range(bench.now.wall_ns, bench.now.wall_ns + QUEUE_MAX)))
    assert len(bench.notifier.delivery.queue.waiting) == QUEUE_MAX
    bench.later(0)
    bodies = {one.target: one.message.body for one in bench.later(10)}
    assert "not sent" not in bodies["desk"]
    assert "not sent, as the queue was full: 1,000 violations" in bodies["mail"]
