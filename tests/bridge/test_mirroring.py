"""What a mirror does next, and what it makes of an answer."""

import pytest

from tapewire.bridge.engine import TAIL, End, Found, Published
from tapewire.bridge.kafka_engine import once
from tapewire.bridge.mirroring import (
    BATCH,
    BATCHES,
    LOOK_AGAIN_NS,
    LOOK_IDLE_NS,
    Look,
    Mirror,
    Send,
)
from tapewire.common.clock import Now
from tests.bridge.network import SECOND_NS, Hostile, Stream, here, lines_of

NOW = Now(0, SECOND_NS)
LATER = Now(0, SECOND_NS + LOOK_AGAIN_NS)
JOURNAL = lines_of(30)


def going(stream: Stream, *, starts_over: bool = False) -> Mirror:
    """A mirror that has looked at `stream`, of `JOURNAL`."""
    mirror = Mirror("risk", "seed", starts_over=starts_over)
    mirror.on_journal(len(JOURNAL), NOW)
    assert mirror.next(NOW) == Look()
    found(mirror, stream)
    return mirror


def found(mirror: Mirror, stream: Stream) -> None:
    end = stream.end()
    mirror.on_found(Found("risk", end, TAIL), JOURNAL[0].chain, here(end, JOURNAL), NOW)


def of(lines) -> Stream:
    stream = Stream()
    stream.lines = list(lines)
    return stream


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_network_does_the_stream_is_the_journal(seed):
    hostile = Hostile(seed, lines_of(300))
    hostile.run(4_000, calm_from=2_500)
    assert hostile.mirror.fault == ""
    assert hostile.stream.lines == hostile.journal
    assert hostile.mirror.acked == 300
    assert hostile.mirror.lag_records == 0


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_network_does_a_message_of_somebody_else_is_found(seed):
    hostile = Hostile(seed, lines_of(300))
    hostile.run(4_000, calm_from=2_000, stranger_at=seed)
    assert hostile.mirror.is_stopped


def test_it_goes_on_behind_the_last_record_of_the_stream():
    mirror = going(of(JOURNAL[:10]))
    assert mirror.next(NOW) == Send(11, 20)


def test_a_message_of_somebody_else_in_mid_run_is_found_though_the_last_record_is_right():
    """Record 11 is refused, and those behind it fit again behind the other's message."""
    mirror, stream = going(of(JOURNAL[:10])), of(JOURNAL[:10])
    assert mirror.next(NOW) == Send(11, 20)
    assert mirror.sending(JOURNAL[9].chain, JOURNAL[10:], NOW)
    stream.write(b"mine")
    assert [stream.publish(line) for line in JOURNAL[10:]] == [False, *[True] * 19]
    mirror.on_published(Published("risk", 0, "order", "wrong last sequence: 11"), NOW)
    assert mirror.acked == 10
    assert mirror.next(LATER) == Look()
    found(mirror, stream)
    assert mirror.fault.startswith("record 11 of tapewire-risk-1 is not that of risk's journal")


def test_a_tail_with_a_record_that_came_twice_is_a_whole_one_all_the_same():
    journal = lines_of(1_500)
    mirror = Mirror("risk", "seed", starts_over=False)
    mirror.on_journal(len(journal), NOW)
    look = mirror.next(NOW)
    assert look == Look()
    tail = once([*journal[:1_400], journal[1_399]][-look.tail :])
    end = End("tapewire-risk-1", 1, 1_400, journal[0].chain, tail)
    mirror.on_found(Found("risk", end, look.tail), journal[0].chain, here(end, journal), NOW)
    assert mirror.next(NOW) == Send(1_401, 100)


def test_it_looks_again_only_once_every_batch_has_ended():
    """What is still under way could make the stream longer behind the look."""
    mirror = going(Stream())
    for before, part in (("", JOURNAL[:10]), (JOURNAL[9].chain, JOURNAL[10:])):
        assert mirror.sending(before, part, NOW)
    mirror.on_published(Published("risk", 0, "away", "no answer in time"), NOW)
    assert (mirror.fault, mirror.next(LATER)) == ("no answer in time", None)
    mirror.on_published(Published("risk", 0, "away", "no answer in time"), NOW)
    assert mirror.next(LATER) == Look()


