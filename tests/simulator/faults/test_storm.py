"""Whatever faults come together, TWS goes on, its books add up, and the same seed does the same."""

import random
from decimal import Decimal

import pytest

from tapewire.simulator.faults.catalogue import FAULTS

NEEDED = {
    "hand_entered": {"symbol": "AAPL"},
    "position": {"symbol": "ZZZ", "quantity": 3},
    "half_open": {"seconds": 3},
    "hang": {"seconds": 2},
    "1100": {"seconds": 2},
    "client_id_taken": {"seconds": 4},
}
STEPS = 250
KINDS = ("place", "place", "rest", "bracket", "group", "modify", "cancel", "ask", "close", "all")


class Storm:
    """Two clients that trade and leave, while faults are drawn at random."""

    def __init__(self, make_tws, make_quote, seed):
        rng = self.rng = random.Random(seed)
        quotes = [
            make_quote(n, f"{99 + rng.random():.2f}", f"{100 + rng.random():.2f}", "500", "500")
            for n in range(STEPS)
        ]
        self.tws = make_tws(quotes, fault_seed=seed)
        self.heard = []
        self.acted = set()
        self.clients = {}
        self.next_id = 1

    def run(self):
        for _ in range(STEPS):
            self.step()
        self.tws.server.faults.clear()
        for _ in range(5):
            self.tws.pass_s(1)
            self.hear()
        return self.tws.server.books()

    def step(self):
        rng = self.rng
        if rng.random() < 0.2:
            name = rng.choice(list(FAULTS))
            when = rng.choice(({}, {"on_order": 2}, {"after_messages": 5}, {"probability": 0.3}))
            self.tws.server.faults.inject(name, **NEEDED.get(name, {}), **when)
        client = self.clients.get(number := rng.choice((1, 2)))
        if client is None:
            client = self.clients[number] = self.tws.connect().start(number)
            client.subscribe()
            client.send("61", "1")
        self.act(client, number)
        if rng.random() < 0.5:
            self.tws.pass_s(rng.choice((0, 0.1, 1)))
        self.hear()

    def act(self, client, number):
        kind = self.rng.choice(KINDS)
        recent = self.rng.randrange(max(1, self.next_id - 4), self.next_id + 1)
        if kind in ("place", "rest"):
            limit = 90 if kind == "rest" else None
            client.place(self.next_id, self.rng.choice(("BUY", "SELL")), 5, limit, ref="r")
            self.next_id += 1
        elif kind == "bracket":
            parent, self.next_id = self.next_id, self.next_id + 3
            client.place(parent, "BUY", 7, ref="b", transmit=0)
            client.place(parent + 1, "SELL", 7, 100, ref="b", parent=parent, transmit=0)
            client.place(parent + 2, "SELL", 7, stop=80, ref="b", parent=parent)
        elif kind == "group":
            for limit in (95, 100.01):
                client.place(
                    self.next_id, "BUY", 5, limit, ocaGroup=f"g{self.rng.randrange(99)}", ocaType=2
                )
                self.next_id += 1
        elif kind == "modify":
            client.place(recent, "BUY", self.rng.randrange(1, 9), 90, ref="r")
        elif kind == "cancel":
            client.send("4", "1", recent)
        elif kind == "ask":
            client.send(self.rng.choice(("5", "16", "49", "17")), "1")
            client.send("7", "3", 1, 0, "", "", "", "", "", "")
        elif kind == "all" and self.rng.random() < 0.2:
            client.send("58", "1")
        elif kind == "close":
            client.close()
            del self.clients[number]

    def hear(self):
        tws = self.tws
        tws.collect()
        self.heard += [(conn, len(data)) for conn, data in tws.inboxes.items()]
        tws.inboxes.clear()
        for conn in tws.closing:
            gone = [n for n, one in self.clients.items() if one.conn == conn]
            for number in gone:
                self.clients.pop(number).close()
        tws.closing = []
        self.acted |= {one["what"] for one in tws.server.take_audit() if one["kind"] == "fault"}


@pytest.mark.parametrize("seed", range(12))
def test_tws_goes_on_and_its_books_add_up(make_tws, make_quote, seed):
    storm = Storm(make_tws, make_quote, seed)
    books = storm.run()
    server = storm.tws.server
    traded = sum((one.signed for one, _ in server._order_handler.executions), Decimal(0))
    assert traded == Decimal(books["accounts"]["DU1234567"]["positions"].get("AAPL", "0"))
    assert len(set(books["exec_ids"])) == books["executions"]
    client = storm.tws.connect().start(77)
    client.send("49", "1")
    storm.tws.pass_s(0)
    assert client.read(49)


def test_every_fault_acts_in_one_of_them(make_tws, make_quote):
    storms = [Storm(make_tws, make_quote, seed) for seed in range(20)]
    for storm in storms:
        storm.run()
    assert set(FAULTS) - set().union(*(storm.acted for storm in storms)) == set()


def test_the_same_seed_does_the_same(make_tws, make_quote):
    first, second = (Storm(make_tws, make_quote, 3) for _ in range(2))
    assert first.run() == second.run()
    assert first.heard == second.heard
    assert Storm(make_tws, make_quote, 4).run() != first.run()
