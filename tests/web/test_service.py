"""The console's service: reads and publishes, and one group's fault costs that group alone."""

from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from tapewire.common.bus.transport import Inbound
from tapewire.common.runtime.prometheus import PrometheusView
from tapewire.web.hub import Hub
from tapewire.web.service import WebService
from tests.web.site import Site, StoppedClock


class NoSockets:
    """Brings nothing and takes nothing."""

    emptied = True

    def poll(self, timeout_ms: int) -> list[Inbound]:
        return []

    def send(self, channel: str, frames: Any) -> bool:
        return False


class NoServer:
    """A port that is taken."""

    is_serving = False
    fault = "no page: port 8420 is taken; set web.port, or end who has it"
    tries = 0

    def try_start(self) -> bool:
        self.tries += 1
        return False

    def stop(self) -> None:
        pass


class Broken:
    """A group of which nothing can be read."""

    name = "broken"

    def look(self, _now: object) -> None:
        raise KeyError("trading")

    def close(self) -> None:
        pass


def service(readings: list[Any], hub: Hub, clock: StoppedClock, server: NoServer) -> WebService:
    return WebService(
        readings, hub, server, Lock(), NoSockets(), clock,  # type: ignore[arg-type]
        epoch="e", url="http://127.0.0.1:8420", wait=clock.pass_s,
    )  # fmt: skip


def test_what_is_wrong_with_one_group_costs_it_alone(tmp_path: Path) -> None:
    site, hub = Site(tmp_path), Hub(5)
    one = service([Broken(), site.reading], hub, site.clock, NoServer())
    one.turn(100)
    assert hub.tables("desk")["orders"]
    assert "reading" not in hub.tables("desk")["warnings"]
    assert [letter.origin for letter in one.dead_letters] == ["group broken"]


def test_a_group_that_cannot_be_read_says_so_and_is_there_to_be_halted(tmp_path: Path) -> None:
    site, hub = Site(tmp_path), Hub(5)
    one = service([Broken(), site.reading], hub, site.clock, NoServer())
    for _ in range(3):
        one.turn(100)
    assert hub.groups == ["broken", "desk"]
    warning = hub.tables("broken")["warnings"]["reading"]
    assert warning["level"] == "bad"
    assert hub.tables("broken")["desk"]["trading"]["state"] == "UNKNOWN"
    assert "what is shown of it is old: KeyError('trading')" in warning["text"]


def test_a_port_that_is_taken_is_a_reason_and_is_tried_again(tmp_path: Path) -> None:
    site, server = Site(tmp_path), NoServer()
    one = service([site.reading], Hub(5), site.clock, server)
    for _ in range(100):
        one.turn(100)
    assert one.readiness(site.clock.now()) == ("READY", server.fault)
    assert 1 < server.tries <= 3
    assert one.detail()["url"] == ""


def test_what_each_strategy_of_the_own_group_has_earned_is_shown_to_prometheus(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    one = service([site.reading, Broken()], Hub(5), site.clock, NoServer())
    shown = {found.name: found.samples for found in PrometheusView(one.metrics, "web").collect()}
    realised, paid = (
        {tuple(v for k, v in sample.labels.items() if k != "process"): sample.value
         for sample in shown[f"tapewire_strategy_{name}"]}
        for name in ("realised_pnl", "commission")
    )  # fmt: skip
    rows = site.hub.tables("desk")["strategies"]["dip"]["total"]
    assert set(realised) == set(paid) == {("dip", "USD"), ("", "USD")}
    assert realised["dip", "USD"] == float(rows["USD"]["realised"])
    assert paid["dip", "USD"] == float(rows["USD"]["commission"]) > 0


def test_it_publishes_four_to_ten_times_per_second(tmp_path: Path) -> None:
    site, hub = Site(tmp_path), Hub(5)
    one, seen = service([site.reading], hub, site.clock, NoServer()), []
    for _ in range(200):  # turns of 50 ms: ten seconds
        one.turn(50)
        seen.append(hub.seen_ns)
    assert 40 <= len(set(seen)) <= 100


def test_what_a_turn_computes_keeps_no_page_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, hub = Site(tmp_path), Hub(5)
    monkeypatch.setattr(site.reading, "look", lambda _now: site.clock.pass_s(0.01))
    one, seen = service([site.reading], hub, site.clock, NoServer()), set()
    began_ns = site.clock.mono_ns()
    while site.clock.mono_ns() < began_ns + 10_000_000_000:
        one.turn(50)
        seen.add(hub.seen_ns)
    assert len(seen) >= 70, "one per 125 ms, and what one look has taken"
