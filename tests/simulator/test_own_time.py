"""A market that is played again tells the time that its ticks are of, where that is asked for."""

from tapewire.common.ticks.rows import Row

AT = 1_704_724_200_080_000_001


def trade(ms: int, price: str, symbol: str = "AAPL") -> Row:
    return Row(AT + ms * 1_000_000, symbol, None, None, None, None, price, "1")


def times(client) -> list[str]:
    """The trades and times that a client was sent, in order."""
    return [one[4] for one in client.read(1, 46) if one[3] in ("4", "45")]


def test_the_time_of_a_row_comes_before_its_ticks_once(make_tws):
    tws = make_tws([trade(0, "10"), trade(0, "11"), trade(50, "12")], tells_time=True, speed=20)
    client = tws.client()
    client.subscribe()
    tws.pass_s()
    first, second = "1704724200.080000001", "1704724200.130000001"
    assert times(client) == [first, "10", "11", second, "12"]


def test_a_joiner_is_told_the_time_of_the_current_values(make_tws):
    tws = make_tws([trade(0, "10")], tells_time=True)
    tws.client(1).subscribe()
    tws.pass_s()
    joiner = tws.client(2)
    joiner.subscribe()
    assert times(joiner)[:2] == ["1704724200.080000001", "10"]


def test_at_full_speed_it_is_told_ten_times_per_second(make_tws):
    rows = [trade(ms, str(10 + ms)) for ms in (0, 10, 19, 20, 119)]
    tws = make_tws(rows, tells_time=True, speed=0)
    client = tws.client()
    client.subscribe()
    tws.pass_s()
    first, second = "1704724200.000000000", "1704724200.100000000"
    assert times(client) == [first, "10", "20", "29", second, "30", "129"]


def test_others_are_sent_nothing_that_tws_does_not_send(make_tws):
    tws = make_tws([trade(0, "10")])
    client = tws.client()
    client.subscribe()
    tws.pass_s()
    assert times(client) == ["10"]
