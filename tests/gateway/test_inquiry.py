"""When the broker is asked next about what is in doubt."""

from tapewire.gateway.orders.inquiry import DISTANCE_MAX_NS, Inquiry

SECOND = 1_000_000_000


def next_looks(count: int) -> list[float]:
    """How long after each of so many looks the next is due, in seconds, while an order stays in
    doubt."""
    one, now_ns, waits = Inquiry(SECOND), 0, []
    for _ in range(count):
        one.asking()
        one.concluded(["s/1"], [], now_ns)
        begun_ns = now_ns
        while not one.due(now_ns):
            now_ns += SECOND
        waits.append((now_ns - begun_ns) / SECOND)
    return waits


def test_the_next_look_is_twice_as_far_away_each_time():
    waits = next_looks(12)
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == DISTANCE_MAX_NS / SECOND
