"""The process that holds the connection to ProjectX: `project-x-py` between two streams of lines.

It is run by path, by an interpreter that has `project-x-py`, and knows nothing of Tapewire: the
gateway decides everything, and this carries it. Each line is a JSON object. From the gateway, over
the descriptor that is its only argument:

    {"login": {...}}                     first: where the Gateway is, and who logs in
    {"connect": [1001]}                  connect to both hubs, for these accounts
    {"watch": ID} {"unwatch": ID}        a contract's market data
    {"n": 7, "path": "/Order/place", "body": {...}}   a request

A request is sent as soon as it is read, and answers come in any order. What changes orders, and
the list of open ones behind that, waits for the answer to the change before it, but not for longer
than `TURN_MAX_S`: a change that nobody answers must not hold up a cancel.

To the gateway: `{"accounts": [...]}`, `{"refused": "..."}`, `{"hub": "user", "up": true}`, what a
hub says (`{"said": "GatewayUserOrder", "args": [...]}`), `{"alive": true}` each second, and the
answer to each request: `{"n": 7, "found": {...}}`, or `{"n": 7, "fault": "...", "uncertain": true}`
where nobody knows whether the request was served; in place of `uncertain`, `limited` or `expired`
where it was not, since there were too many or the token was over. A request that is not answered
within `ANSWER_MAX_S` counts as one without an answer: the Gateway may send one for ever, byte by
byte, and whoever waits for a list of positions has to ask again. Its connection stays with the
Gateway, so after `UNANSWERED_MAX` of them the process ends, and another has none of them.

It ends when the gateway does, when anything in it fails, and when a hub stays away for too long:
the gateway starts another.
"""

import asyncio
import contextlib
import json
import logging
import re
import socket
import sys
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any

PYTHON = (3, 12)
ALIVE_S = 1.0
HUB_AWAY_MAX_S = 15.0
SILENT_AGAIN_S = 300.0
"""How often the hubs are connected again because the market says nothing: whenever the user hub
comes back the gateway asks for everything, and at night nothing trades for hours."""
RENEW_S = 600.0
RENEW_AGAIN_S = 30.0
TURN_MAX_S = 2.0
ANSWER_MAX_S = 10.0
BARS_MAX_S = 60.0
LOGIN_MAX_S = 60.0
UNANSWERED_MAX = 50
RENEWED_S = 5.0
"""Within this time after it was renewed nobody has the token renewed again: each is a request."""
CHANGES = ("/Order/place", "/Order/modify", "/Order/cancel")
IN_TURN = (*CHANGES, "/Order/searchOpen")
BARS = "/History/retrieveBars"
LIMITED = "rate-limited"
EXPIRED = "received 401"
"""In the client's words for a change that the Gateway has turned away. Where they change, such a
change is uncertain again, and looked for."""
UNLIMITED = 1_000_000_000  # the gateway counts requests itself, and before it decides what goes
LINE_MAX = 64 * 1024 * 1024


def lacking() -> str:
    """Why this interpreter cannot be used, in a sentence; empty if it can."""
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        return (
            f"{sys.executable} is Python {running}, and project-x-py needs 3.12 or newer; name such"
            " an interpreter with python in the [[gateways]] entry"
        )
    if find_spec("project_x_py") is None:
        return (
            f"{sys.executable} has no project-x-py; install it with: {sys.executable} -m pip"
            " install 'project-x-py>=4.4,<5', or name another interpreter with python in the"
            " [[gateways]] entry"
        )
    return ""


