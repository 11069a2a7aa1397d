"""A program trades by the client, with its example from the docs, while processes are killed."""

import asyncio
import contextlib
import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.client import Client, NameTaken, connect
from tapewire.common.config import settings as configuration
from tapewire.common.events import OrderCancelled, OrderFilled
from tapewire.console.group.supervisor import Group
from tests.markdown import blocks
from tests.pipeline.running import Running
from tests.places import ROOT

CLIENT = ROOT / "docs" / "client.md"
WAIT_S = 30


@pytest.fixture
def options(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A group that trades AAPL and the options of the example, and has no strategy."""
    (block,) = blocks(CLIENT, "toml")
    instruments = [{"symbol": "AAPL"}, *tomllib.loads(block.text)["instruments"]]
    monkeypatch.setenv("TAPEWIRE_INSTRUMENTS", json.dumps(instruments))
    monkeypatch.setenv("TAPEWIRE_STRATEGIES", "[]")
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__RATE_PER_S", "100")
    group = Group(configuration.load())
    group.up()
    try:
        yield Running(group)
    finally:
        if group.is_up():
            group.down()


def test_a_program_trades_while_the_executor_and_the_gateway_are_killed(options: Running):
    asyncio.run(_trade(options))
    _run_the_example()
    assert options.faults_at_the_end() == []


async def _trade(running: Running) -> None:
    async with connect(name="mine") as client:
        await client.ensure_connected(WAIT_S)
        filled: list[OrderFilled] = []
        client.on("order.filled", filled.append, own=True)
        with pytest.raises(NameTaken):
            await connect(name="mine")
        orders = [
            await _bought_over_a_death_of_the_executor(running, client),
            await _bought_a_spread(client),
        ]
        await _history_over_a_death_of_the_gateway(running, client)
        await client.until(lambda: len(filled) == len(orders), WAIT_S)
        assert [event.intent_id for event in filled] == orders
        held = {one.symbol: one.quantity for one in await client.positions()}
        assert sorted(held.values()) == [-1, 1, 5]
        assert client.problems == []
        resting = await client.place_order("AAPL", "BUY", 1, limit_price="1.00")
        assert await client.until(lambda: resting.state == "ACCEPTED", WAIT_S)
    await _find_and_cancel(resting.id)


async def _find_and_cancel(order_id: str) -> None:
    """The next start of a program finds what an earlier one has left working."""
    async with connect(name="mine") as client:
        await client.ensure_connected(WAIT_S)
        (left,) = await client.working_orders()
        assert (left.id, left.symbol) == (order_id, "AAPL")
        cancelled: list[OrderCancelled] = []
        client.on("order.cancelled", cancelled.append, own=True)
        await client.cancel(left.id)
        assert await client.until(lambda: cancelled, WAIT_S)
        assert await client.working_orders() == []


async def _bought_over_a_death_of_the_executor(running: Running, client: Client) -> str:
    """The signal goes to a process that is dead already, and is acted on once by the next one."""
    running.kill_9("executor")
    order = await client.place_order("AAPL", "BUY", 5)
    await order.done(WAIT_S)
    assert (order.state, order.filled) == ("FILLED", 5)
    assert sum(fill.quantity for fill in order.fills) == 5
    return order.intent_id


async def _bought_a_spread(client: Client) -> str:
    chain = await client.subscribe_option_chain("AAPL", expiry="20301220", right="C")
    async for _ in chain:
        if all(option.quote is not None and option.greeks is not None for option in chain):
            break
    spread = await client.place_vertical_spread("AAPL", "20301220", "C", 110, 115, 1, "5")
    await spread.done(WAIT_S)
    assert (spread.state, [fill.side for fill in spread.fills]) == ("FILLED", ["BUY", "SELL"])
    await client.unsubscribe(chain)
    return spread.intent_id


async def _history_over_a_death_of_the_gateway(running: Running, client: Client) -> None:
    """What the dead one was asked, the next one answers; its ticks come again."""
    ticker = await client.subscribe_ticker("AAPL")
    await ticker.first()
    asking = asyncio.create_task(client.history("AAPL", back="600 S", timeout_s=WAIT_S))
    await asyncio.sleep(0)
    running.kill_9("gateway")
    assert await asking
    await client.until(lambda: client.is_connected, WAIT_S)
    async for _ in ticker:
        break
    await client.until(lambda: client.is_connected, WAIT_S)


def _run_the_example() -> None:
    (block,) = blocks(CLIENT, "python")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block.text, block.where, "exec"), {"__name__": "__main__"})
    lines = out.getvalue().splitlines()
    assert [line for line in lines if line.startswith("FILLED 10 ")], out.getvalue()
    assert "CANCELLED" in lines
    assert [line for line in lines if line.startswith("filled: my-program-")]
