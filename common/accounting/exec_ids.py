"""Execution ids: what an execution and its corrections share, and which of them is the later one.

A broker corrects an execution by reporting it again under the same id but for the part after the
last full stop, a number that grows: `0001.10` corrects `0001.9`.
"""

from functools import lru_cache


@lru_cache(maxsize=256)  # every fold of an execution asks for its key
def execution_key(exec_id: str) -> str:
    """What an execution and its corrections share: the id but for the part after the last stop."""
    return exec_id.rpartition(".")[0] or exec_id


def is_correction(exec_id: str) -> bool:
    """Whether an id says of itself that it corrects another: its last part is above 1."""
    version = exec_id.rpartition(".")[2]
    return version.isdecimal() and int(version) > 1


def supersedes(exec_id: str, known: str) -> bool:
    """Whether `exec_id` is a later correction of the execution that `known` names too."""
    version, before = exec_id.rpartition(".")[2], known.rpartition(".")[2]
    if version.isdecimal() and before.isdecimal():
        return int(version) > int(before)
    return version > before
