"""A rhythm keeps its grid, however late a turn is."""

from tapewire.common.runtime.rhythm import Rhythm


def test_it_is_due_at_once_and_then_at_the_next_place_of_its_grid():
    rhythm = Rhythm(100, phase_ns=7)
    assert rhythm.due_ns == 0
    rhythm.done(50)
    assert rhythm.due_ns == 107
    rhythm.done(107)
    assert rhythm.due_ns == 207


def test_a_late_turn_does_not_shift_what_comes_after_it():
    rhythm = Rhythm(100)
    rhythm.done(199)
    assert rhythm.due_ns == 200
    rhythm.done(455)
    assert rhythm.due_ns == 500
