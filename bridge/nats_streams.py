"""Streams in NATS JetStream: how they are made, found, looked at and read, with one connection.

What is asked is asked of a stream's leader, except for reading many records, which any replica
answers. A leader that has just been deposed may still answer with what it knew. So what was read
here decides nothing by itself: the server refuses a record that does not fit (see `mirroring`).
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from tapewire.bridge.engine import (
    CHAIN,
    End,
    Line,
    MirrorError,
    generations,
    stream_name,
    subject,
)
from tapewire.bridge.login import Login, certificates
from tapewire.common.bus.wire import WIRE_VERSION
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.errors import ConfigError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.api import StreamConfig, StreamInfo

TIMEOUT_S: Final = 3.0
CONNECT_S: Final = 2.0
RECONNECT_S: Final = 0.25
TRIES_MAX: Final = 4
PING_S: Final = 2
PINGS_MAX: Final = 2
"""So many pings without an answer are a connection that is none any more: a partition."""
PENDING_BYTES: Final = 16_000_000
TRIES: Final = 8
PAUSE_S: Final = 0.25
NAMES: Final = "$JS.API.STREAM.NAMES"
READ: Final = "$JS.API.DIRECT.GET"
ADVICE: Final = {
    10005: 'fewer than cluster.replicas nodes can keep it; start the others, and see "What is not'
    ' promised" in docs/mirror.md if their disks were lost',
    10008: "most of the nodes are away, or have just been started; start the others",
    10023: "give JetStream more room on the nodes",
    10047: "give JetStream more room on the nodes",
    10074: "for a single node set cluster.replicas = 1",
    10077: "raise the limit of the stream with `nats stream edit`, or give the nodes more room",
}
"""What to do about an error, by its number."""
NOBODY: Final = "no responders available for request"
WIRE: Final = "tapewire-wire-version"
"""The key of a stream's metadata that has the version its records are encoded in."""


async def connect(
    config: ClusterConfig, login: Login, tries: int = TRIES_MAX, **more: Any
) -> "Client":
    """A connection; raises `MirrorError` if none can be had now. One that is lost is made again, in
    so many tries at each node (-1: for ever)."""
    import nats
    from nats.errors import Error

    errors: list[Exception] = []

    async def note(error: Exception) -> None:
        """The library would print it; the error that it raises in the end does not say why."""
        errors[:] = [error]

    try:
        context = certificates(config)
    except ConfigError as error:  # the file was there when the bridge was started
        raise MirrorError(str(error)) from error
    try:
        return await asyncio.wait_for(
            nats.connect(
                [*config.nats],
                name=f"tapewire {config.prefix}",
                connect_timeout=round(CONNECT_S),
                reconnect_time_wait=RECONNECT_S,
                max_reconnect_attempts=tries,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS_MAX,
                pending_size=PENDING_BYTES,
                tls=context,
                **login._asdict(),
                **{"error_cb": note, **more},
            ),
            CONNECT_S * (len(config.nats) + 1),
        )
    except (Error, OSError, TimeoutError) as error:
        why = told(errors[0] if errors else error)
        raise MirrorError(f"no connection to {', '.join(config.nats)}: {why}") from error


def told(error: BaseException) -> str:
    """What an error of the library means, in a few words, and what to do about it."""
    described = getattr(error, "description", None)
    if described:
        return advised(str(described), getattr(error, "err_code", None))
    if isinstance(error, TimeoutError):
        return "no answer in time: nodes are away, or elect a leader, which takes some seconds"
    text = str(error).removeprefix("nats: ").strip().strip("'\"")
    if text == NOBODY:
        return "the nodes run without JetStream; it is on with `nats-server -js`"
    return text or type(error).__name__


def advised(description: str, code: int | None) -> str:
    """A server's sentence about an error, with what to do, where that is known of its number."""
    advice = ADVICE.get(code or 0)
    return f"{description}: {advice}" if advice else description


