"""A follower that remembers its source: nothing is taken before the source has confirmed it."""

import pytest

from tapewire.common.bus.streams import Follower, JournaledStream
from tapewire.common.events import (
    CatchUp,
    Heartbeat,
)
from tapewire.common.runtime.journal import Head
from tapewire.common.runtime.memory_journal import MemoryJournal
from tests.common.following import Pair, at, numbers


def restarted(pair: Pair) -> Pair:
    """A new start of the reader, which has nothing yet."""
    pair.follower = Follower("risk")
    pair.got.clear()
    return pair


def head(pair: Pair, seq: int, chain: str | None = None) -> Head:
    """A record of the source's journal; with another `chain`, of another journal."""
    return Head(seq, pair.journal.chain_at(seq) if chain is None else chain)


def remembering(pair: Pair, seq: int, chain: str | None = None) -> Pair:
    """A new start of the reader, which remembers that record of the source's journal."""
    restarted(pair).follower.remember(head(pair, seq, chain))
    return pair


def test_what_was_remembered_is_confirmed_before_any_event_is_given() -> None:
    pair = Pair()
    pair.publish(3)
    remembering(pair, 2)
    pair.hear(pair.beat())
    pair.hear(pair.publish())
    assert (pair.got, pair.follower.trusted, pair.follower.caught_up) == ([], False, False)
    question = pair.follower.request(at(0))
    assert question == CatchUp(1, 1, known_seq=2)
    pair.hear_reply(pair.stream.answer(question))
    assert pair.follower.trusted
    assert pair.follower.caught_up
    assert pair.has_all()


def test_an_answer_to_another_question_confirms_nothing() -> None:
    pair = Pair()
    pair.publish(3)
    remembering(pair, 2)
    pair.hear(pair.beat())
    pair.hear_reply(pair.stream.answer(CatchUp(1, 1)))
    assert (pair.got, pair.follower.trusted, pair.follower.fault) == ([], False, "")


def test_a_reader_that_has_all_of_the_past_still_asks_for_its_confirmation() -> None:
    pair = Pair()
    pair.publish(3)
    remembering(pair, 3).follower.next_seq = 4
    assert pair.follower.request(at(0)) is None, "nobody is there yet"
    pair.hear(pair.beat())
    assert not pair.follower.caught_up
    pair.settle(0)
    assert pair.follower.caught_up


def test_a_source_that_ends_before_what_was_remembered_is_a_fault() -> None:
    pair = Pair()
    pair.publish(3)
    remembering(pair, 4, "x")
    pair.hear(pair.beat())
    assert pair.follower.fault.startswith("risk's journal ends at record 3, but 4 were seen")
    assert pair.ask() is None


@pytest.mark.parametrize("also", [0, 40])
def test_a_source_with_another_past_is_a_fault_however_much_it_has_since(also: int) -> None:
    pair = Pair()
    pair.publish(3)
    remembering(pair, 3, "another")
    if also:
        pair.publish(also)
    pair.hear(pair.beat())
    pair.settle(0)
    assert pair.follower.fault.startswith("risk's journal has another record 3 than was seen")
    assert pair.got == []


def test_a_source_that_calls_its_own_journal_damaged_is_believed_at_once() -> None:
    pair = Pair()
    pair.hear(pair.publish(2))
    beat = Heartbeat(1, "HALTED", "x", 0, "", fault="record 3 is not as it was written")
    pair.hear(JournaledStream("risk", "e2", MemoryJournal()).heartbeat(beat)[1])
    assert pair.follower.fault == "record 3 is not as it was written"
    pair.hear(pair.publish())
    assert numbers(pair.got) == [1, 2], "nothing of it is taken any more"


# ---- a checkpoint -------------------------------------------------------------------------------


def beginning(pair: Pair, seq: int, chain: str | None = None) -> Pair:
    """A new start of the reader, with a checkpoint up to that record of the source's journal."""
    restarted(pair).follower.begin(head(pair, seq, chain))
    return pair


def test_a_reader_with_a_checkpoint_gets_what_came_after_it() -> None:
    pair = Pair()
    pair.publish(5)
    beginning(pair, 3).settle(0)
    assert numbers(pair.got) == [4, 5]
    pair.hear(pair.publish())
    assert numbers(pair.got) == [4, 5, 6]


def test_the_checkpoint_and_what_was_remembered_are_both_confirmed_at_once() -> None:
    pair = Pair()
    pair.publish(5)
    beginning(pair, 3).follower.remember(head(pair, 4))
    pair.settle(0)  # in no time: the second question does not wait for a retry
    assert pair.follower.trusted
    assert numbers(pair.got) == [4, 5]


@pytest.mark.parametrize("wrong", [3, 4])
def test_a_source_that_holds_one_of_them_and_not_the_other_is_a_fault(wrong: int) -> None:
    pair = Pair()
    pair.publish(5)
    chains = {seq: "x" if seq == wrong else pair.journal.chain_at(seq) for seq in (3, 4)}
    beginning(pair, 3, chains[3]).follower.remember(Head(4, chains[4]))
    pair.settle(0)
    assert pair.follower.fault.startswith(f"risk's journal has another record {wrong} than was")
    assert pair.got == []


def test_a_source_that_ends_before_the_checkpoint_is_a_fault() -> None:
    pair = Pair()
    pair.publish(3)
    beginning(pair, 4, "x")
    pair.hear(pair.beat())
    assert pair.follower.fault.startswith("risk's journal ends at record 3, but 4 were seen")


def test_a_source_without_a_journal_is_followed_from_its_first_record() -> None:
    pair = beginning(Pair(), 0, "")
    pair.publish(2)
    pair.settle(0)
    assert numbers(pair.got) == [1, 2]
