"""A sweep on a Ray cluster: its workers are wherever Ray has room for them.

What all runs share (the columns of the file, the configuration) goes into Ray's object store once,
and from there once to each node. The strategy's modules are sent along. Results come back one by
one, and whoever asked has them on the disk before the next one is looked at. So a node that dies
costs nothing but time: what it was at is given to another one.
"""

import os
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tapewire.backtest.sweep import node
from tapewire.backtest.sweep.code import own_code
from tapewire.backtest.sweep.forks import LOOK_S, Done
from tapewire.backtest.sweep.trial import Settings, Task
from tapewire.common.amounts import counted
from tapewire.common.config.text import named
from tapewire.common.errors import ConfigError

if TYPE_CHECKING:
    from ray import ObjectRef

LOSSES_MAX: Final = 5
"""So often a run is given to another worker because its own was lost."""
CONNECT_S: Final = 5.0
AHEAD: Final = 2
"""So many runs per core are with Ray: a core that is done need not wait for the next one."""


class Cluster:
    """The workers of a Ray cluster that this process is connected to: see `Workers`. `jobs` is how
    many runs there are at a time; None for as many as the cluster has cores."""

    def __init__(self, jobs: int | None) -> None:
        self._jobs = jobs

    @property
    def described(self) -> str:
        """See `Workers.described`."""
        import ray

        nodes = sum(one["Alive"] for one in ray.nodes())
        at_a_time = self._jobs or self._cores()
        return f"running {at_a_time} at a time on {counted(nodes, 'node')} of a Ray cluster"

    def do(
        self, settings: Settings, tasks: Sequence[Task], look: Callable[[], None]
    ) -> Iterator[Done[Task]]:
        """See `Workers.do`."""
        import ray

        run = ray.remote(node.run_here).options(num_cpus=1, max_retries=LOSSES_MAX)
        shared, expected = [ray.put(_elsewhere(settings))], node.version()
        waiting = deque(tasks)
        under_way: dict[ObjectRef, Task] = {}
        try:
            while waiting or under_way:
                while waiting and len(under_way) < self._at_once():
                    task = waiting.popleft()
                    under_way[run.remote(expected, shared, task)] = task
                look()
                done, _ = ray.wait(list(under_way), timeout=LOOK_S)
                for one in done:
                    yield _received(under_way.pop(one), one)
        finally:
            for one in under_way:
                ray.cancel(one, force=True)

    def _at_once(self) -> int:
        return self._jobs or AHEAD * self._cores()

    @staticmethod
    def _cores() -> int:
        """The cores that there are now: nodes come and go."""
        import ray

        return max(1, int(ray.cluster_resources().get("CPU", 0)))


def _elsewhere(settings: Settings) -> Settings:
    """The settings as they are on another machine: the strategy's modules are where Ray puts them,
    and not in a folder of this one."""
    strategies = tuple(one.model_copy(update={"path": None}) for one in settings.config.strategies)
    config = settings.config.model_copy(update={"strategies": strategies})
    return msgspec.structs.replace(settings, config=config)


def _received(task: Task, one: "ObjectRef") -> Done[Task]:
    """The result of a run. Raises `ConfigError` for what would fail on every run."""
    import ray
    from ray.exceptions import RayError, RayTaskError, RuntimeEnvSetupError

    try:
        result, lost = ray.get(one)
    except (RayTaskError, RuntimeEnvSetupError) as error:
        cause = getattr(error, "cause", None) or error
        told = str(cause) if isinstance(cause, ConfigError) else named(cause)
        raise ConfigError(f"--ray: {told}") from error
    except RayError as error:
        return Done(task, b"", f"its worker was lost {LOSSES_MAX + 1} times: {_line(error)}")
    return Done(task, result, lost)


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]


@contextmanager
def connected(jobs: int | None, say: Callable[[str], None]) -> Iterator[Cluster]:
    """The workers of the cluster that this machine is in, or that `RAY_ADDRESS` names; without one,
    of a cluster of this machine alone, which ends with the sweep. The strategy has to be loaded.

    Raises `ConfigError` where the cluster that is named cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    # Ray prints what befalls its nodes, into an answer that a program reads
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory(prefix="tapewire-") as folder:
        for name, source in own_code().items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source)
        options: dict[str, Any] = {
            "runtime_env": {"working_dir": folder},
            "log_to_driver": False,
            "logging_level": "ERROR",
        }
        _connect(jobs, options, say)
        try:
            yield Cluster(jobs)
        finally:
            ray.shutdown()


def _connect(jobs: int | None, options: dict[str, Any], say: Callable[[str], None]) -> None:
    import ray

    named_address = os.environ.get("RAY_ADDRESS", "")
    _require_listener(named_address)
    try:
        ray.init(address=named_address or "auto", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if named_address:
            raise ConfigError(_unanswered(named_address, error)) from error
    else:
        return
    say("this machine is in no Ray cluster, so one is started here, of its own cores")
    # Ray would listen on this machine's address in the network, where it lets everybody in.
    from ray._private import ray_constants

    ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init(address="local", num_cpus=jobs, include_dashboard=False, **options)


def _require_listener(address: str) -> None:
    """Raise `ConfigError` where nobody listens. Ray itself would try for two minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except OSError as error:
        raise ConfigError(_unanswered(address, error)) from error


def _unanswered(address: str, error: BaseException) -> str:
    return f"--ray: RAY_ADDRESS is {address}, where no cluster answers: {_line(error)}"
