"""TWS's limit of 50 messages per second, as TWS counts it: by the time at which it reads them.

Between the two lies a line that delays each message by another amount, and a TWS that does not
read for a while and then reads all at once.
"""

import random
from collections import deque

import pytest

from tapewire.common.clock import Now
from tapewire.common.config.tws import TwsConfig
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.gateway.tws.socket import DATA, OPENED
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_bench import fields_of
from tests.gateway.tws_messages import INSTRUMENTS, SECOND, T0, managed_accounts

MS = 1_000_000
CURRENT_TIME = "49"


class CountingTws:
    """Reads what a client sends as late as `delay_ns` says, in order, but not during its stalls."""

    def __init__(self, stalls_ns: list[tuple[int, int]], delay_ns, *, answers: bool = True) -> None:
        self.read_ns: list[int] = []
        self._stalls, self._delay_ns, self._answers = stalls_ns, delay_ns, answers
        self._on_its_way: deque[tuple[int, str]] = deque()
        self._last_ns = 0

    def write(self, data: bytes, now_ns: int) -> None:
        for fields in fields_of(data):
            self._last_ns = max(self._last_ns, now_ns + self._delay_ns())
            for begin_ns, end_ns in self._stalls:
                if begin_ns <= self._last_ns < end_ns:
                    self._last_ns = end_ns
            self._on_its_way.append((self._last_ns, fields[0]))

    def read(self, now_ns: int) -> bytes:
        """Read what has arrived by now; gives the answers."""
        out = b""
        while self._on_its_way and self._on_its_way[0][0] <= now_ns:
            arrived_ns, kind = self._on_its_way.popleft()
            self.read_ns.append(arrived_ns)
            if kind == CURRENT_TIME and self._answers:
                out += frame(messages.current_time(T0 + now_ns))
        return out

    def most_in_a_second(self) -> int:
        window: deque[int] = deque()
        most = 0
        for read_ns in self.read_ns:
            window.append(read_ns)
            while read_ns - window[0] >= SECOND:
                window.popleft()
            most = max(most, len(window))
        return most


def login(rate_max_per_s: int = TwsConfig().rate_max_per_s) -> TwsBroker:
    """An adapter that is logged in, with its outbox empty; no silence makes it doubt its line."""
    broker = TwsBroker(
        INSTRUMENTS.values(), client_id=1, rate_max_per_s=rate_max_per_s, probe_after_ms=10**9
    )
    now = Now(T0, 0)
    broker.take([OPENED], now)
    broker.release(now, lambda _name: "send")
    broker.take([DATA, frame(["157", "20261120 10:00:00 UTC"])], now)
    started = frame(messages.next_valid_id(1)) + frame(managed_accounts("DU1"))
    broker.take([DATA, started], now)
    broker.release(now, lambda _name: "send")
    return broker


def drive(broker: TwsBroker, tws: CountingTws, seconds: int, per_s: int, step_ms: int = 10) -> None:
    """Cancel `per_s` orders in every second; each step, read and write what goes."""
    owed = 0.0
    for now_ns in range(2 * SECOND, (2 + seconds) * SECOND, step_ms * MS):
        now = Now(T0 + now_ns, now_ns)
        if answers := tws.read(now_ns):
            broker.take([DATA, answers], now)
        owed += per_s * step_ms / 1000
        while owed >= 1:
            broker.cancel("1")
            owed -= 1
        tws.write(broker.release(now, lambda _name: "send").data, now_ns)
    tws.read(10**18)


@pytest.mark.parametrize("seed", range(20))
def test_jitter_of_200_ms_never_brings_51_messages_into_one_second(seed: int):
    chance = random.Random(seed)
    tws = CountingTws([], lambda: chance.randrange(200 * MS))
    drive(login(), tws, 10, chance.choice([46, 60, 200]))
    assert tws.most_in_a_second() <= 50
    assert len(tws.read_ns) >= 300  # nine seconds and a first burst: it is still a steady flow


@pytest.mark.parametrize("stall_ms", [300, 900, 1500, 2500])
def test_a_tws_that_stops_reading_for_a_while_is_not_overrun_when_it_reads_again(stall_ms: int):
    begin_ns = 3_150 * MS
    tws = CountingTws([(begin_ns, begin_ns + stall_ms * MS)], lambda: 2 * MS)
    drive(login(), tws, 8, 100)
    assert tws.most_in_a_second() <= 50


def test_a_tws_that_does_not_answer_the_question_for_the_time_is_written_to_all_the_same():
    tws = CountingTws([], lambda: 2 * MS, answers=False)
    drive(login(), tws, 12, 100)
    assert tws.most_in_a_second() <= 50
    assert len(tws.read_ns) >= 150


def test_a_lone_order_leaves_at_once_and_alone():
    broker, tws = login(), CountingTws([], lambda: 0)
    now = Now(T0 + 5 * SECOND, 5 * SECOND)
    broker.cancel("1")
    tws.write(broker.release(now, lambda _name: "send").data, now.mono_ns)
    tws.read(now.mono_ns)
    assert len(tws.read_ns) == 1


def test_a_burst_of_a_seconds_messages_leaves_at_once():
    broker = login()
    now = Now(T0 + 5 * SECOND, 5 * SECOND)
    for _ in range(60):
        broker.cancel("1")
    sent = fields_of(broker.release(now, lambda _name: "send").data)
    assert [fields[0] for fields in sent] == ["4"] * 45 + [CURRENT_TIME]


def test_a_rate_of_0_paces_nothing_and_asks_nothing():
    broker = login(0)
    for _ in range(500):
        broker.cancel("1")
    now = Now(T0 + 5 * SECOND, 5 * SECOND)
    sent = fields_of(broker.release(now, lambda _name: "send").data)
    assert [fields[0] for fields in sent] == ["4"] * 500


def test_nothing_is_released_while_the_socket_has_unsent_bytes():
    broker, now = login(), Now(T0 + 5 * SECOND, 5 * SECOND)
    unsent = True
    broker.flushed = lambda: not unsent
    broker.cancel("1")
    assert broker.release(now, lambda _name: "send").data == b""
    unsent = False
    assert broker.release(now, lambda _name: "send").data != b""
