"""Names of streams, what an answer means, and how a batch ends; how a bridge logs in."""

import asyncio
import json
from pathlib import Path

import pytest

from tapewire.bridge import nats_engine, nats_streams
from tapewire.bridge.engine import Failed, Line, MirrorError, generations, stream_name
from tapewire.bridge.kafka_engine import once
from tapewire.bridge.login import Login, login
from tapewire.bridge.nats_engine import _Batch
from tapewire.common.config import settings as configuration
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.errors import ConfigError
from tests.bridge.network import lines_of
from tests.waiting import wait_for

LINES = lines_of(5)


def test_the_generations_of_a_role_are_not_those_of_another_login():
    names = [stream_name("desk", role, n) for role, n in (("gateway", 2), ("gateway-us", 1))]
    names += ["desk-gateway-1", "desk-gateway-007", "desk-gateway-x", "other-gateway-3"]
    assert generations("desk", "gateway", names) == [1, 2]
    assert generations("desk", "gateway-us", names) == [1]


def batch() -> _Batch:
    return _Batch(LINES, asyncio.new_event_loop().create_future())


def test_a_batch_counts_up_to_the_first_record_that_was_not_taken():
    one = batch()
    for seq in (1, 2, 4, 5):
        one.answered(seq, None, "")
    assert not one.ended.done()
    one.answered(3, "order", "wrong last sequence: 3")
    assert (one.acked, one.kind, one.ended.done()) == (2, "order", True)


def test_a_batch_whose_answers_are_lost_ends_with_what_has_come():
    one = batch()
    one.answered(1, None, "")
    one.fail("no answer in time")
    one.fail("the connection was lost")
    assert (one.acked, one.kind, one.why) == (1, "away", "no answer in time")


def test_a_batch_of_which_nothing_was_taken_has_come_to_nothing():
    one = batch()
    one.fail("no answer in time")
    assert one.acked == 0


def test_records_that_are_there_again_are_passed_over_and_others_with_their_numbers_are_not():
    again = [*LINES[:3], *LINES[1:4]]
    assert once(again) == LINES[:4]
    forged = Line(2, "", b"mine")
    assert once([*LINES, forged]) == [*LINES, forged]


def secret(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def by(path: Path) -> ClusterConfig:
    return ClusterConfig(nats_token_file=path)


def test_a_bridge_logs_in_by_a_token_or_by_user_and_password(tmp_path: Path):
    assert login(ClusterConfig()) == Login()
    assert login(by(secret(tmp_path / "a", "s3cret\n"))) == Login(token="s3cret")
    assert login(by(secret(tmp_path / "b", "desk:pass:word"))) == Login("desk", "pass:word")


def test_a_token_that_others_could_read_is_refused_and_never_shown(tmp_path: Path):
    for text, mode in (("s3cret", 0o644), ("two words", 0o600), ("", 0o600)):
        with pytest.raises(ConfigError) as refused:
            login(by(secret(tmp_path / "token", text, mode)))
        assert "s3cret" not in str(refused.value)
        assert "cluster.nats_token_file" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"enabled": True}, "neither cluster.nats nor cluster.kafka names a server"),
        ({"nats": ["nats://desk:s3cret@host:4222"]}, "belongs into the file"),
        ({"nats": ["http://host"]}, "that is not nats://HOST:PORT"),
        ({"kafka": ["host"]}, "must be a list of HOST:PORT"),
        ({"replicas": 6}, "must be 5 or less"),
        ({"prefix": "a.b"}, "must be 1 to 32 letters"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_without_a_secret(given, sentence, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_CLUSTER", json.dumps(given))
    with pytest.raises(ConfigError) as refused:
        configuration.load()
    assert sentence in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_cluster_is_off_by_default():
    assert not ClusterConfig().enabled


def test_whatever_keeps_a_bridge_from_connecting_is_its_reason_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
):
    refusals: list[Exception] = [FileNotFoundError("no such file"), ValueError("no port")]
    clients: list[Refusing] = []

    async def connect(*_given: object, **_more: object) -> Refusing:
        if refusals:
            raise refusals.pop(0)
        clients.append(Refusing())
        return clients[-1]

    monkeypatch.setattr(nats_engine, "connect", connect)
    monkeypatch.setattr(nats_engine, "RECONNECT_S", 0.001)
    engine = nats_engine.NatsEngine(ClusterConfig(nats=("nats://127.0.0.1:1",)), Login())
    try:
        wait_for(lambda: len(clients) > 1, "a further try", 20)
        engine.look("risk", 1, 1)
        (found,) = wait_for(engine.take, "an outcome", 20)
        assert found == Failed("risk", "no connection to nats://127.0.0.1:1: no permission")
        assert clients[0].closed
    finally:
        engine.close()


class Refusing:
    """A connection on which nothing may be subscribed to."""

    closed = False

    def new_inbox(self) -> str:
        return "inbox"

    async def subscribe(self, *_given: object, **_more: object) -> None:
        raise RuntimeError("no permission")

    async def close(self) -> None:
        self.closed = True


def test_certificates_that_are_not_there_are_a_reason(tmp_path: Path):
    there, absent, other = (tmp_path / name for name in ("token", "absent.pem", "other.pem"))
    secret(there, "s3cret")
    other.write_text("none")
    for path in (absent, other):
        config = ClusterConfig(
            nats=("tls://127.0.0.1:1",), nats_token_file=there, nats_ca_file=path
        )
        with pytest.raises(ConfigError, match=f"cluster.nats_ca_file: {path}: "):
            login(config)
        with pytest.raises(MirrorError, match=f"cluster.nats_ca_file: {path}: "):
            asyncio.run(nats_streams.connect(config, Login()))
