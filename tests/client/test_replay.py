"""Past events for a program's callbacks."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tapewire.client import replay
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event
from tests.client.bench import Bench, on_a_loop
from tests.console.journaled import EVENTS, MS, T0, order, write

BEGAN = datetime.fromtimestamp(T0 / 1e9, UTC)
LATER = BEGAN + timedelta(hours=1)


@pytest.fixture
def traded(tmp_path):
    """A run directory with the journals of a short session."""
    (tmp_path / "journals").mkdir()
    for source, events in EVENTS.items():
        write(tmp_path, source, events)
    return tmp_path


def of(bench: Bench, traded) -> Bench:
    """The bench's client, at that run directory."""
    bench.client._config = bench.client._config.model_copy(update={"run_dir": traded})
    return bench


@on_a_loop
async def test_past_events_come_in_order_to_those_who_want_them(bench: Bench, traded, monkeypatch):
    monkeypatch.setattr(replay, "PIECE", 3)
    got: list[Event] = []
    halts: list[Event] = []
    handlers = {"order.*": got.append, "execution.*": got.append, "risk.halted": halts.append}
    count = await of(bench, traded).client.replay(handlers, to=LATER)
    assert (halts, count) == (EVENTS["risk"], len(got) + 1)
    of_both = [*EVENTS["gateway"], *EVENTS["executor"]]
    names = ("order.", "execution.")
    wanted = [one for one in of_both if one.__struct_config__.tag.startswith(names)]
    assert len(got) == len(wanted), "what the liquidation gateway reports too comes once"
    assert [one.ts_ns for one in got] == sorted(one.ts_ns for one in wanted)


@on_a_loop
async def test_a_span_and_a_name_narrow_it_down(bench: Bench, traded):
    mine = order(7, 55, strategy="mine")
    write(traded, "executor", [type(EVENTS["executor"][0])(T0 + 300 * MS, "mine-e1-1", mine)])
    got: list[Event] = []
    client = of(bench, traded).client
    since, to = BEGAN + timedelta(milliseconds=50), "2026-11-20T11:32:18.102"
    await client.replay({"order.*": got.append}, since=since, to=to)
    assert [(one.ts_ns - T0) // MS for one in got] == [60, 100, 101, 102]
    got.clear()
    await client.replay({"*": got.append}, to=LATER, own=True)
    assert [one.signal_id for one in got] == ["mine-e1-1"]


@on_a_loop
async def test_each_event_is_taken_before_the_next_comes_and_what_is_raised_costs_one(
    bench: Bench, traded, caplog
):
    got: list[str] = []

    async def slow(event: Event) -> None:
        got.append("begin")
        await asyncio.sleep(0)
        got.append("end")

    def raising(_event: Event) -> None:
        raise RuntimeError("no")

    client = of(bench, traded).client
    assert await client.replay({"execution.*": slow, "execution.reported": raising}, to=LATER) == 3
    assert got == ["begin", "end"] * 3
    assert len(client.problems) == 3
    assert "raising raised RuntimeError('no') on Fill(" in caplog.text


@on_a_loop
async def test_what_cannot_be_is_refused_before_anything_is_given(bench: Bench, traded):
    client = of(bench, traded).client
    with pytest.raises(ValueError, match="is not the name of a journaled event"):
        await client.replay({"order.fild": print})
    with pytest.raises(ConfigError, match="since is 'noon', must be a time in UTC"):
        await client.replay({"*": print}, since="noon")
    with pytest.raises(ConfigError, match="which has no zone"):
        await client.replay({"*": print}, to=datetime(2026, 11, 20))
    with pytest.raises(_Left):
        await client.replay({"*": _leave}, to=LATER)
    assert not [one for one in _threads() if "tapewire-replay" in one]


class _Left(BaseException):
    pass


def _leave(_event: Event) -> None:
    raise _Left


def _threads() -> list[str]:
    return [one.name for one in threading.enumerate()]
