"""Whatever a TWS says of its login, its server and its pace, in whatever order: no order is taken
before everything was listed since the last doubt, none goes twice, nothing piles up, and it ends
READY once TWS behaves."""

from random import Random

import pytest

from tapewire.common.events import ConnectionChanged, ConnectionLost, ConnectionUp, OrderDenied
from tapewire.gateway.broker import BrokerError
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, managed_accounts

LIVE = "U1234567"
ENDS = (
    messages.position_end(), messages.open_order_end(), messages.execution_end(1),
    messages.completed_orders_end(),
)  # fmt: skip
LOSSES, RETURNS, FARMS = (1100, 2110), (1101, 1102), (2104, 2106, 2158)
CODES = (*LOSSES, *RETURNS, *FARMS, 2103, 326, 502, 507, 1300, 100, 100, 321, 201)
REQUEST_IDS = (-1, -1, -1, 0, 1, 900_000_000, 980_000_001)
STEPS_MAX = 150
LATE_NS = 10 * SECOND  # then a list is not waited for


class HostileTws:
    """A gateway, and a TWS that says anything at any time; it knows what it has listed since it
    last cast doubt on that."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.bench = Bench()
        self.version = 157
        self.is_open = True
        self.accounts: tuple[str, ...] = (ACCOUNT,)
        self.orders = 0
        self.lost = 0  # the loss of its server that it has not ended yet
        self.listed = set(range(len(ENDS)))
        self.since_ns = self.bench.now.mono_ns

    # ---- what it may do ----

    def report(self) -> None:
        code, request_id = self.random.choice(CODES), self.random.choice(REQUEST_IDS)
        if self.is_open:
            self._note(code)
        one = messages.error(self.version, request_id, code, "text")
        self.say(*[one] * self.random.choice((1, 1, 1, 300)))

    def tell_accounts(self) -> None:
        told = self.random.choice(((ACCOUNT,), (ACCOUNT, OTHER_ACCOUNT), (LIVE,), ()))
        if LIVE in told or not set(told) <= set(self.accounts):
            self._doubt()
        if told and self.is_open:
            self.accounts = () if LIVE in told else told
        self.say(managed_accounts(*told))

    def tell_id(self) -> None:
        self.say(messages.next_valid_id(self.random.choice((1, 50, 0, -5, 2**31 - 1))))

    def end_a_list(self) -> None:
        place = self.random.randrange(len(ENDS))
        if self.is_open and not self.lost:
            self.listed.add(place)
        self.say(ENDS[place])

    def end_values(self) -> None:
        if self.is_open:
            self.bench.end_values()

    def say_what_cannot_be_read(self) -> None:
        self.say(["5", "1"], ["61", "3", "x"], ["9", "1", "x"], ["15", "1", "A" * 300], ["999"])

    def tell_time(self) -> None:
        self.bench.hangs = self.random.random() < 0.2
        self.say(messages.current_time(self.bench.now.wall_ns))

    def close(self) -> None:
        if self.is_open:
            self.bench.lose()
            self._closed()

    def open(self) -> None:
        if not self.is_open:
            self.is_open, self.version = True, self.random.choice((157, 163, 166, 178))
            self.bench.open()
            self.say([str(self.version), "20261120 10:00:00 UTC"])

    def answer(self) -> None:
        if self.is_open:
            self.listed |= set() if self.lost else set(range(len(ENDS)))
            self.bench.answer_snapshot()

    def wait(self) -> None:
        self.wait_s(self.random.choice((0.01, 0.3, 1, 3, 11)))

    def take_an_order(self) -> None:
        self.orders += 1
        name, now = f"o/{self.orders}", self.bench.now
        is_taken = self.bench.submit(submit(name, expires_ns=now.wall_ns + 30 * SECOND)).accepted
        is_known = len(self.listed) == len(ENDS) or now.mono_ns - self.since_ns > LATE_NS
        assert not is_taken or (is_known and not self.lost), (self.lost, self.listed)
        if self.random.random() < 0.3:
            self.bench.cancel(name)

    STEPS = (
        report, report, report, tell_accounts, tell_id, end_a_list, end_a_list, end_values,
        say_what_cannot_be_read, tell_time, close, open, open, answer, wait, wait, take_an_order,
        take_an_order,
    )  # fmt: skip

    # ---- how it does it ----

    def say(self, *fields: list[str]) -> None:
        try:
            if self.is_open:
                self.bench.receive(*fields)
        except BrokerError as error:
            self._hung_up(str(error))

    def wait_s(self, seconds: float) -> None:
        bench = self.bench
        bench.pass_s(seconds)
        bench.journal += bench.gateway.connection.take_changes(bench.now)
        if reason := bench.broker.overdue(bench.now):
            self._hung_up(reason)

    def _note(self, code: int) -> None:
        if code in LOSSES:
            self._doubt()
            self.lost = 1100 if 1100 in (self.lost, code) else code
        elif code in RETURNS or (code in FARMS and self.lost == 2110):
            self._doubt()
            self.lost = 0

    def _doubt(self) -> None:
        self.listed, self.since_ns = set(), self.bench.now.mono_ns

    def _hung_up(self, reason: str) -> None:
        self.bench.journal += self.bench.gateway.hung_up(reason, self.bench.now)
        self._closed()

    def _closed(self) -> None:
        self._doubt()
        self.is_open, self.lost, self.accounts = False, 0, ()

    # ---- what must hold ----

    def step(self) -> None:
        self.random.choice(self.STEPS)(self)
        self.bench.flush()
        assert self.bench.broker.waiting < 500
        placed = self.bench.placed()
        assert len(placed) == len(set(placed)), "an order went twice"

    def settle(self) -> None:
        """It takes the login, has its server, and answers."""
        bench, bench.hangs = self.bench, False
        for _ in range(100):
            self.wait_s(1)
            if not self.is_open:
                self.is_open, self.version = True, 157
                bench.connect()
            bench.answer_snapshot()
            if bench.gateway.readiness()[0] == "READY":
                return
            self.say(messages.error(self.version, -1, 1102, "back"))
            self.say(messages.next_valid_id(1), managed_accounts(ACCOUNT))
        raise AssertionError(f"{bench.gateway.connection} of {bench.broker}")


@pytest.mark.parametrize("seed", range(60))
def test_a_gateway_outlives_a_hostile_tws(seed: int):
    tws = HostileTws(seed)
    for _ in range(STEPS_MAX):
        tws.step()
    tws.settle()
    journal = tws.bench.journal
    of_line = [
        one for one in journal if isinstance(one, ConnectionChanged | ConnectionLost | ConnectionUp)
    ]
    assert len(of_line) < 2 * STEPS_MAX
    denied = {one.intent_id for one in journal if isinstance(one, OrderDenied)}
    for intent in tws.bench.gateway.orders.by_intent.values():
        assert intent.written is not None or intent.intent_id in denied or intent.live
