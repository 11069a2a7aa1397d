"""A stand-in for `project_x_py`, and the link's process run against it in the test's own loop."""

import asyncio
import json
import socket
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType

from tapewire.gateway.projectx import link

WAIT_S = 10
LOGIN = {"api": "a", "user_hub": "u", "market_hub": "m", "user": "trader", "key": "secret"}
ACCOUNTS = [{"id": 1001, "name": "PRAC1"}]


class Uncertain(Exception):
    """Nobody knows whether the request was served."""


class Expired(Exception):
    """The token is over."""


class TooMany(Exception):
    """Too many requests."""


class Behaviour:
    """What the client does. `answers` are futures, exceptions or values by path; a path without one
    is answered at once. `fails` are the methods that raise, each as often as it is listed."""

    def __init__(self):
        self.asked, self.answers, self.fails, self.logins = [], {}, [], 0
        self.silent_s = self.hubs = None
        self.subscribed, self.watched = [], []

    def may_fail(self, name):
        if name in self.fails:
            self.fails.remove(name)
            raise ConnectionError(f"{name} failed at wss://x?access_token=hidden")


def client_class(does):
    """The class of the REST client, which answers as the test says."""

    class ProjectX:
        def __init__(self, user, key, config):
            does.may_fail("init")

        async def authenticate(self):
            does.logins += 1
            does.may_fail("authenticate")

        async def validate_session(self):
            does.may_fail("validate")
            return "invalid" not in does.fails

        def get_session_token(self):
            return "token"

        async def _make_request(self, _method, path, data):
            does.asked.append((path, data))
            if path == "/Account/search":
                return does.answers.get(path, {"success": True, "accounts": ACCOUNTS})
            found = does.answers.get(path, {"success": True, "path": path})
            found = found.pop(0) if isinstance(found, list) else found
            found = await found if isinstance(found, asyncio.Future) else found
            if isinstance(found, Exception):
                raise found
            return found

    return ProjectX


def realtime_class(does):
    """The class of the client of both hubs."""

    class ProjectXRealtimeClient:
        def __init__(self, _token, _account, config):
            self.user_connection = self
            does.hubs = self

        def _hub_silence_age(self, _hub):
            return does.silent_s

        def _ignore(self):
            pass

        _on_user_hub_open = _on_user_hub_close = _ignore
        _on_market_hub_open = _on_market_hub_close = _ignore

        async def add_callback(self, kind, tell):
            does.may_fail("callback")

        async def connect(self):
            does.may_fail("connect")
            self._on_user_hub_open()
            self._on_market_hub_open()
            return "refuse" not in does.fails

        async def subscribe_user_updates(self):
            does.may_fail("subscribe")
            return True

        async def send(self, target, arguments):
            does.subscribed.append((target, *arguments))

        async def subscribe_market_data(self, contracts):
            does.watched.append(("subscribe_market_data", *contracts))
            if "watch" in does.answers:
                await does.answers["watch"]

        async def unsubscribe_market_data(self, contracts):
            does.watched.append(("unsubscribe_market_data", *contracts))

    return ProjectXRealtimeClient


def modules(does):
    """The modules of the client, by their names."""
    contents = {
        "project_x_py": {"ProjectX": client_class(does)},
        "project_x_py.models": {"ProjectXConfig": dict},
        "project_x_py.exceptions": {
            "OrderSubmissionUncertainError": Uncertain, "ProjectXAuthenticationError": Expired,
            "ProjectXRateLimitError": TooMany,
        },
        "project_x_py.realtime": {"ProjectXRealtimeClient": realtime_class(does)},
    }  # fmt: skip
    found = {}
    for name, content in contents.items():
        found[name] = ModuleType(name)
        found[name].__spec__ = ModuleSpec(name, None)
        vars(found[name]).update(content)
    return found


class SlowLoader:
    """Finds the client, and loads it for as long as a test wants. It is a finder of modules."""

    def __init__(self, module):
        self.module, self.begun, self.goes_on = module, threading.Event(), threading.Event()

    def find_spec(self, name, _path=None, _target=None):
        return ModuleSpec(name, self) if name == self.module.__name__ else None

    def create_module(self, _spec):
        return self.module

    def exec_module(self, _module):
        self.begun.set()
        assert self.goes_on.wait(WAIT_S)


class Driven:
    """The link, with a test in the gateway's place."""

    def __init__(self, does):
        self.does = does

    async def __aenter__(self):
        ours, its = socket.socketpair()
        self.process = asyncio.create_task(link.run(its.detach()))
        self.reader, self.writer = await asyncio.open_connection(sock=ours)
        return self

    async def __aexit__(self, *_):
        self.writer.close()
        await asyncio.wait({self.process}, timeout=WAIT_S)
        await asyncio.sleep(0)  # both sockets are closed in the loop's next turn

    def say(self, **line):
        self.writer.write(json.dumps(line).encode() + b"\n")

    def ask(self, number, path, **body):
        self.say(n=number, path=path, body=body)

    async def hear(self, *, alive=False):
        """The next line that is no sign of life, or with `alive` any line; None at the end."""
        async with asyncio.timeout(WAIT_S):
            while line := await self.reader.readline():
                if (found := json.loads(line)) != {"alive": True} or alive:
                    return found
        return None

    async def log_in(self):
        self.say(login=LOGIN)
        assert await self.hear() == {"accounts": ACCOUNTS}
        return self

    async def until_asked(self, *paths):
        async with asyncio.timeout(WAIT_S):
            while [path for path, _ in self.does.asked[1:]] != [*paths]:
                await asyncio.sleep(0)


def drive(monkeypatch, scene, does):
    """Run a scene with the link, whose client does as it is bidden."""
    for name, module in modules(does).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(link, "PYTHON", sys.version_info[:2])

    async def play():
        async with Driven(does) as driven:
            await scene(driven)

    asyncio.run(play())