class Link:
    """One session. `say` writes a line to the gateway."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._client: Any = None
        self._config: Any = None
        self._realtime: Any = None
        self._accounts: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing: asyncio.Task[None] | None = None  # the last change that was read
        self._is_up = {"user": False, "market": False}
        self._watching = asyncio.Lock()
        self._watched: set[str] = set()
        self._again_s: float | None = None  # when the hubs were connected again for being silent
        self._renewing: asyncio.Future[Any] | None = None  # the last time it was
        self._renewing_s = 0.0
        self._unanswered = 0

    def say(self, **found: Any) -> None:
        """Write a line."""
        self._writer.write(json.dumps(found).encode() + b"\n")

    def begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Do something beside everything else. If it fails, all ends: who waits for it in the
        gateway would wait for ever."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        text = re.sub(r"access_token=[^\s&'\"]+", "access_token=***", str(error))
        self.say(refused=f"the process of project-x-py failed: {type(error).__name__} {text}")
        self._writer.close()

    def take(self, line: dict[str, Any]) -> None:
        """Do what the gateway asks for. Nothing is waited for here, for a cancel may come next."""
        if "path" in line:
            path = line["path"]
            before = self._changing if path in IN_TURN else None
            task = self.begin(self._request(line["n"], path, line["body"], before))
            if path in CHANGES:
                self._changing = task
        elif "watch" in line:
            self._watched.add(line["watch"])
            self.begin(self._market("subscribe_market_data", line["watch"]))
        elif "unwatch" in line:
            self._watched.discard(line["unwatch"])
            self.begin(self._market("unsubscribe_market_data", line["unwatch"]))
        elif "login" in line:
            self.begin(self._log_in(line["login"]))
        elif "connect" in line:
            self._accounts = line["connect"]
            self.begin(self._connect())

    # ---- REST ------------------------------------------------------------------------------------

    async def _log_in(self, given: dict[str, str]) -> None:
        # On a busy machine importing the client takes longer than the gateway waits for a sign of
        # life. On a thread it does not keep the loop from giving one.
        await asyncio.to_thread(import_module, "project_x_py")
        from project_x_py import ProjectX
        from project_x_py.models import ProjectXConfig

        self._config = ProjectXConfig(
            api_url=given["api"],
            user_hub_url=given["user_hub"],
            market_hub_url=given["market_hub"],
            requests_per_minute=UNLIMITED,
        )
        self._client = ProjectX(given["user"], given["key"], config=self._config)
        try:
            async with asyncio.timeout(LOGIN_MAX_S):
                await self._client.authenticate()
                found = await self._client._make_request(
                    "POST", "/Account/search", data={"onlyActiveAccounts": True}
                )
            accounts = accounts_of(found)
        except Exception as error:  # noqa: BLE001 - nothing works without a login
            reason = str(error) or f"no answer within {LOGIN_MAX_S:.0f} s"
            self.say(refused=f"the ProjectX Gateway has not taken the login: {reason}")
            return
        self.say(accounts=accounts)
        self.begin(self._renew())

    async def _renew(self) -> None:
        """Get another token in time; requests use it, and the hubs stay as they are."""
        wait_s = RENEW_S
        while True:
            await asyncio.sleep(wait_s)
            try:
                if not await self._client.validate_session():
                    await self._client.authenticate()
            except Exception:  # noqa: BLE001 - the token counts a while longer
                wait_s = RENEW_AGAIN_S
            else:
                wait_s = RENEW_S

    async def _request(
        self, number: int, path: str, body: dict[str, Any], before: "asyncio.Task[None] | None"
    ) -> None:
        """Ask the Gateway. The client's own methods round prices and ask other things first, so
        this is what they all come down to: it says which failures leave an order in doubt."""
        from project_x_py.exceptions import (
            OrderSubmissionUncertainError,
            ProjectXAuthenticationError,
            ProjectXRateLimitError,
        )

        if before is not None:
            await asyncio.wait({before}, timeout=TURN_MAX_S)
        wait_s = BARS_MAX_S if path == BARS else ANSWER_MAX_S
        deadline = asyncio.timeout(wait_s)
        try:
            async with deadline:
                found = await self._ask(path, body, ProjectXAuthenticationError)
        except ProjectXRateLimitError as error:
            self.say(n=number, fault=str(error), limited=True)
        except OrderSubmissionUncertainError as error:
            await self._uncertain(number, str(error))
        except TimeoutError:
            await self._not_answered(number, path, wait_s)
        except Exception as error:  # noqa: BLE001 - each failure is an answer
            self.say(n=number, fault=str(error) or type(error).__name__, uncertain=False)
        else:
            self.say(n=number, found=found)
        if deadline.expired():
            self._give_up()

    async def _not_answered(self, number: int, path: str, wait_s: float) -> None:
        fault = f"it has not answered within {wait_s:.0f} s"
        if path in CHANGES:
            await self._uncertain(number, fault)
        else:
            self.say(n=number, fault=fault, uncertain=False)

    def _give_up(self) -> None:
        """One more connection stays with a Gateway that does not answer."""
        self._unanswered += 1
        if self._unanswered == UNANSWERED_MAX:
            self.say(refused=f"the ProjectX Gateway does not answer: {UNANSWERED_MAX} requests")
            self._writer.close()

    async def _uncertain(self, number: int, fault: str) -> None:
        """The client calls it uncertain whatever became of a change. Where the Gateway has turned
        it away (status 429 or 401), it has not looked at it: it may be sent again."""
        if LIMITED in fault:
            self.say(n=number, fault=fault, limited=True)
            return
        is_expired = EXPIRED in fault
        if not is_expired:
            self.say(n=number, fault=fault, uncertain=True)
        with contextlib.suppress(Exception):  # it may have been the token in any case
            await self._renewed()
        if is_expired:
            self.say(n=number, fault=fault, expired=True)

    async def _renewed(self) -> None:
        """Have the token renewed, once for all who need it: many requests fail at the same time."""
        now_s = asyncio.get_running_loop().time()
        last = self._renewing
        if last is None or (last.done() and now_s - self._renewing_s > RENEWED_S):
            last = asyncio.ensure_future(self._client.authenticate())
            self._renewing, self._renewing_s = last, now_s
        await asyncio.shield(last)

    async def _ask(self, path: str, body: dict[str, Any], expired: type[Exception]) -> Any:
        """Without what the client puts around it: a minute of waiting after too many requests."""
        method = type(self._client)._make_request
        once = getattr(method, "__wrapped__", method)
        try:
            return await once(self._client, "POST", path, data=body)
        except expired:
            await self._renewed()
            return await once(self._client, "POST", path, data=body)

    # ---- hubs ------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._realtime = hubs_of(self, self._client, self._config, self._accounts)
        for kind, target in TARGETS.items():
            await self._realtime.add_callback(kind, self._teller(target))
        if not await self._realtime.connect():
            self.say(refused="the hubs of the ProjectX Gateway do not answer")
            return
        await self._look_after_hubs()

    def _teller(self, target: str) -> Any:
        async def tell(data: Any) -> None:
            self.say(said=target, about=data)

        return tell

    def hub(self, name: str, *, up: bool) -> None:
        """A hub's connection was opened, with all that was subscribed to, or is gone."""
        self._is_up[name] = up
        self.say(hub=name, up=up)

    def may_connect_again(self) -> bool:
        """Whether the market's silence is a reason to connect both hubs again, now. The client
        would do it every few seconds, also where nothing is watched."""
        now_s = asyncio.get_running_loop().time()
        is_soon = self._again_s is not None and now_s - self._again_s < SILENT_AGAIN_S
        if is_soon or not self._watched:
            return False
        self._again_s = now_s
        return True

    async def _look_after_hubs(self) -> None:
        """End if a hub stays away: its client does not come back with another token."""
        away_s = 0.0
        while away_s < HUB_AWAY_MAX_S:
            await asyncio.sleep(1)
            away_s = 0.0 if all(self._is_up.values()) else away_s + 1
        self.say(refused="a hub of the ProjectX Gateway did not come back")
        self._writer.close()

    async def _market(self, method: str, contract_id: str) -> None:
        """One after the other, and beside all else: a hub that reads nothing lets each wait."""
        async with self._watching:
            if self._realtime is not None:
                await getattr(self._realtime, method)([contract_id])


