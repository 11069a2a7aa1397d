"""The application: HTTP around a console, by Starlette.

Every request, whatever its path, passes `Gate` first: it looks at who sends it and from where, and
gives every answer its headers. What a route does runs on a thread, since it reads files and waits
for other processes (see `tapewire.web.lanes`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as Routed
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tapewire.common.errors import TapewireError
from tapewire.console.group.line import NoAnswer
from tapewire.console.manual import NotAnswered
from tapewire.web import hub as hubs
from tapewire.web import openapi, pages
from tapewire.web.access import Principal, Refused
from tapewire.web.console import Console
from tapewire.web.guard import BODY_MAX_BYTES, HEADERS, JSON, STRICT_TRANSPORT
from tapewire.web.lanes import Lanes
from tapewire.web.routes import ROUTES, Asked, Route

BEAT_S: Final = 1.0
CLOSED: Final = ("/api/",)
"""What begins so is for those who are logged in."""
OPEN: Final = ("/api/session",)
"""Where one logs in."""

Handler = Callable[[Request], Awaitable[Response]]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a login is begun with: a one-time code or a token."""

    code: str = ""
    token: str = ""


def application(console: Console) -> ASGIApp:
    """The whole of it."""
    server = _Server(console)
    routes = [
        Routed("/api/session", server.log_in, methods=["POST"]),
        Routed("/api/session/end", server.log_out, methods=["POST"]),
        Routed("/api/codes", server.issue_code, methods=["POST"]),
        Routed("/api/stream", server.stream, methods=["GET"]),
        Routed("/api/openapi.json", server.openapi, methods=["GET"]),
        *(Routed(one.path, server.handler(one), methods=[one.method]) for one in ROUTES),
        *pages.routes(),
    ]
    return Gate(Starlette(routes=routes), console)


# ---- the gate ------------------------------------------------------------------------------------


