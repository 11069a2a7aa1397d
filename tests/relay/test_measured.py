"""Home's time: measured by rounds of questions, through a network that is slow and uneven."""

import random

from tapewire.relay.measured import Measured

MS, S = 1_000_000, 1_000_000_000
AHEAD = 1_700_000_000 * S  # of our monotonic clock


class ANetwork:
    """Rounds through a network that takes the given time there and back, in nanoseconds."""

    def __init__(self, ahead_ns: int = AHEAD) -> None:
        self.measured = Measured()
        self.ahead_ns = ahead_ns
        self.mono_ahead_ns = 40_000 * S
        self.now_ns = 5 * S

    def round(self, there_ns: int, back_ns: int, answering_ns: int = 10_000) -> None:
        received = self.now_ns + there_ns + self.ahead_ns
        back = self.now_ns + there_ns + answering_ns + back_ns
        answered = received + answering_ns
        mono = answered - self.ahead_ns + self.mono_ahead_ns
        self.measured.add(self.now_ns, received, answered, back, mono)
        self.now_ns += S

    @property
    def error_ns(self) -> int:
        best = self.measured.best(self.now_ns)
        assert best is not None
        return abs(best.ahead_ns - self.ahead_ns)

    @property
    def uncertainty_ns(self) -> int:
        best = self.measured.best(self.now_ns)
        assert best is not None
        return best.uncertainty_ns(self.now_ns)


def test_nothing_is_known_before_the_first_round():
    assert Measured().best(0) is None


def test_equal_ways_give_homes_time_exactly():
    network = ANetwork()
    network.round(3 * MS, 3 * MS)
    assert network.error_ns == 0
    assert network.uncertainty_ns >= 3 * MS


def test_the_error_is_never_more_than_the_uncertainty():
    random_ = random.Random(7)
    network = ANetwork()
    for _ in range(200):
        network.round(random_.randrange(50 * MS), random_.randrange(50 * MS))
        assert network.error_ns <= network.uncertainty_ns


def test_one_fast_round_counts_more_than_many_slow_ones():
    network = ANetwork()
    network.round(200_000, 100_000)
    for _ in range(5):
        network.round(80 * MS, 10 * MS)
    assert network.error_ns <= 50_000
    assert network.uncertainty_ns < 1 * MS


def test_a_round_grows_uncertain_with_its_age():
    network = ANetwork()
    network.round(100_000, 100_000)
    young = network.uncertainty_ns
    network.now_ns += 60 * S
    assert network.uncertainty_ns >= young + 5 * MS


def test_a_clock_that_is_set_is_believed_after_one_round():
    network = ANetwork()
    for _ in range(10):
        network.round(100_000, 100_000)
    for step in (3600 * S, -2 * 3600 * S):
        network.ahead_ns += step
        network.round(2 * MS, 1 * MS)
        assert network.error_ns <= network.uncertainty_ns < 10 * MS
    assert network.measured.resets == 2


def test_a_home_that_was_started_again_is_believed_after_one_slow_round():
    network = ANetwork()
    for _ in range(10):
        network.round(100_000, 100_000)
    network.now_ns += 300 * S
    network.mono_ahead_ns -= 40_200 * S
    network.round(70 * MS, 10 * MS)
    best = network.measured.best(network.now_ns)
    assert best is not None
    assert abs(best.mono_ahead_ns - network.mono_ahead_ns) <= best.error_ns
    assert network.measured.resets == 1


def test_a_slow_round_does_not_make_a_good_one_forgotten():
    network = ANetwork()
    network.round(100_000, 100_000)
    network.round(900 * MS, 1 * MS)
    assert (network.error_ns, network.measured.resets) == (0, 0)


def test_a_round_that_cannot_have_been_is_ignored():
    measured = Measured()
    measured.add(100, AHEAD + 110, AHEAD + 90, 200)  # it was answered before it was received
    measured.add(100, AHEAD, AHEAD + 1000, 200)  # and this took longer there than here
    assert measured.best(200) is None
