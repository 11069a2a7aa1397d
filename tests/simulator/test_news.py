"""News: made up, the same in every run, and there for whoever asks later."""

from tests.simulator.conftest import contract_fields

HOUR = 3600


def headlines(client, count=300, newest="", oldest=""):
    client.send(86, 4, 1000, "SIM", newest, oldest, count, "")
    found = client.read(86, 87)
    return found[:-1], found[-1][2]


def test_a_headline_leads_to_its_article(make_tws):
    client = make_tws().client()
    client.send(85)
    assert client.read(85) == [["85", "1", "SIM", "Simulated News"]]
    found, has_more = headlines(client, count=3)
    assert (len(found), has_more) == (3, "1")
    client.send(84, 5, "SIM", found[0][4], "")
    ((_, req_id, kind, text),) = client.read(83)
    assert (req_id, kind) == ("5", "0")
    assert text.startswith(found[0][5])


def test_headlines_are_the_newest_first_and_within_the_times(make_tws):
    client = make_tws().client()
    found, has_more = headlines(client)
    times = [one[2] for one in found]
    assert (times, has_more) == (sorted(times, reverse=True), "1")
    day, _ = headlines(client, newest="2023-11-14 00:00:00.0", oldest="2023-11-13 00:00:00.0")
    assert len(day) == 12
    assert all(one[2].startswith("2023-11-13 ") for one in day)


def test_a_line_with_news_gets_each_headline_as_it_comes(make_tws, make_quote):
    tws = make_tws([make_quote(1, "10", "11")])
    client = tws.client()
    client.send(1, 11, 7, *contract_fields("AAPL"), "0", "mdoff,292", 0, 0, "")
    for _ in range(24):
        tws.pass_s(HOUR / 2)
    live = client.read(84)
    assert len(live) in (5, 6, 7)
    known, _ = headlines(client)
    assert {one[4] for one in live} <= {one[4] for one in known}
    client.send(2, 2, 7)
    tws.pass_s(4 * HOUR)
    assert client.read(84) == []


def test_what_there_is_no_news_about_is_an_error_under_its_id(make_tws):
    client = make_tws().client()
    client.send(84, 5, "SIM", "SIM$nothing", "")
    client.send(86, 6, 1000, "REUTERS", "", "", 10, "")
    client.send(86, 7, 55, "SIM", "", "", 10, "")
    client.send(86, 8, 1000, "SIM", "today", "", 10, "")
    assert client.errors() == [(5, 10172), (6, 10276), (7, 321), (8, 321)]


def test_bulletins_of_today_come_once(make_tws):
    client = make_tws().client()
    client.send(12, 1, 1)
    client.send(12, 1, 0)
    assert [one[2] for one in client.read(14)] == ["1"]
