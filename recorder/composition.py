"""How the recorder is put together from the configuration."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

from tapewire.common import extras
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint, sockets_of
from tapewire.common.bus.ports import of_login
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.disk import Disk
from tapewire.common.runtime.logs import log
from tapewire.common.runtime.process import Process
from tapewire.common.runtime.reserve import free_bytes
from tapewire.recorder.capture import Capture
from tapewire.recorder.compactor import Compactor, Job
from tapewire.recorder.folder import CLOSED, Folder, SegmentFile
from tapewire.recorder.recording import Recording
from tapewire.recorder.service import CAPTURE, RecorderService
from tapewire.recorder.streaming import TickStream

COMPACT: Final = "--compact"


def build(process: Process) -> RecorderService:
    """Close what was left open, then listen."""
    config = process.config
    if not config.recorder.enabled:
        raise ConfigError("recorder.enabled is false; expected true for a recorder to run")
    extras.require("[recorder] enabled", "pyarrow", "data")
    folder = Folder(config.recorded().absolute())
    folder.prepare()
    for sentence in folder.adopt():
        log.warning("recovered", what=sentence)
    disk = Disk(config.recorder, lambda: free_bytes(folder.path), str(folder.path), "recording")
    recording = Recording(
        config.recorder, process.epoch, lambda name, head: SegmentFile(folder, name, head), disk
    )
    compactor = Compactor(lambda: _start(process), pending=bool(folder.named(CLOSED)))
    sources = [
        (endpoint(name, config.bus, process.run_dir), [wire.topic(one) for one in topics])
        for name, topics in listens_to(config)
    ]
    hang_up = process.attach(CAPTURE, lambda: Capture(sources, config.bus.messages_max))
    return RecorderService(
        recording, compactor, folder, process.transport, process.clock,
        epoch=process.epoch, wait=time.sleep, hang_up=hang_up,
        stream=TickStream(config.cluster) if config.cluster.ticks else None,
    )  # fmt: skip


def listens_to(config: Config) -> Iterator[tuple[str, Sequence[str]]]:
    """The sockets of the group that are read, each with its topics: the ticks of each symbol at one
    login, since two would bring them twice, and what every broker connection reports."""
    symbols = config.recorder.symbols or [one.symbol for one in config.instruments]
    logins = config.logins()
    for name, read in logins.sources_of(symbols, "").items():
        yield of_login("market", name), [f"tick.{symbol}" for symbol in read]
    for role in logins.gateways:
        yield sockets_of(role)[0], [role]


def _start(process: Process) -> Job:
    """Start a compaction, in a process that is nice to all others."""
    given, command = process.arguments, [sys.executable, "-P", "-m", "tapewire.recorder", COMPACT]
    command += ["--config", given.config] if given.config else []
    command += ["--launched", given.launched] if given.launched else []
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)
