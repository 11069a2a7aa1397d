"""The door of queries: what may not be asked, and what is too much to be answered."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import ContractRow, ContractsPage, Event, OrderRequest, QueryFailed
from tapewire.common.events.queries import ContractQuery
from tapewire.gateway.query_door import QueryDoor
from tapewire.gateway.query_port import Found
from tests.gateway.asking import Asking

NOW = Now(7, 7)
QUERY = ContractQuery("q1", "AAPL")


class Door:
    def __init__(self, refusal: str = "") -> None:
        asking = Asking()
        self.port, self.dead, self.sent = asking.port, [], []
        self.door = QueryDoor(
            asking.queries, lambda _shown, _query: refusal,
            lambda *letter: self.dead.append(letter), self.sent.append,
        )  # fmt: skip

    def enter(self, event: Event) -> None:
        self.door.enter([b"a", b"token", wire.encode(event)], NOW)
        self.door.tick(NOW)

    def answers(self) -> list[Event]:
        taken = [wire.decode_event(body) for _, body in self.sent]
        self.sent.clear()
        return taken


def test_who_may_not_ask_gets_the_reason_and_nothing_is_asked():
    door = Door("no token")
    door.enter(QUERY)
    assert door.answers() == [QueryFailed(7, "q1", "no token")]
    assert door.port.asked == {}
    assert door.dead[0][:2] == ("queries", "no token")


def test_what_is_no_query_is_a_dead_letter():
    door = Door()
    door.enter(OrderRequest(1, []))
    assert door.dead[0][1] == "order.request is not a query"
    assert door.answers() == []


def test_a_page_that_no_reader_would_take_is_a_failure():
    door = Door()
    door.enter(QUERY)
    row = ContractRow(1, "AAPL", "AAPL", "STK", "SMART", "USD", "1", "0.01", "x" * 1_000_000)
    door.port.reports = [Found(1, (row,) * 10, last=True)]
    door.door.tick(NOW)
    (failed,) = door.answers()
    assert isinstance(failed, QueryFailed)
    assert "10000" in failed.reason


@pytest.mark.parametrize("rows", [0, 1])
def test_an_answer_goes_to_who_asked(rows: int):
    door = Door()
    door.enter(QUERY)
    row = ContractRow(1, "AAPL", "AAPL", "STK", "SMART", "USD", "1", "0.01")
    door.port.reports = [Found(1, (row,) * rows, last=True)]
    door.door.tick(NOW)
    assert [sender for sender, _ in door.sent] == [b"a"]
    assert door.answers() == [ContractsPage(7, "q1", (row,) * rows)]
