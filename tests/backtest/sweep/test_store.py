"""What is done stays on the disk, whenever the sweep is stopped."""

import pytest

from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.store import FILE, stored
from tapewire.backtest.sweep.trial import Task, Trial
from tapewire.common.errors import ConfigError

TASKS = [Task(Window(), {"fast": n}) for n in range(3)]


def test_what_was_added_is_there_the_next_time(tmp_path):
    with stored(tmp_path / "new") as store:
        store.add(Trial(TASKS[0], {"sharpe": 1.5}))
        store.add(Trial(TASKS[1], error="it failed"))
    with stored(tmp_path / "new") as store:
        assert store.get(TASKS[0]).figures == {"sharpe": 1.5}
        assert store.get(TASKS[1]).error == "it failed"
        assert store.get(TASKS[2]) is None


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_half_a_line_is_taken_away_and_the_rest_stays(tmp_path, cut):
    with stored(tmp_path) as store:
        for task in TASKS:
            store.add(Trial(task))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-cut])
    with stored(tmp_path) as store:
        assert [store.get(task) is not None for task in TASKS] == [True, True, False]
        store.add(Trial(TASKS[2]))
    with stored(tmp_path) as store:
        assert len(store.trials) == 3


def test_another_span_or_kind_of_run_is_another_task(tmp_path):
    with stored(None) as store:
        store.add(Trial(TASKS[0]))
        assert store.get(Task(Window(1, 2), {"fast": 0})) is None
        assert store.get(Task(Window(), {"fast": 0}, with_curve=True)) is None
        assert store.get(Task(Window(), {"fast": 0.0})) is None
    assert not list(tmp_path.iterdir())


def test_a_second_sweep_on_the_same_folder_is_refused(tmp_path):
    refused = pytest.raises(ConfigError, match="another sweep is at work")
    with stored(tmp_path), refused, stored(tmp_path):
        pass
