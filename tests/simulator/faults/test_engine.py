"""When faults act: at once, at a time, after messages, on an order, by chance; and how often."""

import pytest

from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.catalogue import FAULTS, listing
from tapewire.simulator.faults.entry import GATES, WHEN, Entry
from tapewire.simulator.faults.scenario import scenario_of

FAR = 90


def placed(tws, client_id=1, orders=40):
    """Which of the orders that a client places TWS answers."""
    client = tws.client(client_id)
    for order_id in range(1, orders + 1):
        client.place(order_id, limit=FAR)
    return {int(one[1]) for one in client.read(5)}


def test_a_server_without_faults_has_none_armed(tws):
    assert tws.server.faults.armed() == []


def test_a_fault_acts_once_unless_it_is_told_otherwise(tws, inject):
    inject("swallowed")
    assert placed(tws, 1) == set(range(2, 41))
    inject("swallowed", times=3)
    assert placed(tws, 2) == set(range(4, 41))
    inject("swallowed", times=0)
    assert placed(tws, 3) == set()


def test_the_nth_order_counts_from_when_the_fault_was_injected(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR)
    inject("swallowed", on_order=2)
    for order_id in (2, 3, 4):
        client.place(order_id, limit=FAR)
    assert [one[1] for one in client.read(5)] == ["1", "2", "4"]


def test_a_modify_is_no_new_order(tws, inject):
    client = tws.client()
    inject("swallowed", on_order=2)
    client.place(1, quantity=1, limit=FAR)
    client.place(1, quantity=2, limit=FAR)
    client.place(2, limit=FAR)
    assert {one[1] for one in client.read(5)} == {"1"}


def test_a_chance_is_the_same_for_the_same_seed(make_tws):
    def swallowed(seed):
        tws = make_tws(fault_seed=seed)
        tws.server.faults.inject("swallowed", probability=0.3)
        return placed(tws)

    assert swallowed(1) == swallowed(1)
    assert swallowed(1) != swallowed(2)
    assert 10 < len(swallowed(1)) < 40


def test_a_chance_is_drawn_per_order_for_what_happens_later(make_tws, make_quote):
    tws = make_tws([make_quote(0, "99", "101")])
    tws.client(9).subscribe()
    tws.pass_s(1)
    tws.server.faults.inject("fill_after_cancel", probability=0.4, after_s=0)
    client = tws.client()
    for order_id in range(1, 31):
        client.place(order_id, limit=FAR)
        client.send("4", "1", order_id)
    tws.pass_s(1)
    assert 5 < len(client.read(11)) < 20


def test_a_time_counts_from_the_injection(tws, inject):
    client = tws.client()
    inject("2110", at_s=3)
    tws.pass_s(2)
    assert client.read(4) == []
    tws.pass_s(1)
    assert client.read(4)[0][3] == "2110"


def test_before_anybody_connects_a_time_counts_from_the_first_connection(make_tws):
    tws = make_tws()
    tws.server.faults.inject("2110", at_s=3)
    tws.pass_s(100)
    client = tws.client()
    assert tws.server.next_due_ns() == tws.now_ns + 3 * 10**9
    tws.pass_s(2.9)
    assert client.read(4) == []
    tws.pass_s(0.1)
    assert client.read(4)[0][3] == "2110"


def test_messages_count_both_ways(tws, inject):
    client = tws.client()
    inject("close", after_messages=4)
    client.send("5", "1")  # two messages: the request and its end
    assert tws.closing == []
    client.send("49", "1")
    client.send("49", "1")
    client.read()
    assert tws.closing == [client.conn]


def test_a_connection_can_end_between_two_messages_of_one_answer(tws, inject):
    client = tws.client()
    for order_id in (1, 2, 3):
        client.place(order_id, limit=FAR)
    client.read()
    inject("close", after_messages=4)
    client.send("5", "1")
    assert [int(one[0]) for one in client.read()] == [5, 3, 5]
    assert tws.closing == [client.conn]


def test_what_is_armed_can_be_listed_and_cleared(tws, inject):
    first = inject("swallowed", on_order=5)
    inject("1100", at_s=60, seconds=2)
    inject("reset")  # nobody is connected: it waits
    assert [(one["number"], one["what"]) for one in tws.server.faults.armed()] == [
        (first, "swallowed"), (first + 1, "1100"), (first + 2, "reset"),
    ]  # fmt: skip
    assert tws.server.faults.armed()[1] == {
        "number": first + 1, "what": "1100", "acted": 0, "at_s": 60.0, "seconds": 2.0,
        "restored": 1102, "times_announced": 1,
    }  # fmt: skip
    tws.server.faults.clear()
    assert tws.server.faults.armed() == []


