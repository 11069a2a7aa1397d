"""A supervisord that is there and does not answer: nobody waits for it for long."""

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.console.group import control, supervisord
from tapewire.console.group.supervisor import Group
from tapewire.console.group.supervisord import GroupError, Supervisord
from tapewire.console.model.supervised import EVERY_NS, Supervised

NOW = Now(10**18, 10**9)
BOUND_S = 5.0


@pytest.fixture
def hung(run_dir: Path) -> Iterator[Path]:
    """Its socket takes one connection to the queue of those that wait, and answers none."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run_dir / SUPERVISOR))
        listener.listen(0)
        yield run_dir


def test_a_group_is_still_found_where_nobody_takes_its_connections(hung: Path) -> None:
    for _ in range(3):  # with blocking connections the second waits for ever
        assert control.listens(hung)


def test_where_nobody_listens_no_group_is_found(run_dir: Path) -> None:
    assert not control.listens(run_dir)


def test_what_is_asked_ends_with_a_sentence(hung: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisord, "ANSWER_S", 0.01)
    with pytest.raises(GroupError, match="did not answer within"):
        Supervisord(hung).start("strategy-dip")


@pytest.mark.parametrize("waiting", [0, 3])
def test_no_second_one_is_started_beside_it(
    hung: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    for _ in range(waiting):
        control.listens(hung)
    monkeypatch.setattr(supervisord, "ANSWER_S", 0.01)
    with pytest.raises(GroupError, match="did not answer within"):
        Group(Config(run_dir=hung)).up()
    assert not (hung / control.FILE).exists()


class Slow(Group):
    """A group whose supervisord answers once it is let go, if it is."""

    def __init__(self, run_dir: Path) -> None:
        super().__init__(Config(run_dir=run_dir))
        self.asked = 0
        self.go = Event()

    def statuses(self) -> dict[str, dict[str, object]]:
        self.asked += 1
        assert self.go.wait(BOUND_S), "the reader waited for it"
        return {"risk": {"restarts": 2, "state": "READY"}}


def test_who_reads_a_group_waits_for_none_of_its_answers(run_dir: Path) -> None:
    group = Slow(run_dir)
    reader = Supervised(group)
    assert reader.look(NOW) == {}
    assert reader.look(NOW + 10 * EVERY_NS) == {}
    assert group.asked == 1  # one question at a time
    group.go.set()
    assert reader._thread is not None
    reader._thread.join()
    assert reader.look(NOW + 20 * EVERY_NS) == {"risk": {"restarts": 2}}
