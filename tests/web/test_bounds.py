"""What is asked of a console costs a bounded amount, and one thing is changed at a time."""

from collections.abc import Iterator
from typing import Any

import pytest

from tapewire.console.group.changing import changing
from tapewire.console.group.supervisor import Group
from tapewire.console.records.journals import Entry, Reader
from tapewire.web import queries
from tests.console.journaled import EVENTS
from tests.web.site import Site

G = "/api/groups/desk"


def test_no_page_reads_more_of_a_journal_than_its_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, read = site.program("viewer"), []
    whole = Reader.until

    def until(self: Reader, bound_ns: int) -> Iterator[tuple[int, Entry]]:
        for one in whole(self, bound_ns):
            read.append((self.source, one[1].seq))
            yield one

    monkeypatch.setattr(Reader, "until", until)
    monkeypatch.setattr(queries, "READ_MAX", 2)
    assert 0 < len(client.get(f"{G}/events").json()) <= 2 * len(EVENTS)
    old = client.get(f"{G}/trace", params={"id": "0000a.01.01"})
    assert (old.status_code, "`tapewire trace` looks at what is older" in old.text) == (404, True)
    assert client.get(f"{G}/audit").status_code == client.get(f"{G}/days").status_code == 200
    ends = {source: len(events) - 3 for source, events in EVENTS.items()}
    assert all(seq > ends[source] for source, seq in read)


def test_days_are_not_shown_before_all_journals_are_read(site: Site) -> None:
    site.reading.model.is_caught_up = False
    refused = site.program("viewer").get(f"{G}/days")
    assert (refused.status_code, "still being read" in refused.text) == (503, True)


@pytest.mark.parametrize(
    ("action", "parameters"), [("stop", {}), ("start", {}), ("scale", {"count": 2})]
)
def test_two_do_not_change_the_strategies_of_a_group_at_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, action: str, parameters: dict[str, Any]
) -> None:
    monkeypatch.setattr(Group, "is_up", lambda _: True)
    client = site.program("admin")
    wanted = {"action": action, "target": "dip", "parameters": parameters}
    plan = client.post(f"{G}/confirmations", json=wanted).json()
    with changing(site.config.run_dir):
        done = {**wanted, "nonce": plan["nonce"], "typed": plan["typed"]}
        refused = client.post(f"{G}/actions", json=done)
    assert (refused.status_code, "changed at this moment" in refused.text) == (409, True)