def test_a_mirror_that_has_stopped_looks_again_only_once_every_batch_has_ended():
    mirror = going(of(JOURNAL[:10]))
    assert mirror.sending(JOURNAL[9].chain, JOURNAL[10:20], NOW)
    assert not mirror.sending("another", JOURNAL[20:], NOW)
    assert mirror.next(LATER) is None
    mirror.on_published(Published("risk", 20), NOW)
    assert mirror.next(LATER) == Look()


def test_what_is_behind_a_record_that_was_not_taken_does_not_count():
    mirror = going(Stream())
    for part in (JOURNAL[:10], JOURNAL[10:20]):
        assert mirror.sending((part[0].seq > 1 and JOURNAL[9].chain) or "", part, NOW)
    mirror.on_published(Published("risk", 4, "order", "wrong last sequence: 5"), NOW)
    mirror.on_published(Published("risk", 20), NOW)
    assert mirror.acked == 4
    assert mirror.next(LATER) == Look()


def test_nothing_is_looked_for_while_there_is_no_journal():
    assert Mirror("risk", "seed", starts_over=False).next(NOW) is None


def test_no_more_than_a_few_batches_are_under_way():
    journal = lines_of(BATCH * 4)
    mirror = Mirror("risk", "seed", starts_over=False)
    mirror.on_journal(len(journal), NOW)
    assert mirror.next(NOW) == Look()
    mirror.on_found(Found("risk", Stream().end(), TAIL), journal[0].chain, (), NOW)
    before = ""
    for number in range(BATCHES):
        assert mirror.next(NOW) == Send(number * BATCH + 1, BATCH)
        lines = journal[number * BATCH : (number + 1) * BATCH]
        assert mirror.sending(before, lines, NOW)
        before = lines[-1].chain
    assert mirror.next(NOW) is None
    mirror.on_published(Published("risk", BATCH), NOW)
    assert mirror.next(NOW) == Send(BATCHES * BATCH + 1, BATCH)


def test_a_record_that_differs_stops_it_with_a_sentence():
    mirror = going(of(lines_of(10, "b")))
    assert mirror.is_stopped
    assert mirror.fault.startswith("record 1 of tapewire-risk-1 is not that of risk's journal")
    assert "`tapewire mirror begin risk`" in mirror.fault
    assert mirror.next(NOW) is None


def test_a_record_of_the_same_chain_with_other_bytes_stops_it():
    stream = of(JOURNAL[:10])
    stream.lines[-1] = stream.lines[-1]._replace(record=b"forged")
    assert going(stream).is_stopped


def test_a_stream_that_is_longer_than_the_journal_stops_it():
    mirror = going(of(lines_of(31)))
    assert "has 31 records, and risk's journal only 30" in mirror.fault


def test_what_has_stopped_looks_again_and_goes_on_once_a_person_has_mended_it():
    mirror = going(of(lines_of(10, "b")))
    assert mirror.next(LATER) == Look()
    mirror.on_failure("no answer in time", LATER)
    assert mirror.is_stopped
    assert mirror.next(Now(0, LATER.mono_ns + LOOK_AGAIN_NS)) == Look()
    found(mirror, Stream())
    assert not mirror.is_stopped
    assert mirror.next(LATER) == Send(1, 30)


def test_a_group_that_starts_over_begins_the_next_stream():
    mirror = going(of(lines_of(10, "b")), starts_over=True)
    assert mirror.next(NOW) == Look(begin=2)
    second = Stream().end("tapewire-risk-2", 2)
    mirror.on_found(Found("risk", second, TAIL), JOURNAL[0].chain, (), NOW)
    assert mirror.next(NOW) == Send(1, 30)
    assert mirror.stream == "tapewire-risk-2"


def test_a_group_that_starts_over_does_not_leave_a_stream_that_is_its_own():
    stream = of(JOURNAL[:10])
    stream.publish(lines_of(11, "b")[-1])
    assert going(stream, starts_over=True).is_stopped


