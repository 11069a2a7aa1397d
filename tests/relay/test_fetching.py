"""Home's checkpoint on its way to a far host: all of it is used, or none, with the reason."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from msgspec.structs import replace

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.config.settings import Config
from tapewire.common.events import CheckpointCompleted, Event, RecordKept
from tapewire.common.retention.executions import GROUP
from tapewire.common.runtime import keeper
from tapewire.common.runtime.checkpoint import (
    Checkpoint,
    CheckpointFile,
    checkpoint_file,
    terms_of,
)
from tapewire.common.runtime.journal import GENESIS, events_of, link
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.relay import fetching, giving
from tapewire.relay.fetching import AGAIN_NS, LONGEST_NS, SILENT_NS, TRIES, Fetching
from tapewire.relay.giving import NONE, Giving, part_of
from tapewire.relay.words import (
    ChainsAnswered,
    ChainsAsked,
    CheckpointAsked,
    CheckpointPart,
    PastAnswered,
    PastAsked,
)
from tests import keeping
from tests.gateway.tws_messages import INSTRUMENTS

Answer = Callable[[PastAsked], PastAnswered]
S = 1_000_000_000
INSTRUMENT = [{"symbol": "BENCH", "con_id": 1}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Home's configuration, with past trading in its run directory and a checkpoint of it."""
    config = Config(run_dir=tmp_path_factory.mktemp("home"), instruments=INSTRUMENT)
    PastTrading("DU1", "bench", "BENCH", 300).write(config.run_dir / "journals")
    keeper.work(config)
    return config


@pytest.fixture
def given(home: Config) -> Giving:
    return giving_of(home)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "PART_BYTES", 2_000)


def store_of(config: Config) -> CheckpointFile:
    return checkpoint_file(config.run_dir, config)


def giving_of(config: Config) -> Giving:
    return Giving(store_of(config), config.run_dir / "journals", config.logins().roles)


def fetched(store: CheckpointFile, answer: Answer) -> Fetching:
    """A fetch, to its end; with the instruments of `store`."""
    found = Fetching(store.instruments)
    for _ in range(1_000):
        if (question := found.question(0)) is None:
            break
        found.came(answer(question), 0)
    assert found.is_over
    return found


def events_in(found: Fetching) -> list[Event]:
    """What the checkpoint that came consists of."""
    assert found.found is not None, found.fault
    return [*events_of(found.found)]


def changed(given: Giving, change: Callable[[CheckpointPart], CheckpointPart]) -> Answer:
    """A home that says something else of its checkpoint."""

    def answer(question: PastAsked) -> PastAnswered:
        found = given.answer(question)
        return change(found) if isinstance(found, CheckpointPart) else found

    return answer


def sections(checkpoint: Checkpoint) -> Iterator[object]:
    for source in (GROUP, *roles.JOURNALED):
        yield from checkpoint.records(source)


def test_what_arrives_is_the_checkpoint_that_home_has(
    home: Config, given: Giving, tmp_path: Path, small_parts: None
):
    sizes: list[int] = []

    def noted(part: CheckpointPart) -> CheckpointPart:
        sizes.append(sum(map(len, part.records)))
        return part

    here = checkpoint_file(tmp_path, home)
    here.replace(events_in(fetched(store_of(home), changed(given, noted))))
    both = [store.open() for store in (store_of(home), here)]
    first, second = (Checkpoint(one, home.all_instruments()) for one in both if one is not None)
    assert [*sections(second)] == [*sections(first)]
    assert first.ends == second.ends
    assert len(sizes) > 3
    assert max(sizes) <= 2_000


def test_a_process_that_starts_with_it_knows_what_one_knows_that_reads_everything(tmp_path: Path):
    group = keeping.group([
        *keeping.filled("a/1", "e1.01"), *keeping.order("b/1", order_id="2"),
        *keeping.filled("c/1", "e2.01", order_id="3"),
    ])  # fmt: skip
    group.compact(keeping.T0)
    group.write(roles.GATEWAY, *keeping.filled("d/1", "e3.01", order_id="4"))
    group.follow()
    at_home = group.keeper.open()
    assert at_home is not None

    def answer(question: PastAsked) -> PastAnswered:
        if isinstance(question, CheckpointAsked):
            return part_of(at_home, question.from_seq)
        found = question.seqs.items()
        return ChainsAnswered({role: group.journals[role].chain_at(seq) for role, seq in found})

    here = CheckpointFile(tmp_path, group.keeper.policy, INSTRUMENTS.values())
    here.replace(events_in(fetched(here, answer)))
    group.keeper = here  # type: ignore[assignment]
    assert group.differences() == []
    service = group.caught_up(group.strategy())
    assert service.runner.context.position("AAPL") == 30
    assert len([*service.runner.context.orders()]) == 1