class Streams:
    """The streams of a configuration. Its calls raise `MirrorError`."""

    def __init__(self, client: "Client", config: ClusterConfig) -> None:
        self._client = client
        self._config = config
        self._jetstream = client.jetstream(timeout=TIMEOUT_S)

    def __repr__(self) -> str:
        return f"<Streams {self._config.prefix}>"

    async def generations(self, role: str) -> list[int]:
        """Of a role, oldest first."""
        prefix = self._config.prefix
        names: list[str] = []
        while True:
            question = {"subject": subject(prefix, role, "*"), "offset": len(names)}
            answer = await self._ask(NAMES, question)
            found = answer.get("streams") or []
            names += found
            if not found or len(names) >= answer.get("total", 0):
                return generations(prefix, role, names)

    async def look(self, role: str, begin: int, tail: int) -> End:
        """See `Engine.look`."""
        newest = max(await self.generations(role), default=0)
        if newest < begin:
            await self.make(role, newest := begin)
        return await self.end(role, newest, tail)

    async def end(self, role: str, generation: int, tail: int = 1) -> End:
        """How far a stream goes, with its last `tail` records."""
        name = stream_name(self._config.prefix, role, generation)
        info = await self.info(name)
        seq, fault = info.state.last_seq, self._fault(info, role, generation)
        end = End(name, generation, seq, fault=fault, note=self._note(info))
        if fault or not seq:
            return end
        first, last = await self.message(name, 1), await self._tail(name, seq, tail)
        return end._replace(first_chain=first.chain, tail=last)

    async def _tail(self, name: str, seq: int, count: int) -> list[Line]:
        """The last records up to `seq`. A replica that is behind has fewer: then another may do."""
        if count == 1:
            return [await self.message(name, seq)]
        first = max(1, seq - count + 1)
        for _ in range(TRIES):
            found = await self.read(name, first, seq - first + 1)
            if len(found) == seq - first + 1:
                return found
            await asyncio.sleep(PAUSE_S)
        raise MirrorError(f"{name}: no replica has all records up to {seq}")

    async def make(self, role: str, generation: int) -> None:
        """Make an empty stream; one that is there already stays as it is."""
        try:
            await self._jetstream.add_stream(self._settings(role, generation))
        except self._errors as error:
            name = stream_name(self._config.prefix, role, generation)
            raise MirrorError(f"{name} cannot be made: {told(error)}") from error

    async def info(self, name: str) -> "StreamInfo":
        """What the leader knows of a stream."""
        try:
            return await self._jetstream.stream_info(name)
        except self._errors as error:
            raise MirrorError(f"{name}: {told(error)}") from error

    async def message(self, name: str, seq: int) -> Line:
        """One message of a stream, by the leader's word; without a chain if it has none."""
        try:
            found = await self._jetstream.get_msg(name, seq)
        except self._errors as error:
            raise MirrorError(f"record {seq} of {name}: {told(error)}") from error
        return Line(seq, (found.headers or {}).get(CHAIN, ""), found.data or b"")

    async def read(self, name: str, seq: int, limit: int) -> list[Line]:
        """Up to `limit` messages of a stream from `seq` on, by the word of any replica: one that is
        behind has fewer."""
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox)
        found: list[Line] = []
        try:
            question = json.dumps({"seq": seq, "batch": limit}).encode()
            await self._client.publish(f"{READ}.{name}", question, reply=inbox)
            while True:
                message = await subscription.next_msg(TIMEOUT_S)
                headers = message.headers or {}
                if "Nats-Sequence" not in headers:
                    return found
                number = int(headers["Nats-Sequence"])
                found.append(Line(number, headers.get(CHAIN, ""), message.data))
        except self._errors as error:
            raise MirrorError(f"records from {seq} on of {name}: {told(error)}") from error
        finally:
            await subscription.unsubscribe()

    async def _ask(self, api: str, question: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.request(api, json.dumps(question).encode(), TIMEOUT_S)
        except self._errors as error:
            raise MirrorError(f"JetStream: {told(error)}") from error
        found: dict[str, Any] = json.loads(answer.data)
        if "error" in found:
            refused = found["error"]
            why = advised(str(refused.get("description")), refused.get("err_code"))
            raise MirrorError(f"JetStream: {why}")
        return found

    @property
    def _errors(self) -> tuple[type[BaseException], ...]:
        from nats.errors import Error

        return (Error, OSError, TimeoutError)

    def _settings(self, role: str, generation: int) -> "StreamConfig":
        """Everything is kept, for good; nothing can be deleted but the stream as a whole."""
        from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

        config = self._config
        return StreamConfig(
            name=stream_name(config.prefix, role, generation),
            description=f"the journal of {role}",
            subjects=[subject(config.prefix, role, generation)],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,
            storage=StorageType.FILE,
            num_replicas=config.replicas,
            max_bytes=config.stream_max_mb * 1_000_000 or -1,
            deny_delete=True,
            deny_purge=True,
            allow_direct=True,
            metadata={WIRE: str(WIRE_VERSION)},
        )

    def _fault(self, info: "StreamInfo", role: str, generation: int) -> str:
        """Why a stream is none that a journal can be mirrored to; empty if it is one."""
        state, config = info.state, info.config
        version = (config.metadata or {}).get(WIRE, str(WIRE_VERSION))
        if state.last_seq and (state.first_seq != 1 or state.messages != state.last_seq):
            missing = state.last_seq - state.messages
            return f"{config.name} lacks {missing} of its records: somebody has removed them"
        if config.subjects != [subject(self._config.prefix, role, generation)]:
            return f"{config.name} is not a stream of Tapewire's: its subjects are others"
        if config.max_age or (config.max_msgs or 0) > 0 or config.discard != "new":
            return (
                f"{config.name} forgets records by itself; expected limits of no kind, discard new"
            )
        if version != str(WIRE_VERSION):
            return f"{config.name} has records of wire version {version}, expected {WIRE_VERSION}"
        return ""

    def _note(self, info: "StreamInfo") -> str:
        """What is worth telling of a stream that works."""
        found, wanted = info.config.num_replicas or 1, self._config.replicas
        if found != wanted:
            return f"{info.config.name} has {found} replicas, cluster.replicas is {wanted}"
        return ""
