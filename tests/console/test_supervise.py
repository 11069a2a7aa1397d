"""supervisord starts again what has died in the pass of its loop that finds it dead."""

import builtins
import errno
import os
import select
import signal
from types import SimpleNamespace

import pytest
from supervisor import loggers
from supervisor.states import SupervisorStates

from tapewire.console.group.supervise import Prompt, Rotating, Waker


class Dying:
    """A group of processes of which `pids` have died and are not reaped yet."""

    def __init__(self, pids: list[int]) -> None:
        self.pids, self.events = pids, []
        self.options = SimpleNamespace(
            waitpid=lambda: (self.pids.pop(0) if self.pids else None, 9),
            pidhistory={pid: self._process(pid) for pid in pids},
        )

    def _process(self, pid: int) -> SimpleNamespace:
        return SimpleNamespace(finish=lambda *_: self.events.append(f"{pid} is dead"))

    def transition(self) -> None:
        """What supervisord does with each group in a pass."""
        self.events.append("transition")


def test_what_follows_from_deaths_comes_once_and_after_all_of_them():
    group = Dying([11, 12])
    supervisor = Prompt(group.options)
    supervisor.process_groups = {"all": group}
    supervisor.reap()
    assert group.events == ["11 is dead", "12 is dead", "transition"]


def test_a_signal_ends_the_wait_once():
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    waker = Waker()
    try:
        assert waker.readable()
        assert not waker.writable()
        assert _woken(waker) == []
        os.kill(os.getpid(), signal.SIGUSR2)
        assert _woken(waker) == [waker.descriptor]
        waker.handle_read_event()
        waker.handle_read_event()
        assert _woken(waker) == []
    finally:
        waker.close()
        signal.signal(signal.SIGUSR2, before)


def test_the_loop_waits_for_signals_as_long_as_it_runs(monkeypatch):
    waited: list[object] = []
    sockets: dict[int, object] = {}
    monkeypatch.setattr(
        "supervisor.supervisord.Supervisor.runforever",
        lambda _self: waited.extend(sockets.values()),
    )
    Prompt(SimpleNamespace(get_socket_map=lambda: sockets)).runforever()
    assert [type(one) for one in waited] == [Waker]
    assert not sockets
    assert signal.set_wakeup_fd(-1) == -1, "nothing is written to a descriptor that was closed"


@pytest.mark.parametrize(
    ("parent", "now", "mood"),
    [(7, 7, "RUNNING"), (7, 1, "SHUTDOWN"), (None, 1, "RUNNING")],
)
def test_a_group_ends_with_the_process_that_it_is_tied_to(monkeypatch, parent, now, mood):
    said: list[str] = []
    options = SimpleNamespace(
        get_signal=lambda: None,
        mood=SupervisorStates.RUNNING,
        logger=SimpleNamespace(warn=said.append),
    )
    monkeypatch.setattr("os.getppid", lambda: now)
    supervisor = Prompt(options, parent)
    supervisor.handle_signal()
    supervisor.handle_signal()
    assert options.mood == getattr(SupervisorStates, mood)
    assert len(said) == (mood == "SHUTDOWN"), "it is noted once"


def _woken(waker: Waker) -> list[int]:
    return select.select([waker.descriptor], [], [], 0)[0]


def test_a_log_that_cannot_be_opened_keeps_no_program_from_its_start(tmp_path, monkeypatch):
    """As on a disk that has become read-only; the log begins once it can be opened."""
    path = tmp_path / "executor.log"
    opened = builtins.open

    def read_only(name, *arguments, **options):
        if name == str(path):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(name, *arguments, **options)

    record = loggers.LogRecord(loggers.LevelsByName.INFO, b"a line\n")
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", read_only)
        log = Rotating(str(path), maxBytes=100, backupCount=1)
        log.emit(record)
    assert not path.exists()
    log.emit(record)
    log.emit(record)
    log.close()
    assert path.read_bytes() == b"a line\na line\n"


def test_a_log_in_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(FileNotFoundError):
        Rotating(str(tmp_path / "nowhere" / "executor.log"))