def test_a_home_without_a_checkpoint_is_no_fault(home: Config):
    found = fetched(store_of(home), lambda _question: NONE)
    assert (found.found, found.fault) == (None, "")


def test_another_checkpoint_that_takes_its_place_meanwhile_is_begun_again(
    home: Config, given: Giving, small_parts: None
):
    other = MemoryJournal()
    other.append([CheckpointCompleted(1, GROUP, 0, terms_of(home.all_instruments()), 0)] * 200)
    asked: list[int] = []

    def answer(question: PastAsked) -> PastAnswered:
        if isinstance(question, CheckpointAsked):
            asked.append(question.from_seq)
            if len(asked) <= 2:
                return part_of(other, question.from_seq)
        return given.answer(question)

    found = fetched(store_of(home), answer)
    assert found.fault == ""
    assert events_in(found) == events_in(fetched(store_of(home), given.answer))
    assert asked[1] > 1
    assert asked[3] == 1, "from its first record"


# ---- what is not used ----------------------------------------------------------------------------


def one_less(part: CheckpointPart) -> CheckpointPart:
    """Without its last record, which nobody notices by the numbers."""
    if part.from_seq + len(part.records) <= part.seq:
        return replace(part, seq=part.seq - 1)
    return replace(part, seq=part.seq - 1, records=part.records[:-1])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda part: replace(part, chain="00"), "its records have another hash"),
        (
            lambda part: replace(part, records=[*part.records[:-1], part.records[0]]),
            "its records have another hash",
        ),
        (one_less, "its records have another hash"),
        (lambda part: replace(part, version=99), "it is of wire version 99, expected"),
        (lambda part: replace(part, records=[]), "record 1 of "),
        (lambda part: replace(part, seq=1), "record 1 of 1 cannot be sent, or is not of it"),
        (
            lambda part: replace(part, seq=fetching.RECORDS_MAX + 1),
            "it is too large: expected 67,108,864 bytes, 500,000 records",
        ),
    ],
)
def test_a_checkpoint_that_did_not_come_as_it_is_is_not_used(
    home: Config, given: Giving, change: Callable[[CheckpointPart], CheckpointPart], fault: str
):
    found = fetched(store_of(home), changed(given, change))
    assert fault in found.fault
    assert found.found is None


def test_no_more_bytes_are_kept_than_a_checkpoint_may_have(
    home: Config, given: Giving, small_parts: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "BYTES_MAX", 5_000)
    came: list[int] = []

    def noted(part: CheckpointPart) -> CheckpointPart:
        came.append(sum(map(len, part.records)))
        return part

    found = fetched(store_of(home), changed(given, noted))
    assert found.fault == "it is too large: expected 5,000 bytes, 500,000 records"
    assert sum(came) <= 7_000


def whole(*records: bytes) -> Answer:
    """A home whose checkpoint has these records."""
    journal = MemoryJournal()
    journal.replace(([*records], [*accumulate(records, link, initial=GENESIS)][1:]))
    return lambda asked: (
        part_of(journal, 1) if isinstance(asked, CheckpointAsked) else ChainsAnswered({})
    )


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ([b"no event"], "Expected `array`"),
        ([wire.encode(RecordKept(roles.GATEWAY, 1, b"x"))], "it has a record that cannot be read"),
        ([wire.encode(CheckpointCompleted(1, "risk", 0, "", 0))], "expected the group's"),
    ],
)
def test_records_that_are_no_checkpoint_are_not_used(
    home: Config, records: list[bytes], fault: str
):
    found = fetched(store_of(home), whole(*records))
    assert fault in found.fault
    assert found.found is None


def test_a_checkpoint_of_other_instruments_is_not_used(home: Config, given: Giving):
    elsewhere = Config(run_dir=home.run_dir, instruments=[*INSTRUMENT, {"symbol": "ES"}])
    found = fetched(store_of(elsewhere), given.answer)
    assert found.fault == "it was made with other instruments, or other multipliers"


@pytest.mark.parametrize("records", [0, 60, 400])
def test_a_checkpoint_of_other_journals_than_home_has_now_is_not_used(
    home: Config, tmp_path: Path, records: int
):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "group.sqlite").write_bytes(
        (home.run_dir / "checkpoints" / "group.sqlite").read_bytes()
    )
    other = Config(run_dir=tmp_path, instruments=INSTRUMENT)
    if records:
        PastTrading("DU2", "bench", "BENCH", records).write(tmp_path / "journals")
    found = fetched(store_of(other), giving_of(other).answer)
    assert "journal at home has another record" in found.fault
    assert found.found is None


