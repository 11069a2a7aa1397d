"""The engine in NATS: one connection and one event loop, on a thread of their own.

Records of a batch are published one behind the other without waiting, each on the condition that
the stream ends at the record before it. The answers come to one inbox, with the batch and the
record in their subject. A batch has ended when every answer is there, when the connection is lost,
or after `TIMEOUT_S`.

The library's own pipelined publishing is not used: in 2.16 a record that the server refuses never
gets its answer there.
"""

import asyncio
import contextlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from tapewire.bridge.engine import (
    CHAIN,
    Failed,
    Found,
    Kind,
    Line,
    MirrorError,
    Outcome,
    Published,
    generations,
    subject,
)
from tapewire.bridge.login import Login
from tapewire.bridge.nats_streams import RECONNECT_S, TIMEOUT_S, Streams, advised, connect, told
from tapewire.common.bus.arrivals import Arrivals
from tapewire.common.config.cluster import ClusterConfig

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

EXPECTED: Final = "Nats-Expected-Last-Sequence"
EXPECTED_STREAM: Final = "Nats-Expected-Stream"
WRONG_LAST: Final = 10071
FULL: Final = (10047, 10077, 10023)
"""The errors that mean: no more storage, the stream has its size, the server has its limit."""
ANSWER_S: Final = 5.0
LOOKS_MAX: Final = 3
"""After so many looks in a row that came to nothing another node may know more: a node that has
lost the others keeps its clients."""
NO_RESPONDERS: Final = "503"


class _Batch:
    """Records whose answers are awaited; `ended` once there is nothing more to wait for."""

    def __init__(self, lines: Sequence[Line], ended: asyncio.Future[None]) -> None:
        self._left = len(lines)
        self._first = lines[0].seq
        self._taken: set[int] = set()
        self.kind: Kind | None = None
        self.why = ""
        self.ended = ended
        self.reported = asyncio.Event()

    def answered(self, seq: int, kind: Kind | None, why: str) -> None:
        """One record was taken, or not. Why the first one was not counts: the others follow."""
        self._left -= 1
        if kind is None:
            self._taken.add(seq)
        elif self.kind is None:
            self.kind, self.why = kind, why
        if not self._left:
            self.end()

    @property
    def acked(self) -> int:
        """The last record before the first that was not taken; 0 if that is the first."""
        seq = self._first
        while seq in self._taken:
            seq += 1
        return seq - 1 if seq > self._first else 0

    def fail(self, why: str) -> None:
        """No further answer will come."""
        if self.kind is None:
            self.kind, self.why = "away", why
        self.end()

    def end(self) -> None:
        """Let whoever waits for it go on."""
        if not self.ended.done():
            self.ended.set_result(None)


