"""Queries of a person about history and options: sent to a gateway, answered in pages."""

import secrets
import time
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import QUERIES, of_login
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.errors import TapewireError
from tapewire.common.events import Query, QueryFailed
from tapewire.common.events.queries import Page
from tapewire.common.runtime.tokens import TokenFile, path_of
from tapewire.console.group.line import NoAnswer, Place

POLL_MS: Final = 50
GRACE_S: Final = 5.0


class QueryRefused(TapewireError):
    """The broker, or the gateway, has no answer; says why."""


def new_id() -> str:
    """An id that no other question has."""
    return f"cli-{secrets.token_hex(6)}"


def pages(group: Place, role: str, query: Query) -> list[Page]:
    """The pages of the gateway's answer, at least one. Raises `QueryRefused` where it has none, and
    `NoAnswer` where it does not answer at all."""
    socket = of_login(QUERIES, roles.login_name(role))
    found: dict[int, Page] = {}
    last, is_sent = 0, False
    deadline = time.monotonic() + query.timeout_ms / 1000 + GRACE_S
    transport = ZmqTransport()
    try:
        transport.connect(socket, "dealer", endpoint(socket, group.bus, group.run_dir))
        transport.present(socket, TokenFile(path_of(group.run_dir, role, roles.CLI)))
        while time.monotonic() < deadline:
            is_sent = is_sent or transport.send(socket, [wire.encode(query)])
            for _, frames in transport.poll(POLL_MS):
                page = wire.decode_event(frames[-1])
                if isinstance(page, QueryFailed):
                    raise QueryRefused(f"{page.reason} ({page.code})" if page.code else page.reason)
                if isinstance(page, Page):
                    found[page.page] = page
                    last = page.page if page.last else last
            if last and len(found) == last:
                return [found[number] for number in sorted(found)]
    finally:
        transport.close()
    raise NoAnswer(f"{role} did not answer; is the group up? `tapewire status` shows it")
