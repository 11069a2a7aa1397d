"""Somebody trades in an account by `project-x-py`, and knows nothing of Tapewire.

It is run by an interpreter of its own. Arguments: URL, key, account, contract, and what to do, in
turn: `buy N`, `sell N`, `rest N` (a limit order far below the market), `wait S` (seconds), or
`flat` (wait until the Gateway lists no position and no open order). What the account came to
goes to standard output, as JSON.
"""

import asyncio
import json
import logging
import sys

from project_x_py import ProjectX
from project_x_py.event_bus import EventBus
from project_x_py.models import ProjectXConfig
from project_x_py.order_manager import OrderManager

SIDES = {"buy": 0, "sell": 1}
LIMIT, FAR = 1, 1000.0
EVERY_S, WAIT_S = 2, 60  # whoever asks uses up the limit of all


async def is_flat(client, orders):
    """Orders are asked about first: what fills between the two is a position then."""
    return not (await orders.search_open_orders() or await client.search_open_positions())


async def act(client, orders, contract_id, words):
    while words:
        word = words.pop(0)
        if word in SIDES:
            await orders.place_market_order(contract_id, SIDES[word], int(words.pop(0)))
        elif word == "rest":
            size = int(words.pop(0))
            await orders.place_order(contract_id, LIMIT, SIDES["buy"], size, limit_price=FAR)
        elif word == "wait":
            await asyncio.sleep(float(words.pop(0)))
        else:
            while not await is_flat(client, orders):
                await asyncio.sleep(EVERY_S)


async def main(url, key, account, contract_id, *words):
    config = ProjectXConfig(
        api_url=f"{url}/api", user_hub_url=f"{url}/hubs/user",
        market_hub_url=f"{url}/hubs/market", requests_per_minute=1_000,
    )  # fmt: skip
    async with ProjectX("trader", key, account_name=account, config=config) as client:
        await client.authenticate()
        orders = OrderManager(client, EventBus())
        await act(client, orders, contract_id, list(words))
        trades = await client.search_trades()
        print(json.dumps({"trades": [[one.side, one.size] for one in trades]}))


logging.disable(logging.CRITICAL)
asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), WAIT_S))
