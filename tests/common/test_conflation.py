"""A reader that is behind gets the newest quote and trade of each symbol; the rest is counted."""

from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.ticks.conflation import Conflation, Piled


def quote(number: int) -> Quote:
    return Quote("ES", number, 1.0, 1.0, 2.0, 1.0)


def trade(number: int) -> Trade:
    return Trade("ES", number, 1.0, 1.0)


def taken(*messages: list[Tick]) -> tuple[list[Piled], dict[str, int]]:
    piled = Conflation()
    for seq, ticks in enumerate(messages, 1):
        piled.add("ES", f"m/{seq}", ticks)
    return piled.take()


def test_one_message_stays_as_it_is():
    ticks: list[Tick] = [quote(1), quote(2), trade(3)]
    assert taken(ticks) == ([("m/1", ticks)], {})


def test_of_several_the_newest_of_each_kind_stay_in_their_order_and_name_their_tick():
    kept, skipped = taken(
        [quote(1), trade(2)], [quote(3), trade(4), quote(5)], [quote(6), quote(7)]
    )
    assert kept == [("m/2/1", [trade(4)]), ("m/3/1", [quote(7)])]
    assert skipped == {"ES": 5}


def test_what_was_taken_is_gone():
    piled = Conflation()
    piled.add("ES", "m/1", [quote(1)])
    piled.take()
    assert piled.take() == ([], {})


@given(st.lists(st.lists(st.booleans(), max_size=4), min_size=2, max_size=6))
def test_it_keeps_the_newest_and_accounts_for_the_rest(kinds):
    numbers = iter(range(1000))
    pile = [[quote(next(numbers)) if k else trade(next(numbers)) for k in m] for m in kinds]
    kept, skipped = taken(*pile)
    every = [tick for message in pile for tick in message]
    newest = {type(tick): tick for tick in every}
    assert [t for p in kept for t in p.ticks] == sorted(newest.values(), key=lambda t: t.ts_ns)
    assert skipped["ES"] == len(every) - len(newest)