def test_clearing_ends_what_goes_on(tws, inject):
    client = tws.client()
    inject("1100", seconds=60)
    inject("half_open", seconds=60)
    client.send("49", "1")
    client.read()
    tws.server.faults.clear()
    tws.pass_s(0)
    assert [one[3] for one in client.read(4)] == ["1100", "1102"] or client.read(49)


def test_each_act_is_a_line_of_the_audit(tws, inject):
    tws.server.take_audit()
    number = inject("rejected", code=110)
    tws.client().place(1, limit=FAR)
    (line,) = [one for one in tws.server.take_audit() if one["kind"] == "fault"]
    assert line["number"] == number
    assert (line["what"], line["parameters"]["code"]) == ("rejected", 110)


@pytest.mark.parametrize(
    ("what", "given", "sentence"),
    [
        ("half_opne", {}, "'half_opne' is not a known fault; did you mean half_open?"),
        ("half_open", {"secnds": 1}, "half_open.secnds is not known; did you mean seconds?"),
        ("half_open", {"seconds": "long"}, "half_open.seconds is 'long', must be a number"),
        ("half_open", {"seconds": -1}, "half_open.seconds is -1, must be a number >= 0"),
        ("half_open", {"on_order": 0}, "half_open.on_order is 0, must be a whole number >= 1"),
        ("half_open", {"probability": 2}, "half_open.probability is 2, must be a number <= 1"),
        ("half_open", {"at_s": 1, "on_order": 1}, "half_open has at_s and on_order; must have one"),
        ("1100", {"restored": 1103}, "1100.restored"),
        ("late", {"message": "orderStats"}, "late: message is 'orderStats'; did you mean orderSta"),
        ("hand_entered", {}, "hand_entered.symbol is missing"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_was_meant(tws, what, given, sentence):
    with pytest.raises(ConfigError) as refused:
        tws.server.faults.inject(what, **given)
    assert sentence in str(refused.value)
    assert tws.server.faults.armed() == []


def test_no_parameter_has_the_name_of_a_trigger():
    for name, kind in FAULTS.items():
        assert not WHEN & set(kind.__struct_fields__), name
    assert set(GATES) < WHEN


def test_every_fault_says_what_it_does_and_what_to_do():
    for name, kind in FAULTS.items():
        assert kind.does.endswith("."), name
        assert kind.advice.endswith("."), name
    text = "\n".join(listing())
    assert all(f"\n{name}: " in f"\n{text}" for name in FAULTS)


SCENARIO = """
seed = 7

[[faults]]
what = "half_open"
at_s = 2.5
seconds = 40

[[faults]]
what = "rejected"
on_order = 3
"""


def test_a_scenario_file_has_a_table_per_fault():
    found = scenario_of(SCENARIO, "x.toml")
    assert found.seed == 7
    assert all(isinstance(one, Entry) for one in found.entries)
    assert [(one.name, one.when.at_s, one.when.on_order) for one in found.entries] == [
        ("half_open", 2.5, None), ("rejected", None, 3),
    ]  # fmt: skip


def test_a_scenario_is_played(tws):
    tws.server.faults.play(scenario_of(SCENARIO, "x.toml"))
    assert [one["what"] for one in tws.server.faults.armed()] == ["half_open", "rejected"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sed = 1", "x.toml: sed is not a known key; did you mean seed?"),
        ('seed = "1"', "x.toml: seed is '1', must be a whole number"),
        ("[faults]\nwhat = 1", "x.toml: [faults] must be written [[faults]]"),
        ("[[faults]]\nat_s = 1", "x.toml: [[faults]] number 1: what is missing; expected one of"),
        ("[[faults]]\nwhat = 1100", "number 1: what is 1100, must be text in quotes"),
        ('[[faults]]\nwhat = "1100"\n[[faults]]\nwhat = "rest"', "number 2: 'rest' is not a known"),
        ("[[faults]]\nwhat = reset", "x.toml: line 2: what = reset: text must be in quotes"),
    ],
)
def test_a_scenario_that_is_none_is_refused_with_its_place(text, sentence):
    with pytest.raises(ConfigError) as refused:
        scenario_of(text, "x.toml")
    assert sentence in str(refused.value)


def test_an_entry_that_this_tws_cannot_do_is_refused_with_its_number(tws):
    text = '[[faults]]\nwhat = "hand_entered"\nsymbol = "APPL"'
    with pytest.raises(ConfigError, match=r"x\.toml: \[\[faults\]\] number 1: hand_entered: symb"):
        tws.server.faults.play(scenario_of(text, "x.toml"))
