"""Processes that die, fall silent, restart or are HALTED, each said once."""

from collections.abc import Mapping

from tapewire.risk.notices.watching import Known, News, Watch


def status(epoch: str = "1", **more: object) -> dict[str, object]:
    return {"epoch": epoch, "state": "READY", "reason": "", "age_s": 0.1, **more}


DEAD = status(ended="process 9 died", died=True)
HALTED = status(state="HALTED", reason="its journal is damaged")


def looks(watch: Watch, **statuses: Mapping[str, object]) -> list[News]:
    return list(watch.look({name: dict(one) for name, one in statuses.items()}))


def test_the_start_of_a_group_is_no_news():
    watch = Watch({})
    assert looks(watch, gateway=status()) == []
    assert looks(watch, gateway=status(), risk=status()) == []


def test_a_process_that_dies_and_comes_back_is_said_twice():
    watch = Watch({"gateway": Known("1")})
    assert looks(watch, gateway=DEAD) == [("failure", "gateway has died")]
    assert looks(watch, gateway=DEAD) == []
    assert looks(watch, gateway=status("2")) == [("warning", "gateway has restarted")]
    assert looks(watch, gateway=status("2")) == []


def test_a_restart_between_two_looks_shows_by_its_epoch():
    watch = Watch({"gateway": Known("1")})
    assert looks(watch, gateway=status("2")) == [("warning", "gateway has restarted")]


def test_one_that_was_told_to_end_is_no_news():
    watch = Watch({"gateway": Known("1")})
    assert looks(watch, gateway=status(ended="SIGTERM")) == []
    assert looks(watch, gateway=status(ended="parent died")) == []


def test_silence_is_said_when_it_lasts_and_when_it_is_over():
    watch = Watch({"risk": Known("1")})
    silent = status(age_s=9.0)
    assert looks(watch, risk=silent) == []
    assert looks(watch, risk=silent) == [("failure", "risk does not report its state any more")]
    assert looks(watch, risk=silent) == []
    assert looks(watch, risk=status()) == [("success", "risk is back")]


def test_a_machine_that_slept_is_no_silence():
    watch = Watch({"risk": Known("1")})
    assert looks(watch, risk=status(age_s=3600.0)) == []
    assert looks(watch, risk=status()) == []


def test_a_halted_process_says_why_and_a_halt_of_risk_is_not_said_twice():
    watch = Watch({"risk": Known("1"), "gateway": Known("1")})
    assert looks(watch, risk=status(state="HALTED", reason="R", halts=[{}])) == []
    (found,) = looks(watch, gateway=HALTED, risk=status())
    assert found == ("failure", "gateway is HALTED: its journal is damaged")
    (found,) = looks(watch, risk=HALTED)
    assert found == ("failure", "risk is HALTED: its journal is damaged")


def test_what_was_said_is_not_said_again_by_the_next_notifier():
    known = {"gateway": Known("1")}
    assert looks(Watch(known), gateway=DEAD) == [("failure", "gateway has died")]
    assert looks(Watch(known), gateway=DEAD) == []
    assert looks(Watch(known), gateway=status("2")) == [("warning", "gateway has restarted")]


def test_the_notifier_does_not_watch_itself():
    assert looks(Watch({"notices": Known("1")}), notices=status("2")) == []
