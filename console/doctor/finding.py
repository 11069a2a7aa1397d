"""What a check found, and what to do about it."""

from typing import NamedTuple


class Finding(NamedTuple):
    """The result of a check; `ok` is None if there is none, and `found` says why."""

    check: str
    ok: bool | None
    found: str
    advice: str = ""


def passed(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, True, found)


def failed(check: str, found: str, advice: str) -> Finding:
    """Something is wrong; `advice` is what a person should do."""
    return Finding(check, False, found, advice)


def unknown(check: str, found: str, advice: str) -> Finding:
    """It was checked, without a clear result."""
    return Finding(check, None, f"no clear result: {found}", advice)


def skipped(check: str, why: str) -> Finding:
    """It could not be checked."""
    return Finding(check, None, f"not checked: {why}")
