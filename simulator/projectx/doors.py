"""The doors of the Gateway: who may ask what, how often, and what is not a request at all."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tapewire.simulator.projectx import signalr
from tapewire.simulator.projectx.answers import BAD_CREDENTIALS, Refusal, done, refused
from tapewire.simulator.projectx.line import Asked
from tapewire.simulator.projectx.lookups import Endpoints
from tapewire.simulator.projectx.pace import Window
from tapewire.simulator.projectx.settings import GatewaySettings
from tapewire.simulator.projectx.tokens import Tokens
from tapewire.simulator.projectx.words import Json

API: Final = "/api"
NEGOTIATE: Final = "/negotiate"
HISTORY: Final = "/History/retrieveBars"
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


class Reply(msgspec.Struct, frozen=True):
    """An answer: its status, 0 for none at all, its body and its headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Doors:
    """Lets requests in that have a token and are not too many, and answers them."""

    def __init__(self, settings: GatewaySettings, endpoints: Endpoints) -> None:
        self._settings = settings
        self.tokens = Tokens(settings.secret, settings.token_s)
        self._endpoints = endpoints
        self._history = Window(settings.history)
        self._others = Window(settings.others)
        self._negotiated = 0

    def path_of(self, asked: Asked) -> tuple[str, bool]:
        """The path of a request below the API, or a hub's own and true."""
        path = asked.path
        return (path, True) if path.endswith(NEGOTIATE) else (path.removeprefix(API), False)

    def serve(self, asked: Asked, now_ns: int) -> Reply:
        """Answer a request."""
        path, is_hub = self.path_of(asked)
        if path == "/Status/ping":
            return Reply(200, msgspec.json.encode("pong"), JSON)
        if asked.method != "POST":
            return Reply(405, b"")
        if path == "/Auth/loginKey":
            return self._login(asked, now_ns)
        user = self.tokens.user_of(asked.token, now_ns)
        if not user:
            return Reply(401, b"")
        return self._negotiate() if is_hub else self._serve_user(user, path, asked.body, now_ns)

    def _serve_user(self, user: str, path: str, body: bytes, now_ns: int) -> Reply:
        window = self._history if path == HISTORY else self._others
        if wait_s := window.wait_s(now_ns):
            return Reply(429, b"", {"Retry-After": str(wait_s)})
        if path == "/Auth/validate":
            return _found(done(newToken=self.tokens.make(user, now_ns)))
        return _found(done()) if path == "/Auth/logout" else self._ask(path, body)

    def _negotiate(self) -> Reply:
        self._negotiated += 1
        return _found(signalr.negotiated(f"connection-{self._negotiated}"))

    def _login(self, asked: Asked, now_ns: int) -> Reply:
        given = _object(asked.body)
        if given is None:
            return Reply(400, b"")
        if (given.get("userName"), given.get("apiKey")) != (
            self._settings.user, self._settings.key,
        ):  # fmt: skip
            text = "The user name or the key is wrong."
            return _found({**refused(Refusal(BAD_CREDENTIALS, text)), "token": None})
        return _found(done(token=self.tokens.make(self._settings.user, now_ns)))

    def _ask(self, path: str, body: bytes) -> Reply:
        endpoint, asked = self._endpoints.get(path), _object(body)
        if endpoint is None:
            return Reply(404, b"")
        if asked is None:
            return Reply(400, b"")
        try:
            return _found(endpoint(asked))
        except Refusal as refusal:
            return _found(refused(refusal))


def _found(found: Json) -> Reply:
    return Reply(200, msgspec.json.encode(found), JSON)


def _object(body: bytes) -> Json | None:
    """The object in a body; None for one that has none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