class Gate:
    """Lets in what the guard lets in, from whom it knows; ends every answer's headers."""

    def __init__(self, inner: ASGIApp, console: Console) -> None:
        self._inner = inner
        self._console = console
        self._cookie = cookie_name(console)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._inner(scope, receive, send)
            return
        sends = partial(_with_headers, send, is_secret=scope["path"].startswith(CLOSED))
        try:
            scope.setdefault("state", {})["principal"] = self._admitted(scope)
        except Refused as refused:
            await _refusal(refused)(scope, receive, sends)
            return
        await self._inner(scope, _bounded(receive), sends)

    def _admitted(self, scope: Scope) -> Principal | None:
        """Who asks; None for a page that is open to all. Raises `Refused`."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        kind, _, token = headers.get("authorization", "").partition(" ")
        is_program = kind.lower() == "bearer"
        self._console.guard.require(method, headers, by_cookie=not is_program)
        if not path.startswith(CLOSED) or (path in OPEN and method == "POST"):
            return None
        sessions, now = self._console.sessions, self._console.clock.now()
        cookie = _cookie_of(headers, self._cookie)
        found = sessions.of_token(token) if is_program else sessions.of_cookie(cookie, now)
        if found is None:
            raise Refused(401, "not logged in; `tapewire web` prints a login")
        if not (method == "POST" and path.endswith("/halt")):
            self._console.require_rate(found, method)
        return found


def cookie_name(console: Console) -> str:
    """The session's cookie. A browser keeps cookies by host, not by port: the name tells consoles
    of one machine apart."""
    return f"tapewire_{console.guard.port}"


def _cookie_of(headers: Headers, name: str) -> str:
    return cookie_parser(headers.get("cookie", "")).get(name, "")


async def _with_headers(send: Send, message: Message, *, is_secret: bool) -> None:
    if message["type"] == "http.response.start":
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers[name] = value
        headers["Cache-Control"] = "no-store" if is_secret else "no-cache"
    await send(message)


def _bounded(receive: Receive) -> Receive:
    """The same, but it ends a body that is longer than it may be."""
    taken = 0

    async def next_part() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_MAX_BYTES:
            return {"type": "http.disconnect"}
        return message

    return next_part


# ---- answers -------------------------------------------------------------------------------------


class _Server:
    """The handlers."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lanes = Lanes(console.groups)

    def handler(self, route: Route) -> Handler:
        """What answers a route."""

        async def handle(request: Request) -> Response:
            try:
                asked = await self._asked(route, request)
                call, lane = partial(route.does, asked), self._lanes.of(route, asked.path)
                return _json(await anyio.to_thread.run_sync(call, limiter=lane))
            except Refused as refused:
                return _refusal(refused)
            except (NoAnswer, NotAnswered) as silence:
                return _error(504, str(silence))
            except (TapewireError, ValueError, OSError) as error:
                return _error(409, str(error))

        return handle

    async def _asked(self, route: Route, request: Request) -> Asked:
        principal: Principal = request.state.principal
        if not principal.may(route.role):
            raise Refused(403, f"this needs the role {route.role}")
        given = await _given(route.takes, request)
        return Asked(self._console, principal, dict(request.path_params), given)

    async def log_in(self, request: Request) -> Response:
        """From a one-time code or a token to a cookie."""
        address = request.client.host if request.client is not None else ""
        try:
            login = await _given(Login, request)
            role, cookie = await anyio.to_thread.run_sync(
                partial(self._console.log_in, code=login.code, token=login.token, address=address)
            )
        except Refused as refused:
            return _refusal(refused)
        answer = _json({"role": role})
        is_secure = request.url.scheme == "https"
        answer.set_cookie(
            cookie_name(self._console), cookie, path="/", httponly=True, samesite="strict",
            secure=is_secure, max_age=12 * 3600,
        )  # fmt: skip
        if is_secure:
            answer.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        name = cookie_name(self._console)
        cookie = _cookie_of(request.headers, name)
        await anyio.to_thread.run_sync(self._console.sessions.end, cookie)  # it writes a file
        answer = _json({})
        answer.delete_cookie(name, path="/", httponly=True, samesite="strict")
        return answer

    async def issue_code(self, request: Request) -> Response:
        """A one-time login, for whoever shows a token; `tapewire web` asks for it."""
        principal: Principal = request.state.principal
        if not principal.is_program:
            return _error(403, "only the command line asks for logins")
        code = self._console.sessions.issue_code(principal.role, self._console.clock.now())
        return _json({"code": code})

    async def openapi(self, _: Request) -> Response:
        """What programs may ask."""
        return _json(openapi.document())

    async def stream(self, request: Request) -> Response:
        """What changes, as it changes."""
        if self._console.hub.is_full:
            return _error(503, "too many pages look already; web.viewers_max says how many may")
        return StreamingResponse(
            self._messages(request),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _messages(self, request: Request) -> AsyncIterator[bytes]:
        """The messages of one viewer, and a beat where there are none."""
        principal: Principal = request.state.principal
        cookie = _cookie_of(request.headers, cookie_name(self._console))
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(news.set)

        hub = self._console.hub
        try:
            viewer = hub.join(wake)
        except hubs.Full:
            return
        try:
            while self._is_still(principal, cookie):
                news.clear()
                found = viewer.take()
                yield b"".join([*found, hubs.beat(self._console.clock.now(), hub.seen_ns)])
                try:
                    await asyncio.wait_for(news.wait(), BEAT_S)
                except TimeoutError:
                    continue
        finally:
            hub.leave(viewer)

    def _is_still(self, principal: Principal, cookie: str) -> bool:
        """Whether whoever looks may still look: a session may end while its page is open."""
        if principal.is_program:
            return True
        return self._console.sessions.of_cookie(cookie, self._console.clock.now()) is not None


async def _given(kind: type[msgspec.Struct], request: Request) -> Any:
    """The query or the body of a request; raises `Refused` where it is not as it must be."""
    try:
        if request.method == "POST":
            return msgspec.json.decode(await request.body() or b"{}", type=kind)
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(400, str(fault)) from None


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type=JSON)


def _error(status: int, sentence: str) -> Response:
    return _json({"error": sentence}, status)


def _refusal(refused: Refused) -> Response:
    return _error(refused.status, str(refused))