def test_a_section_for_a_record_without_a_chain_is_of_no_journal(home: Config):
    store = store_of(home)
    found = fetched(store, whole(*map(wire.encode, [
        CheckpointCompleted(1, roles.RISK, 2**60, GENESIS, 0),
        CheckpointCompleted(1, GROUP, 0, terms_of(store.instruments), 0),
    ])))  # fmt: skip
    assert found.fault == f"risk's journal at home has another record {2**60}, or none"


# ---- time ----------------------------------------------------------------------------------------


def test_what_is_lost_is_asked_for_again_and_what_comes_twice_means_nothing(
    home: Config, given: Giving, small_parts: None
):
    found = Fetching(home.all_instruments())
    first = found.question(0)
    assert first == CheckpointAsked(1)
    assert found.question(AGAIN_NS - 1) is None
    assert found.question(AGAIN_NS) == first
    for _ in range(2):  # both are answered
        found.came(given.answer(first), AGAIN_NS)
    second = found.question(AGAIN_NS)
    assert isinstance(second, CheckpointAsked)
    assert second.from_seq > 1
    found.came(given.answer(second), AGAIN_NS)
    found.came(given.answer(second), AGAIN_NS)
    found.came(ChainsAnswered({}), AGAIN_NS)  # nobody has asked
    while question := found.question(AGAIN_NS):
        found.came(given.answer(question), AGAIN_NS)
    assert (found.is_over, found.fault) == (True, "")
    assert events_in(found) == events_in(fetched(store_of(home), given.answer))


def test_a_home_that_says_nothing_more_is_waited_for_no_longer(
    home: Config, given: Giving, small_parts: None
):
    found = Fetching(home.all_instruments())
    question = found.question(0)
    assert question is not None
    found.came(given.answer(question), 0)
    asked = [found.question(seconds * S) for seconds in range(SILENT_NS // S)]
    assert [*filter(None, asked)] == [asked[0]] * TRIES
    assert not found.is_over
    assert found.question(SILENT_NS) is None
    assert (found.is_over, found.fault) == (True, "home has not answered 3 questions about it")


def test_a_home_that_never_says_which_chains_its_journals_have_is_given_up(
    home: Config, given: Giving
):
    found = Fetching(home.all_instruments())
    while (question := found.question(0)) and isinstance(question, CheckpointAsked):
        found.came(given.answer(question), 0)
    assert isinstance(question, ChainsAsked)
    for seconds in range(SILENT_NS // S + 1):
        found.question(seconds * S)
    assert (found.fault, found.found) == ("home has not answered 3 questions about it", None)


def test_a_look_at_it_that_takes_longer_than_home_may_be_silent_is_no_silence(
    home: Config, given: Giving
):
    found = Fetching(home.all_instruments())
    while (question := found.question(0)) and isinstance(question, CheckpointAsked):
        found.came(given.answer(question), 0)
    assert found.question(2 * SILENT_NS) == question
    assert question is not None
    found.came(given.answer(question), 0)
    assert (found.is_over, found.fault) == (True, "")


@pytest.mark.parametrize("part_ns", [S // 10, AGAIN_NS - 1, AGAIN_NS * 3 // 2, 3 * S])
def test_a_slow_link_does_not_carry_the_same_part_again_and_again(
    home: Config, given: Giving, small_parts: None, part_ns: int
):
    """Whatever is asked for comes one after the other, as it does on one connection."""
    found, now_ns, free_ns = Fetching(home.all_instruments()), 0, 0
    coming: list[tuple[int, PastAnswered]] = []
    carried = 0
    while not found.is_over:
        while coming and coming[0][0] <= now_ns:
            found.came(coming.pop(0)[1], now_ns)
        if question := found.question(now_ns):
            free_ns = max(free_ns, now_ns) + part_ns
            coming.append((free_ns, given.answer(question)))
            carried += 1
        now_ns += AGAIN_NS // 20
    assert found.fault == ""
    parts = len({*parts_of(given)})
    assert carried - parts - 1 <= (2 if part_ns > AGAIN_NS else 0)  # one are the chains


def parts_of(given: Giving) -> Iterator[int]:
    """The record that each part begins with."""
    seq, last = 1, 1
    while seq <= last:
        yield seq
        part = given.answer(CheckpointAsked(seq))
        assert isinstance(part, CheckpointPart)
        seq, last = seq + len(part.records), part.seq


def test_a_home_that_begins_again_without_end_is_given_up(home: Config, given: Giving):
    found, now_ns = Fetching(home.all_instruments()), 0
    part = given.answer(CheckpointAsked(1))
    assert isinstance(part, CheckpointPart)
    while found.question(now_ns) is not None:
        found.came(replace(part, chain=f"{now_ns:x}", seq=part.seq + 9), now_ns)
        now_ns += SILENT_NS - 1
    assert found.fault == "it has not come within 120 s"
    assert now_ns < LONGEST_NS + SILENT_NS