TARGETS = {
    "account_update": "account",
    "order_update": "order",
    "position_update": "position",
    "trade_execution": "trade",
    "quote_update": "quote",
    "market_trade": "market_trade",
}


def accounts_of(found: Any) -> list[Any]:
    """The accounts in the answer to a login; ValueError if it has no list of them."""
    accounts = found.get("accounts") if isinstance(found, dict) else None
    if isinstance(accounts, list) and found.get("success", True):
        return accounts
    reason = found.get("errorMessage") if isinstance(found, dict) else None
    raise ValueError(reason or "its answer has no list of accounts")


def hubs_of(link: Link, client: Any, config: Any, accounts: list[int]) -> Any:
    """The client of both hubs, which tells when they come and go."""
    from project_x_py.realtime import ProjectXRealtimeClient

    class Hubs(ProjectXRealtimeClient):  # type: ignore[misc, unused-ignore]
        """Subscribes to all accounts, not to one."""

        def _on_user_hub_open(self) -> None:
            super()._on_user_hub_open()
            link.begin(self._subscribe_all())

        async def _subscribe_all(self) -> None:
            if not await self.subscribe_user_updates():
                return
            for number in accounts[1:]:
                for subject in ("Orders", "Positions", "Trades"):
                    await self.user_connection.send(f"Subscribe{subject}", [number])
            link.hub("user", up=True)

        def _on_user_hub_close(self) -> None:
            super()._on_user_hub_close()
            link.hub("user", up=False)

        def _on_market_hub_open(self) -> None:
            super()._on_market_hub_open()
            link.hub("market", up=True)

        def _on_market_hub_close(self) -> None:
            super()._on_market_hub_close()
            link.hub("market", up=False)

        def _hub_silence_age(self, hub: str) -> float | None:
            """For how long a hub has been silent, where it is to be connected again for that."""
            age: float | None = super()._hub_silence_age(hub)
            return None if age is None or not link.may_connect_again() else age

    return Hubs(client.get_session_token(), str(accounts[0]), config=config)


async def run(descriptor: int) -> None:
    """Carry lines until the gateway is gone."""
    ours = socket.socket(fileno=descriptor)
    reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_MAX)
    link = Link(writer)
    try:
        if reason := lacking():
            link.say(refused=reason)
            await writer.drain()
            return
        link.begin(_live(link))
        while line := await reader.readline():
            link.take(json.loads(line))
    finally:
        writer.close()


async def _live(link: Link) -> None:
    while True:
        link.say(alive=True)
        await asyncio.sleep(ALIVE_S)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # it would log orders, and the token in a hub's address
    asyncio.run(run(int(sys.argv[1])))
