"""Sessions: tokens, one-time codes and cookies; and how often somebody may try."""

import itertools
import stat
from pathlib import Path

import pytest

from tapewire.common.clock import Now
from tapewire.web.limits import KEYS_MAX, RateLimit
from tapewire.web.sessions import CODE_VALID_NS, SESSIONS_MAX, VALID_NS, Sessions
from tests.web.meanwhile import Meanwhile
from tests.web.site import TOKENS

NOW = Now(10**18, 10**9)


def made(file: Path) -> Sessions:
    numbers = itertools.count()
    return Sessions(file, TOKENS, lambda: f"secret-{next(numbers)}")  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web" / "sessions.json"


def test_a_token_is_of_its_role_and_anything_else_of_none(file: Path) -> None:
    sessions = made(file)
    assert sessions.role_of("v" * 32) == "viewer"
    assert sessions.role_of("a" * 32) == "admin"
    for wrong in ("", "v" * 31, "v" * 33, "x" * 32, "ü"):
        assert sessions.role_of(wrong) is None


def test_a_code_works_once_within_a_minute(file: Path) -> None:
    sessions = made(file)
    code = sessions.issue_code("trader", NOW)
    assert sessions.use_code(code, NOW) == "trader"
    assert sessions.use_code(code, NOW) is None
    late = sessions.issue_code("trader", NOW)
    assert sessions.use_code(late, NOW + CODE_VALID_NS) is None


def test_a_session_survives_a_restart_and_ends_in_time(file: Path) -> None:
    cookie = made(file).begin("trader", NOW)
    again = made(file)
    found = again.of_cookie(cookie, NOW)
    assert found is not None
    assert found.role == "trader"
    assert again.of_cookie(cookie, NOW + VALID_NS) is None


def test_a_clock_that_is_put_back_makes_no_session_longer(file: Path) -> None:
    cookie = made(file).begin("admin", NOW)
    hour = VALID_NS // 12
    assert made(file).of_cookie(cookie, Now(NOW.wall_ns - hour, NOW.mono_ns)) is not None
    assert made(file).of_cookie(cookie, Now(NOW.wall_ns - 24 * hour, NOW.mono_ns)) is None


def test_the_file_is_for_its_user_alone_and_holds_no_cookie(file: Path) -> None:
    cookie = made(file).begin("admin", NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert cookie not in file.read_text()


def test_a_session_that_was_ended_is_gone_after_a_restart_too(file: Path) -> None:
    sessions = made(file)
    cookie = sessions.begin("admin", NOW)
    sessions.end(cookie)
    assert sessions.of_cookie(cookie, NOW) is None
    assert made(file).of_cookie(cookie, NOW) is None


def test_a_file_that_is_damaged_only_ends_the_sessions(file: Path) -> None:
    made(file).begin("admin", NOW)
    for content in ("", "{", '{"sessions": {"x": {"role": "root", "until_ns": 1}}}'):
        file.write_text(content)
        assert made(file).of_cookie("secret-0", NOW) is None


def test_many_logins_end_the_oldest(file: Path) -> None:
    sessions = made(file)
    cookies = [sessions.begin("viewer", NOW) for _ in range(SESSIONS_MAX + 1)]
    assert sessions.of_cookie(cookies[0], NOW) is None
    assert sessions.of_cookie(cookies[-1], NOW) is not None


def test_a_limit_lets_a_burst_pass_and_then_so_many_per_second() -> None:
    limit = RateLimit(2, 3)
    assert [limit.take("me", NOW) for _ in range(4)] == [True, True, True, False]
    assert limit.take("you", NOW)
    assert not limit.take("me", NOW + 400_000_000)
    assert limit.take("me", NOW + 900_000_000)


def test_a_limit_forgets_the_oldest_of_too_many_keys() -> None:
    limit = RateLimit(0.001, 1)
    for number in range(KEYS_MAX + 1):
        limit.take(str(number), NOW)
    assert limit.take("0", NOW)
    assert not limit.take(str(KEYS_MAX), NOW)


def test_a_session_that_ends_while_another_begins_stays_ended(file: Path) -> None:
    sessions = made(file)
    cookie = sessions.begin("trader", NOW)
    meanwhile = Meanwhile(NOW, lambda: sessions.end(cookie))
    sessions.begin("viewer", meanwhile)  # type: ignore[arg-type]
    meanwhile.thread.join()
    assert sessions.of_cookie(cookie, NOW) is None


def test_a_code_that_is_used_while_another_is_issued_stays_used(file: Path) -> None:
    sessions, used = made(file), []
    code = sessions.issue_code("trader", NOW)
    meanwhile = Meanwhile(NOW, lambda: used.append(sessions.use_code(code, NOW)))
    sessions.issue_code("viewer", meanwhile)  # type: ignore[arg-type]
    meanwhile.thread.join()
    assert used == ["trader"]
    assert sessions.use_code(code, NOW) is None
