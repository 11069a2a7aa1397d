"""Retention: what is left of the halts in risk's journal comes to the same decisions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common import roles
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.events import EVERYTHING, Event, LockOutEnded, RiskHalted, RiskResumed, Scope
from tapewire.common.retention.halts import Halts
from tapewire.common.retention.policy import Record

scopes = st.sampled_from([EVERYTHING, Scope("DU1"), Scope("DU2", symbol="AAPL")])
ends = st.sampled_from([5, 9])
plain = st.builds(
    RiskHalted, st.just(1), scopes, st.sampled_from("xy"), until_ns=st.sampled_from([0, 5, 9])
)
answers = st.builds(RiskHalted, st.just(1), scopes, st.just("z"), st.sampled_from(["c1", "c2"]))
resumes = st.builds(RiskResumed, st.just(2), scopes, st.just("seen"))
ended = st.builds(LockOutEnded, st.just(3), scopes, ends)
journals = st.lists(st.one_of(plain, answers, resumes, ended), max_size=14)


def decided(events: list[Event]) -> Decisions:
    one = Decisions()
    for event in events:
        one.apply(event)
    return one


@given(journals)
@settings(max_examples=500)
def test_what_is_left_of_the_halts_comes_to_the_same_decisions(journal) -> None:
    policy = Halts()
    for seq, event in enumerate(journal, start=1):
        policy.look(record(seq, event))
    left = [e for seq, e in enumerate(journal, start=1) if not policy.drops(e, seq)]
    assert decided(left).snapshot() == decided(journal).snapshot()
    halting = [e for e in left if isinstance(e, RiskHalted) and not e.cause_id]
    assert len(halting) <= 2 * 3, "no more than what is in force"


def record(seq: int, event: Event) -> Record:
    return Record(roles.RISK, seq, event)
