"""A session of the unmodified `project-x-py`: what it sees goes to standard output, as JSON.

It is run by an interpreter of its own, which need not know Tapewire. URL is the first argument.
"""

import asyncio
import json
import logging
import sys
from collections import Counter

from project_x_py import ProjectX
from project_x_py.event_bus import EventBus
from project_x_py.exceptions import ProjectXOrderError
from project_x_py.models import ProjectXConfig
from project_x_py.order_manager import OrderManager
from project_x_py.position_manager import PositionManager
from project_x_py.realtime import ProjectXRealtimeClient

KINDS = (
    "quote_update", "market_trade", "market_depth", "order_update", "position_update",
    "trade_execution", "account_update",
)  # fmt: skip
BUY, SELL, LIMIT = 0, 1, 1


class Seen:
    """What came over both hubs."""

    def __init__(self):
        self.counts, self.newest, self.statuses = Counter(), {}, []

    def listen(self, kind):
        async def take(found):
            self.counts[kind] += 1
            self.newest[kind] = found["data"]
            if kind == "order_update":
                self.statuses.append(found["data"]["status"])

        return take

    async def until(self, kind, count):
        while self.counts[kind] < count:
            await asyncio.sleep(0.01)


async def look(client, found):
    found["ping"] = await client.ping()
    instrument = await client.get_instrument("MNQ")
    found["instrument"] = [instrument.id, instrument.name, instrument.tickSize]
    bars = await client.get_bars("MNQ", days=1, interval=5)
    found["bars"] = len(bars)
    found["names"] = [one.name for one in await client.search_instruments("M")]
    return instrument.id


async def connect(client, config, contract_id):
    realtime = ProjectXRealtimeClient(
        client.get_session_token(), str(client.account_info.id), config=config
    )
    seen = Seen()
    for kind in KINDS:
        await realtime.add_callback(kind, seen.listen(kind))
    assert await realtime.connect()
    assert await realtime.subscribe_user_updates()
    assert await realtime.subscribe_market_data([contract_id])
    await seen.until("quote_update", 1)
    return realtime, seen


async def rest(client, orders, contract_id, bid, found):
    """A limit order: placed, modified, refused a second time, cancelled."""
    price = bid - 50
    placed = await orders.place_order(
        contract_id, LIMIT, BUY, 2, limit_price=price, custom_tag="intent-1"
    )
    found["modified"] = await orders.modify_order(placed.orderId, limit_price=price - 1, size=3)
    [waiting] = await orders.search_open_orders()
    found["waiting"] = [waiting.size, waiting.limitPrice - bid, waiting.customTag]
    try:
        await orders.place_order(
            contract_id, LIMIT, BUY, 2, limit_price=price, custom_tag="intent-1"
        )
    except ProjectXOrderError as error:
        found["again"] = str(error)
    found["cancelled"] = await orders.cancel_order(placed.orderId)
    found["open"] = len(await orders.search_open_orders())


async def trade(client, orders, contract_id, seen, found):
    """Market orders there and back, the second half by the position's own endpoints."""
    positions = PositionManager(client, EventBus())
    await orders.place_market_order(contract_id, BUY, 3)
    await seen.until("position_update", 1)
    held = await client.search_open_positions()
    found["held"] = [[one.signed_size, one.averagePrice > 0] for one in held]
    await positions.partially_close_position(contract_id, 1)
    await positions.close_position_direct(contract_id)
    await seen.until("position_update", 3)
    found["left"] = len(await client.search_open_positions())
    trades = await client.search_trades()
    found["trades"] = [[one.side, one.size, one.profitAndLoss is None] for one in trades]
    [account] = await client.list_accounts()
    earned = sum((one.profitAndLoss or 0) - one.fees for one in trades)
    changed = account.balance - client.account_info.balance
    found["paid"] = [all(one.fees > 0 for one in trades), abs(changed - earned) < 0.01]
    found["last"] = seen.newest["position_update"]["size"]


async def main(url):
    config = ProjectXConfig(
        api_url=f"{url}/api", user_hub_url=f"{url}/hubs/user",
        market_hub_url=f"{url}/hubs/market", requests_per_minute=1_000,
    )  # fmt: skip
    found = {}
    async with ProjectX("trader", "simulated-key", config=config) as client:
        await client.authenticate()
        found["account"] = [client.account_info.id, client.account_info.name]
        contract_id = await look(client, found)
        realtime, seen = await connect(client, config, contract_id)
        orders = OrderManager(client, EventBus())
        bid = seen.newest["quote_update"]["bestBid"]
        await rest(client, orders, contract_id, bid, found)
        await trade(client, orders, contract_id, seen, found)
        await seen.until("market_trade", 1)
        await seen.until("market_depth", 1)
        await realtime.cleanup()
        found["statuses"] = seen.statuses
        found["counts"] = dict(seen.counts)
    print(json.dumps(found))


logging.disable(logging.CRITICAL)
asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
