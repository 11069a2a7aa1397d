"""What the unmodified `project-x-py` says of orders that a Gateway turns away at its door.

It is run by an interpreter of its own. URL is the first argument; the Gateway answers the first
order with status 429, and takes no token any more from the second on.
"""

import asyncio
import json
import logging
import sys

from project_x_py import ProjectX
from project_x_py.exceptions import OrderSubmissionUncertainError
from project_x_py.models import ProjectXConfig

ORDER = {"accountId": 1001, "contractId": "CON.F.US.MNQ.Z26", "type": 2, "side": 0, "size": 1}


async def main(url):
    config = ProjectXConfig(
        api_url=f"{url}/api", user_hub_url=f"{url}/hubs/user",
        market_hub_url=f"{url}/hubs/market", requests_per_minute=1_000,
    )  # fmt: skip
    found = []
    async with ProjectX("trader", "simulated-key", config=config) as client:
        await client.authenticate()
        once = type(client)._make_request.__wrapped__
        for tag in ("a", "b"):
            try:
                await once(client, "POST", "/Order/place", data={**ORDER, "customTag": tag})
            except OrderSubmissionUncertainError as error:
                found.append(str(error))
        await client.authenticate()
        orders = await once(client, "POST", "/Order/search", data={"accountId": 1001})
    print(json.dumps([*found, len(orders["orders"])]))


logging.disable(logging.CRITICAL)
asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
