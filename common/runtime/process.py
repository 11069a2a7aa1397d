"""The process shell: configuration, role lock, logs, signals, parent watch, loop, exit codes.

`run` is all that a `__main__` calls; it hands a `Process` to the function that opens the sockets
and builds the service, then turns the service until a signal, a dead parent or a fault ends it.
"""

import argparse
import errno
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Final

from tapewire.common import roles
from tapewire.common.bus.access import Access, clients_of
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.bus.transport import Stream, ZmqTransport
from tapewire.common.clock import Clock, SystemClock
from tapewire.common.config.order_types import load_order_types
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.delivery import letter_file
from tapewire.common.delivery.letter_file import LetterFile
from tapewire.common.runtime import (
    head_log,
    home_clock,
    kill_switch,
    launched,
    logs,
    private_file,
    role_lock,
    tokens,
)
from tapewire.common.runtime.background import BackgroundJournal
from tapewire.common.runtime.channels import Channels
from tapewire.common.runtime.checkpoint import Checkpoints, checkpoint_file
from tapewire.common.runtime.disk import MB
from tapewire.common.runtime.epochs import next_epoch
from tapewire.common.runtime.head_file import HeadFile
from tapewire.common.runtime.heads import Heads
from tapewire.common.runtime.home_clock import HomeClock
from tapewire.common.runtime.journal import (
    Journal,
    JournalDamagedError,
    JournalError,
    JournalFullError,
    SqliteJournal,
    Synchronous,
)
from tapewire.common.runtime.logs import log
from tapewire.common.runtime.own_journal import OpenFile
from tapewire.common.runtime.reporter import Reporter
from tapewire.common.runtime.reserve import Reserve, free_bytes, wait_for_room
from tapewire.common.runtime.role_lock import EXIT_ROLE_TAKEN, RoleTaken, ended_start, take_role
from tapewire.common.runtime.service import JOURNAL, Service
from tapewire.common.runtime.stand_by import assemble
from tapewire.common.runtime.walk import Walk

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_CONFIG: Final = 2
TURN_MS: Final = 50
DRAIN_MAX_NS: Final = 1_500_000_000  # well within what supervisord waits before it kills
RESERVED: Final = (roles.RISK, roles.LIQUIDATION)
"""The kinds of process that keep disk space for themselves: to halt, and to close positions."""
NO_ROOM: Final = (errno.ENOSPC, errno.EROFS)
FULL_S: Final = 1.5
"""So late ends who cannot start on such a disk: supervisord gives up a program that ends within its
first second too often, and never one that lived longer."""