def test_a_journal_that_was_replaced_meanwhile_is_not_mirrored():
    mirror = going(of(JOURNAL[:10]))
    other = lines_of(12, "b")
    assert not mirror.sending(other[9].chain, other[10:], NOW)
    assert mirror.fault.startswith(
        "risk's journal has another record 10 than was mirrored: it was replaced; `tapewire mirror"
        " begin risk` begins another stream"
    )


def test_a_journal_that_was_cut_meanwhile_is_not_mirrored():
    mirror = going(of(JOURNAL))
    mirror.on_journal(29, NOW)
    assert mirror.fault.startswith("risk's journal ends at record 29, and 30 were mirrored")


def test_a_mirror_with_nothing_to_do_looks_now_and_then_whether_all_is_still_there():
    mirror = going(of(JOURNAL))
    assert mirror.next(LATER) is None
    late = Now(0, NOW.mono_ns + LOOK_IDLE_NS)
    assert mirror.next(late) == Look(tail=1)
    longer = of(JOURNAL)
    longer.write(b"mine")
    mirror.on_found(Found("risk", longer.end(tail=1), 1), JOURNAL[0].chain, (), late)
    assert mirror.next(late) == Look()
    found(mirror, Stream())
    assert mirror.next(late) == Send(1, 30)


def test_records_that_the_engine_lost_are_mirrored_again():
    mirror = going(of(JOURNAL[:20]))
    assert mirror.sending(JOURNAL[19].chain, JOURNAL[20:], NOW)
    mirror.on_published(Published("risk", 0, "order", "wrong last sequence: 5"), NOW)
    assert mirror.next(LATER) == Look()
    found(mirror, of(JOURNAL[:5]))
    assert mirror.next(LATER) == Send(6, 25)
    assert mirror.note == "15 records that it had confirmed are mirrored again"


def test_a_stream_that_a_person_begins_is_gone_on_with_and_nothing_was_lost():
    mirror = going(of(JOURNAL))
    late = Now(0, NOW.mono_ns + LOOK_IDLE_NS)
    assert mirror.next(late) == Look(tail=1)
    second = Stream().end("tapewire-risk-2", 2)
    mirror.on_found(Found("risk", second, 1), JOURNAL[0].chain, (), late)
    assert (mirror.next(late), mirror.note) == (Send(1, 30), "")


def test_a_full_engine_is_tried_again_later_each_time_later():
    mirror, waits, now = going(Stream()), [], NOW
    for _ in range(5):
        assert mirror.next(now) == Send(1, 30)
        assert mirror.sending("", JOURNAL, now)
        mirror.on_published(Published("risk", 0, "full", "no room"), now)
        assert mirror.fault == "no room"
        began_ns = now.mono_ns
        while mirror.next(now) is None:
            now = Now(0, now.mono_ns + SECOND_NS // 100)
        waits.append(now.mono_ns - began_ns)
        found(mirror, Stream())
    assert waits == sorted(waits)
    assert waits[-1] > 8 * waits[0]
    assert mirror.lag_records == 30


def test_lag_is_by_the_monotonic_clock_and_ends_with_the_answer():
    mirror = going(of(JOURNAL[:10]))
    jumped = Now(-3600 * SECOND_NS, NOW.mono_ns + SECOND_NS)
    assert mirror.lag_ns(jumped) == SECOND_NS
    mirror.on_journal(31, jumped)
    assert mirror.sending(JOURNAL[9].chain, JOURNAL[10:], jumped)
    mirror.on_published(Published("risk", 30), jumped)
    assert mirror.lag_ns(jumped) == 0
    assert mirror.lag_records == 1


def test_a_long_outage_takes_no_memory():
    mirror = going(Stream())
    for seq in range(31, 5_000):
        mirror.on_journal(seq, Now(0, NOW.mono_ns + seq))
    assert len(mirror._moments) <= 1_000
    assert mirror.lag_ns(Now(0, NOW.mono_ns + SECOND_NS)) == SECOND_NS
