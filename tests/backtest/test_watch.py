"""A back-test that takes long says how far it is, and Ctrl-C keeps what is done."""

import io
import os
import signal

import pytest

from tapewire.backtest import watch as watches
from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.backtest.watch import Interrupted, Watch, progress
from tapewire.common.config import settings as configuration
from tapewire.common.ticks.file import TickFile
from tapewire.strategy import Strategy
from tests.backtest.made import Script, config, ticks


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Impatient(Script):
    """Its author presses Ctrl-C at the second order."""

    def buy(self, *arguments, **terms):
        os.kill(os.getpid(), signal.SIGINT)
        return Strategy.buy(self, *arguments, **terms)


@pytest.mark.parametrize("full", [True, False])
def test_ctrl_c_keeps_what_is_done_and_marks_it_as_incomplete(full, tmp_path):
    file = config(tmp_path)
    file.write_text(file.read_text().replace("made:Script", "test_watch:Impatient"))
    outcome = run(
        TickFile(ticks(tmp_path)), Window(), configuration.load(str(file)), ["script"],
        full=full, say=lambda _text: None,
    )  # fmt: skip
    assert "incomplete" in outcome.figures["faults"][0]
    assert 0 < outcome.figures["signals"] < 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_terminal_shows_rate_and_time_left_after_two_seconds(monkeypatch):
    clock = iter([0.0, 1.9, 4.0, 4.1])
    monkeypatch.setattr(watches.time, "monotonic", lambda: next(clock))
    out = Terminal()
    watch = Watch(1_000, out)
    watch.look(100)
    assert out.getvalue() == ""
    watch.look(250)
    watch.look(260)
    assert out.getvalue().endswith("25 %, 62 rows/s, 12 s left")
    watch.clear()
    assert out.getvalue().endswith(watches.CLEAR_LINE)


def test_nothing_is_shown_where_there_is_no_terminal(monkeypatch):
    out = io.StringIO()
    watch = Watch(10, out)
    watch.look(5)
    watch.clear()
    assert out.getvalue() == ""
    watch.is_interrupted = True
    with pytest.raises(Interrupted):
        watch.look(6)


def test_the_line_says_nothing_that_is_not_known():
    assert progress(0, 100, 3.0) == "0 %, 0 rows/s"