class NatsEngine(Arrivals[Outcome]):
    """See `Engine`. Connects by itself, again and again."""

    name = "nats"

    def __init__(self, config: ClusterConfig, login: Login) -> None:
        super().__init__()
        self._config = config
        self._login = login
        self._away = "not connected yet"
        self._client: Client | None = None
        self._streams: Streams | None = None
        self._inbox = ""
        self._failures = 0
        self._connections = 0
        self._number = 0
        self._batches: dict[int, _Batch] = {}
        self._last: dict[str, asyncio.Event] = {}  # of each role the batch that was given last
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="nats", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<NatsEngine {', '.join(self._config.nats)}>"

    # ---- from the service's thread -------------------------------------------------------------

    def look(self, role: str, begin: int, tail: int) -> None:
        """See `Engine.look`."""
        self._begin(lambda: self._look(role, begin, tail))

    def publish(self, role: str, stream: str, lines: Sequence[Line]) -> None:
        """See `Engine.publish`."""
        self._begin(lambda: self._publish(role, stream, lines))

    def close(self, wait_s: float = 2.0) -> None:
        """See `Engine.close`."""
        self._begin(self._end)
        self._thread.join(wait_s)

    def _begin(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        def start() -> None:
            task = self._loop.create_task(make())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(start)

    # ---- in the loop ---------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._begin(self._connect)
        self._loop.run_forever()
        self._loop.close()

    async def _connect(self) -> None:
        """Have a connection, sooner or later; the library keeps it up from then on."""
        while self._client is None:
            self._connections += 1
            try:
                await self._try(self._connections)
            except MirrorError as error:
                self._away = str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, there is no connection yet
                self._away = self._no_connection(error)
            else:
                return
            await asyncio.sleep(RECONNECT_S)

    async def _try(self, connection: int) -> None:
        client = await connect(self._config, self._login, -1, **self._callbacks(connection))
        try:
            self._inbox = client.new_inbox()
            await client.subscribe(f"{self._inbox}.*.*", cb=self._on_answer)
            streams = Streams(client, self._config)
        except BaseException:
            await _hang_up(client)
            raise
        self._streams, self._client, self._away = streams, client, ""

    def _callbacks(self, connection: int) -> dict[str, Any]:
        """What the library calls; of an earlier connection nothing counts any more."""

        async def lost() -> None:
            if connection == self._connections:
                self._on_lost()

        async def back() -> None:
            if connection == self._connections:
                self._away = ""

        return {"error_cb": self._on_error, "disconnected_cb": lost, "reconnected_cb": back}

    async def _on_error(self, error: Exception) -> None:
        if self._client is None or not self._client.is_connected:
            self._away = self._no_connection(error)

    def _no_connection(self, error: Exception) -> str:
        return f"no connection to {', '.join(self._config.nats)}: {told(error)}"

    def _on_lost(self) -> None:
        self._away = self._away or "the connection was lost"
        for batch in [*self._batches.values()]:
            batch.fail("the connection was lost")

    async def _look(self, role: str, begin: int, tail: int) -> None:
        if self._away or self._streams is None:
            self.put(Failed(role, self._away))
            return
        try:
            self.put(Found(role, await self._streams.look(role, begin, tail), tail))
            self._failures = 0
        except MirrorError as error:
            self.put(Failed(role, str(error)))
            await self._try_another()
        except Exception as error:  # noqa: BLE001 - whatever it is, the look has come to nothing
            self.put(Failed(role, f"the look failed: {error!r}"))

    async def _try_another(self) -> None:
        self._failures += 1
        client = self._client
        if client is not None and self._failures >= LOOKS_MAX:
            self._failures, self._client = 0, None
            self._on_lost()
            self._away = "no answer; trying another node"
            await _hang_up(client)
            await self._connect()

    async def _publish(self, role: str, stream: str, lines: Sequence[Line]) -> None:
        batch = _Batch(lines, self._loop.create_future())
        async with self._locks[role]:  # batches leave in their order
            self._number += 1
            number = self._number
            self._batches[number] = batch
            before, self._last[role] = self._last.get(role), batch.reported
            await self._send(role, stream, lines, number, batch)
        try:
            await asyncio.wait_for(batch.ended, ANSWER_S)
        except TimeoutError:
            batch.fail("no answer in time")
        if before is not None:
            await before.wait()
        del self._batches[number]
        self.put(Published(role, batch.acked, batch.kind, batch.why))
        batch.reported.set()

    async def _send(
        self, role: str, stream: str, lines: Sequence[Line], number: int, batch: _Batch
    ) -> None:
        if self._away or self._client is None:
            batch.fail(self._away)
            return
        (generation,) = generations(self._config.prefix, role, [stream])
        place = subject(self._config.prefix, role, generation)
        try:
            for line in lines:
                headers = {
                    EXPECTED: str(line.seq - 1),
                    EXPECTED_STREAM: stream,
                    CHAIN: line.chain,
                }
                reply = f"{self._inbox}.{number}.{line.seq}"
                await self._client.publish(place, line.record, reply, headers)
        except Exception as error:  # noqa: BLE001 - whatever it is, records of the batch did not go
            batch.fail(f"{role}: {told(error)}")

    async def _on_answer(self, message: "Msg") -> None:
        number, seq = (int(part) for part in message.subject.rsplit(".", 2)[1:])
        batch = self._batches.get(number)
        if batch is not None:
            batch.answered(seq, *_meaning(message, seq))

    async def _end(self) -> None:
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await _hang_up(self._client)
        self._loop.stop()


async def _hang_up(client: "Client") -> None:
    """Close a connection, or leave it. In 2.16 the library waits until all has left that it has for
    a node, and if it reconnects meanwhile, its `close` ends as if somebody had cancelled it. That
    must not cancel whoever goes on to connect to another node."""
    closing = asyncio.gather(client.close(), return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(closing, TIMEOUT_S)


def _meaning(message: "Msg", seq: int) -> tuple[Kind | None, str]:
    """Why a record was not taken, by the answer to it; (None, "") if it was."""
    if (message.headers or {}).get("Status") == NO_RESPONDERS:
        return "away", "the stream has no leader"
    try:
        answer = json.loads(message.data)
    except ValueError:
        return "away", "an answer that is not JetStream's"
    error = answer.get("error")
    if error is None:
        taken = answer.get("seq")
        return (None, "") if taken == seq else ("order", f"record {seq} became message {taken}")
    code = error.get("err_code")
    why = advised(str(error.get("description")), code)
    kind: Kind = "order" if code == WRONG_LAST else "full" if code in FULL else "away"
    return kind, why
