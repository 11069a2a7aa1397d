"""What a far host may send per second."""

from tapewire.relay.allowance import SECOND_NS, Allowance


def passed(allowance: Allowance, number: int, mono_ns: int, host: str = "far") -> int:
    return sum(allowance.takes(host, mono_ns) for _ in range(number))


def test_a_burst_passes_at_once_and_then_so_many_per_second():
    allowance = Allowance(per_second=100, burst=20)
    assert passed(allowance, 1000, 0) == 20
    assert passed(allowance, 1000, SECOND_NS // 10) == 10
    assert passed(allowance, 1000, SECOND_NS // 10) == 0


def test_a_long_pause_earns_no_more_than_a_burst():
    allowance = Allowance(per_second=100, burst=20)
    passed(allowance, 1000, 0)
    assert passed(allowance, 1000, 3600 * SECOND_NS) == 20


def test_little_by_little_is_as_much_as_at_once():
    allowance = Allowance(per_second=100, burst=20)
    passed(allowance, 1000, 0)
    step = SECOND_NS // 1000
    assert 99 <= sum(passed(allowance, 1, step * number) for number in range(1, 1001)) <= 100


def test_hosts_do_not_use_up_each_others():
    allowance = Allowance(per_second=100, burst=20)
    passed(allowance, 1000, 0)
    assert passed(allowance, 1000, 0, "near") == 20
