"""A group at a ProjectX that says things twice, late, in another order, in part or not at all, at
random: once that is over, its books are the broker's."""

import random

import pytest

from tapewire.common.events import OrderConflict
from tapewire.virtual.link import VirtualLink
from tests.virtual.test_projectx_world import at_rest, in_soak, trading

HOSTILE_S = 25
SPOILT = 0.45
LISTS = ("orders", "positions", "trades")
KINDS = ("order", "trade", "position", "account")
NOTHING = (None, "x", 1e300, [], {})


class Hostile:
    """Stands between each link and its gateway, and spoils some of what they say. What it keeps
    comes later, for a link answers each question in the end."""

    def __init__(self, seed):
        self.rng, self.say = random.Random(seed), VirtualLink.say
        self.kept, self.is_on, self.spoilt = [], True, 0

    def speak(self, link, **line):
        mine = [one for one in self.kept if one[0] is link]
        if mine and (not self.is_on or self.rng.random() < 0.3):
            one = self.rng.choice(mine)
            self.kept.remove(one)
            self.say(link, **one[1])
        is_spoilt = self.is_on and self.rng.random() < SPOILT
        if is_spoilt and line.get("said") in KINDS:
            self.hub(link, line)
        elif is_spoilt and isinstance(line.get("found"), dict):
            self.answer(link, line, line["found"])
        else:
            self.say(link, **line)

    def hub(self, link, line):
        self.spoilt += 1
        what = self.rng.choice(("twice", "later", "again later", "in part"))
        if what == "in part":
            row = dict(line["about"].get("data", line["about"]))
            name = self.rng.choice(sorted(row.keys() - {"contractId"}))  # any text is another one
            row[name] = self.rng.choice(NOTHING)
            self.say(link, said=line["said"], about={"data": row})
        if what != "later":
            self.say(link, **line)
        if what == "twice":
            self.say(link, **line)
        elif what != "in part":
            self.kept.append((link, line))

    def answer(self, link, line, found):
        self.spoilt += 1
        name = next((one for one in LISTS if one in found), "")
        kinds = ("refused", "null", "a row", "no JSON") if name else ("uncertain",)
        what = self.rng.choice(("later", "a fault", *kinds))
        number = line["n"]
        if what == "later":
            self.kept.append((link, line))
        elif what in ("a fault", "uncertain"):
            self.say(link, n=number, fault="no answer", uncertain=what == "uncertain")
        elif what == "refused":
            self.say(link, n=number, found={"success": False, "errorCode": 1})
        elif what == "no JSON":
            link._out(b'{"n": %d, "found": {"success": true, "x": NaN}}\n' % number)
        else:
            rows = None if what == "null" else [{"id": None}, *found[name]]
            self.say(link, n=number, found={**found, name: rows})


@pytest.mark.parametrize("seed", [1, *in_soak(*range(2, 25))])
def test_after_all_that_the_books_are_the_broker_s(seed, monkeypatch):
    desk = trading(until_s=HOSTILE_S, every=3).run(4)
    hostile = Hostile(seed)

    def say(link, **line):
        hostile.speak(link, **line)

    monkeypatch.setattr(VirtualLink, "say", say)
    desk.run(HOSTILE_S)
    hostile.is_on = False
    at_rest(desk)
    assert hostile.spoilt > 50
    assert not desk.events("gateway-px", OrderConflict)