class Process:
    """A host with sockets and files: what a process has before its service exists."""

    def __init__(self, role: str, config: Config, arguments: argparse.Namespace) -> None:
        self.role = role
        self.config = config
        self.arguments = arguments
        self.run_dir = prepare_run_dir(config.run_dir)
        self._halt_file = kill_switch.HaltFile(self.run_dir / kill_switch.NAME)
        self.clock = _clock_of(config, self.run_dir)
        self.transport = self._new_transport()
        self.stopping = ""
        self._parent = os.getppid()
        self.reserve = reserve_of(role, config, self.run_dir)
        wait_for_room(self.run_dir, self.orphaned, self.give_up_reserve, _say)
        self._lock = take_role(self.run_dir, role)
        if isinstance(self.clock, HomeClock) and roles.kind_of(role) != roles.RELAY:
            home_clock.wait(self.clock, self.orphaned, _say)
        self._journals: list[Journal] = []
        self._journal_file: OpenFile | None = None
        self._walk: Walk | None = None
        self._head_log = head_log.log_of(role, config, _say)
        self.heads = Heads(role, HeadFile(self.run_dir, role), self._head_log)
        self.epoch = next_epoch(self.run_dir / "epochs" / role, self.clock.now_ns())
        issued = {one: tokens.issue(self.run_dir, role, one) for one in clients_of(role)}
        self.access = Access(role, issued)

    def journal(self, synchronous: Synchronous = "FULL", *, background: bool = False) -> Journal:
        """This role's journal, on disk under the run directory.

        FULL is each role's part of the promise that nothing announced is lost; the configuration
        may weaken it. NORMAL is for a role that learns from others what a power cut made it forget.
        """
        path = self._journal_path
        self._require_remembered(path)
        weaker = "NORMAL" in (synchronous, self.config.storage.synchronous)
        level: Synchronous = "NORMAL" if weaker else "FULL"
        if background:
            committing = BackgroundJournal(path, level, self.give_up_reserve)
            self.transport.attach(JOURNAL, committing)
            self._journals.append(committing)
        else:
            self._journals.append(SqliteJournal(path, level, make_room=self.give_up_reserve))
        self._journal_file = OpenFile(path)
        return self._journals[-1]

    @property
    def _journal_path(self) -> Path:
        return self.run_dir / "journals" / f"{self.role}.sqlite"

    def begin_walk(self) -> None:
        """Look at every record of the journal, beside the service's turns; of one that is read."""
        if self._journals:
            self._walk = Walk(self._journal_path)

    def require_sound(self) -> None:
        """Raise `JournalDamagedError` if the walk has found damage."""
        if self._walk is not None:
            self._walk.require_sound()

    def checkpoints(self) -> Checkpoints:
        """See `Host.checkpoints`."""
        return checkpoint_file(self.run_dir, self.config)

    def _require_remembered(self, path: Path) -> None:
        """Compare the journal with what is remembered of it, before it is opened for writing: what
        may be evidence is left as it is."""
        if not path.exists() or not path.stat().st_size:
            self.heads.require(None)
            return
        with closing(SqliteJournal(path, read_only=True)) as journal:
            self.heads.require(journal)

    def are_rules_confirmed(self) -> bool:
        """See `Host.are_rules_confirmed`."""
        return launched.has_rules_of(self.config, self.run_dir)

    def ended_start(self, role: str) -> str:
        """See `Host.ended_start`. With sockets in the run directory, the locks of all are there as
        well; by tcp, a process may have its locks elsewhere."""
        return ended_start(self.run_dir, role) if self.config.bus.transport == "ipc" else ""

    def letter_file(self) -> LetterFile | None:
        """Where this role's dead letters are kept; None if there is no room for them."""
        try:
            return LetterFile(self.run_dir / letter_file.FOLDER / f"{self.role}.sqlite")
        except OSError as error:
            _say(f"dead letters are counted and not kept: {error}")
            return None

    def free_bytes(self) -> int | None:
        """See `Host.free_bytes`."""
        return free_bytes(self.run_dir)

    def journal_lost(self) -> str:
        """See `Host.journal_lost`."""
        return self._journal_file.lost if self._journal_file is not None else ""

    def halt_file(self) -> str | None:
        """See `Host.halt_file`."""
        return self._halt_file.read()

    def pull_kill_switch(self, number: int, _frame: FrameType | None) -> None:
        """Signal handler: everything that adds risk stops, in the whole group."""
        self._halt_file.pull(f"{signal.Signals(number).name} to {self.role}")

    def keep_reserve(self) -> None:
        """Make the reserve again, once there is as much room as trading needs to go on."""
        if self.reserve is None or self.reserve.is_kept:
            return
        if free_bytes(self.run_dir) >= self.config.storage.free_resume_mb * MB:
            self.reserve.keep()

    def give_up_reserve(self) -> bool:
        """Make room on a full disk; whether there was a reserve to give up."""
        return self.reserve is not None and self.reserve.release()

    def serve_stream(self) -> None:
        """See `Host.serve_stream`."""
        self._channels.serve_stream()

    def follow(self, *sources: str) -> tuple[str, ...]:
        """See `Host.follow`."""
        return self._channels.follow(*sources)

    def bind(self, channel: str, kind: str, name: str, messages_max: int | None = None) -> None:
        """See `Host.bind`."""
        self.transport.bind(channel, kind, self._channels.endpoint(name), messages_max)

    def connect(
        self,
        channel: str,
        kind: str,
        name: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        """See `Host.connect`."""
        self._channels.connect(channel, kind, name, topics, batch_max)

    def connect_outside(self, channel: str, kind: str, address: str, topics: list[bytes]) -> None:
        """See `Host.connect_outside`."""
        self.transport.connect(channel, kind, address, topics)

    def attach(self, channel: str, make: Callable[[], Stream]) -> Callable[[], None]:
        """See `Host.attach`."""
        stream = make()
        self.transport.attach(channel, stream)
        return stream.close

    def stop_on(self, number: int, _frame: FrameType | None) -> None:
        """Signal handler: end after this turn."""
        self.stopping = signal.Signals(number).name

    def orphaned(self) -> bool:
        """Whether the parent died: a restarted group must not be doubled by its survivors."""
        return os.getppid() != self._parent

    def require_role(self) -> None:
        """Raise `RoleTaken` if a group that was started beside this one has the role."""
        role_lock.require_own(self.run_dir, self.role, self._lock)

    def reset(self) -> None:
        """See `Host.reset`."""
        self.transport.close()
        while self._journals:
            self._journals.pop().close()
        self.transport = self._new_transport()

    @property
    def _channels(self) -> Channels:
        return Channels(self.role, self.transport, self.config.bus, self.run_dir)

    def _new_transport(self) -> ZmqTransport:
        return ZmqTransport(self.config.bus.messages_max, self.config.bus.batch_max)

    def release(self) -> None:
        """Close the sockets and give the role back."""
        if self._walk is not None:
            self._walk.close()
        if self._head_log is not None:
            self._head_log.close()
        self.transport.close()
        self._lock.close()


def run(
    role: str | Callable[[argparse.Namespace], str],
    build: Callable[[Process], Service],
    arguments: argparse.ArgumentParser | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run one process to its end; returns its exit status (2: configuration, 3: role taken)."""
    private_file.own()
    parser = arguments or argparse.ArgumentParser()
    parser.add_argument("--config", help="configuration file (default: tapewire.toml)")
    parser.add_argument(
        "--launched", metavar="RUN_DIR", help="go by what the group there was launched with"
    )
    parsed = parser.parse_args(argv)
    name = role if isinstance(role, str) else role(parsed)
    logs.configure(name)
    try:
        config = launched.config_of(parsed.launched, parsed.config)
        logs.set_level(config.log_level)
        at_projectx = (one for one in config.gateways if one.kind == "projectx")
        logs.hide(account for one in at_projectx for account in one.accounts)
        load_order_types(config.orders.types)
        process = Process(name, config, parsed)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except RoleTaken as error:
        print(error, file=sys.stderr)
        return EXIT_ROLE_TAKEN
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.stop_on)
    signal.signal(signal.SIGUSR1, process.pull_kill_switch)
    try:
        return _serve(process, assemble(process, build))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except JournalDamagedError as error:
        log.error("ended", error=str(error))
        process.heads.suspect(str(error))  # the next start looks at every record
        return EXIT_FAILED
    except (JournalError, OSError, RoleTaken) as error:
        log.error("ended", error=str(error))
        if _is_full(error):
            time.sleep(FULL_S)
        return EXIT_FAILED
    finally:
        process.release()


def reserve_of(role: str, config: Config, run_dir: Path) -> Reserve | None:
    """The disk space that a role keeps for itself; None if it keeps none."""
    if roles.kind_of(role) not in RESERVED:
        return None
    return Reserve(run_dir / "reserve" / role, config.storage.reserve_mb * MB)


def _clock_of(config: Config, run_dir: Path) -> Clock:
    """The machine's clocks; on a far host home's wall clock, beside the machine's monotonic one."""
    if config.placement().is_far:
        return HomeClock(home_clock.path_of(run_dir))
    return SystemClock()


def _say(sentence: str) -> None:
    log.warning("waiting", reason=sentence)


def _is_full(error: Exception) -> bool:
    return isinstance(error, JournalFullError) or getattr(error, "errno", 0) in NO_ROOM


def _serve(process: Process, service: Service) -> int:
    """Turn the service until something ends it."""
    service.letters.store = process.letter_file()
    _watch_queues(process.transport, service)
    target = _serve_metrics(process, service)
    reporter = Reporter(process.run_dir, process.clock, service, log)
    service.metrics.show("process_state", ("state",), reporter.states)
    gc.collect()
    gc.freeze()  # what exists now lives as long as the process: keep the collector off it
    log.info("started", pid=os.getpid(), epoch=process.epoch)
    process.begin_walk()
    while not process.stopping and not process.orphaned():
        service.turn(TURN_MS)
        process.require_sound()
        if reporter.report_when_due():
            process.keep_reserve()
            process.require_role()
    left = _wind_down(process, service)
    reporter.report(ended=process.stopping or "parent died")
    log.info("stopped", why=process.stopping or "parent died", left=left)
    if target:
        target.unlink(missing_ok=True)
    service.close()
    return EXIT_OK


def _wind_down(process: Process, service: Service) -> str:
    """Take what had come before the signal, then end; returns what is left undone.

    A poll that leaves nothing behind has taken all of it. What comes faster than it is worked
    off cannot hold up the end: after `DRAIN_MAX_NS` the rest is left, and the log says so.
    """
    until_ns = process.clock.mono_ns() + DRAIN_MAX_NS
    service.turn(0)
    while not process.transport.emptied and process.clock.mono_ns() < until_ns:
        service.turn(0)
    left = [] if process.transport.emptied else ["not all messages that had arrived were read"]
    left.append(service.stop())
    return "; ".join(filter(None, left))


def _watch_queues(transport: ZmqTransport, service: Service) -> None:
    """Show what ZeroMQ tells of its queues, and what it would not take."""
    service.metrics.watch("queue_messages", lambda: transport.drained)
    service.metrics.watch("queue_messages_max", lambda: transport.drained_max)
    service.metrics.watch("sends_refused", lambda: transport.refused, "counter")


def _serve_metrics(process: Process, service: Service) -> Path | None:
    """Serve Prometheus on a free loopback port and list it for discovery; returns the listing."""
    if not process.config.metrics.enabled:
        return None
    from tapewire.common.runtime import metrics_page
    from tapewire.common.runtime.prometheus import PrometheusView

    listing = process.run_dir / "targets" / f"{process.role}.json"
    metrics_page.serve(PrometheusView(service.metrics, process.role), listing, process.role)
    return listing
