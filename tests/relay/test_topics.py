"""Topics: each subscribed once at its source, whoever reads it; last values to each new reader."""

from tapewire.relay.topics import Topics

JOIN, LEAVE = b"\x01", b"\x00"
AAPL, MSFT = b"last.AAPL\x00", b"last.MSFT\x00"


def steps(topics: Topics, *frames: bytes) -> list[str]:
    return [topics.changed(frame) for frame in frames]


def test_the_first_reader_subscribes_the_next_is_shown_the_last_values_and_the_last_one_ends_it():
    topics = Topics()
    assert steps(topics, JOIN + AAPL, JOIN + AAPL, JOIN + AAPL) == ["subscribe", "touch", "touch"]
    assert steps(topics, LEAVE + AAPL, LEAVE + AAPL, LEAVE + AAPL) == ["", "", "unsubscribe"]
    assert len(topics) == 0


def test_topics_do_not_know_of_each_other():
    topics = Topics()
    assert steps(topics, JOIN + AAPL, JOIN + MSFT, LEAVE + AAPL) == [
        "subscribe", "subscribe", "unsubscribe",
    ]  # fmt: skip
    assert steps(topics, JOIN + AAPL, JOIN + MSFT) == ["subscribe", "touch"]


def test_a_prefix_is_a_topic_like_any_other_even_the_empty_one():
    assert steps(Topics(), JOIN, JOIN + b"tick.", LEAVE) == [
        "subscribe", "subscribe", "unsubscribe",
    ]  # fmt: skip


def test_a_reader_with_endless_topics_takes_bounded_memory_and_what_others_read_goes_on():
    topics = Topics(topics_max=2)
    assert steps(topics, JOIN + AAPL, JOIN + MSFT) == ["subscribe", "subscribe"]
    made_up = [b"tick.%d" % number for number in range(1000)]
    assert {*steps(topics, *(JOIN + one for one in made_up))} == {"refuse"}
    assert {*steps(topics, *(LEAVE + one for one in made_up))} == {""}
    assert (len(topics), topics.refused) == (2, 1000)
    assert steps(topics, LEAVE + AAPL, JOIN + made_up[0]) == ["unsubscribe", "subscribe"]


def test_what_is_no_subscription_changes_nothing():
    assert steps(Topics(), b"") == [""]


def test_what_a_reader_sends_of_its_own_ends_nobodys_subscription():
    topics = Topics()
    assert steps(topics, JOIN + AAPL, b"\x02" + AAPL, b"x" + AAPL, LEAVE + AAPL) == [
        "subscribe", "", "", "unsubscribe",
    ]  # fmt: skip


def test_a_topic_that_is_too_long_to_be_one_is_not_subscribed():
    topics, endless = Topics(), b"t" * 1_025
    assert steps(topics, JOIN + endless, LEAVE + endless, JOIN + endless[1:]) == [
        "refuse", "", "subscribe",
    ]  # fmt: skip
    assert topics.refused == 1


def test_topics_have_so_many_bytes_in_all_for_each_host():
    topics = Topics(bytes_max=10, hosts=2)
    assert steps(topics, JOIN + b"x" * 15, JOIN + b"y" * 6, JOIN + b"y" * 5) == [
        "subscribe", "refuse", "subscribe",
    ]  # fmt: skip
    assert steps(topics, LEAVE + b"x" * 15, JOIN + b"z" * 15) == ["unsubscribe", "subscribe"]
