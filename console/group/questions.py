"""Queries of a person about history and options: sent to a gateway, answered in pages."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import QUERIES, of_login
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.delivery.pages import Pages
from tapewire.common.errors import TapewireError
from tapewire.common.events import Event, Query, QueryFailed
from tapewire.common.events.queries import Page, QueryCancel, QueryProgress
from tapewire.common.runtime.tokens import TokenFile, path_of
from tapewire.console.group.line import NoAnswer, Place

POLL_MS: Final = 50
GRACE_S: Final = 5.0


class QueryRefused(TapewireError):
    """The broker, or the gateway, has no answer; says why."""


def reason_of(failed: QueryFailed) -> str:
    """Why a query has no answer, with the broker's code if it is the broker who says so."""
    return f"{failed.reason} ({failed.code})" if failed.code else failed.reason


def new_id() -> str:
    """An id that no other question has."""
    return f"cli-{secrets.token_hex(6)}"


class Answer:
    """What came of a query: its pages in order, and why they are not all, empty if they are. The
    rows are all that there are before `up_to_ns`, where the gateway has said that."""

    def __init__(self) -> None:
        self.reason = ""
        self.up_to_ns = 0
        self.is_in_parts = False
        self._pages = Pages()

    @property
    def pages(self) -> list[Page]:
        """The pages without a gap from the first on."""
        return self._pages.in_order

    @property
    def is_whole(self) -> bool:
        """Whether nothing more comes."""
        return self._pages.is_whole

    def take(self, event: Event) -> None:
        """A page, or word of how far it is."""
        if isinstance(event, QueryFailed):
            self.reason = reason_of(event)
        elif isinstance(event, QueryProgress):
            self.is_in_parts, self.up_to_ns = True, event.up_to_ns
        elif isinstance(event, Page):
            self._pages.take(event)


def pages(group: Place, role: str, query: Query) -> list[Page]:
    """The pages of the gateway's answer, at least one. Raises `QueryRefused` where it has none, and
    `NoAnswer` where it does not answer at all."""
    answer = ask(group, role, query)
    if answer.reason:
        raise QueryRefused(answer.reason)
    return answer.pages


def ask(
    group: Place, role: str, query: Query, watch: Callable[[QueryProgress], None] | None = None
) -> Answer:
    """What comes of a query. `watch` is shown how far it is, where it is answered in parts; then
    Ctrl-C stops it, and what has come stays. Raises `NoAnswer` where the gateway says nothing at
    all."""
    socket = of_login(QUERIES, roles.login_name(role))
    answer, is_sent = Answer(), False
    wait_s = query.timeout_ms / 1000 + GRACE_S
    deadline = time.monotonic() + wait_s
    transport = ZmqTransport()
    try:
        transport.connect(socket, "dealer", endpoint(socket, group.bus, group.run_dir))
        transport.present(socket, TokenFile(path_of(group.run_dir, role, roles.CLI)))
        while time.monotonic() < deadline:
            is_sent = is_sent or transport.send(socket, [wire.encode(query)])
            for _, frames in transport.poll(POLL_MS):
                event = wire.decode_event(frames[-1])
                answer.take(event)
                deadline = time.monotonic() + wait_s
                if watch is not None and isinstance(event, QueryProgress):
                    watch(event)
            if answer.is_whole or answer.reason:
                return answer
    except KeyboardInterrupt:
        if not answer.is_in_parts:
            raise
        transport.send(socket, [wire.encode(QueryCancel(query.id))])
        answer.reason = "stopped"
        return answer
    finally:
        transport.close()
    silence = f"{role} did not answer; is the group up? `tapewire status` shows it"
    if not answer.is_in_parts:
        raise NoAnswer(silence)
    answer.reason = silence  # what came before that is kept
    return answer
