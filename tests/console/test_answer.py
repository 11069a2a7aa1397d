"""The rows of an answer are never cut, in a terminal or in a pipe."""

import io

from rich.console import Console

from tapewire.console.views import answer

COLUMNS = [f"column_{number}" for number in range(12)]
ROWS: list[list[object]] = [[1_234_567_890.12 + number for number in range(12)], [None] * 12]


def shown(columns: list[str], rows: list[list[object]], *, terminal: bool) -> list[str]:
    file = io.StringIO()
    console = Console(
        file=file, width=80, force_terminal=terminal, color_system=None, markup=False, emoji=False,
        highlight=False,
    )  # fmt: skip
    answer.show(columns, rows, console)
    return file.getvalue().splitlines()


def test_in_a_pipe_a_row_is_one_line():
    head, first, second = shown(COLUMNS, ROWS, terminal=False)
    assert head.split() == COLUMNS
    assert first.split() == [str(value) for value in ROWS[0]]
    assert second == ""


def test_a_terminal_that_is_too_narrow_has_a_line_for_each_value():
    lines = shown(COLUMNS, ROWS, terminal=True)
    assert len(lines) == 2 * (1 + len(COLUMNS))
    assert lines[0].split() == ["row", "1"]
    assert [tuple(line.split()) for line in lines[1:13]] == [
        (name, str(value)) for name, value in zip(COLUMNS, ROWS[0], strict=True)
    ]


def test_what_fits_is_a_table_in_both():
    few = [["a[b]", 1], ["c", None]]
    for terminal in (True, False):
        lines = [line.split() for line in shown(["name", "n"], few, terminal=terminal)]
        assert lines == [["name", "n"], ["a[b]", "1"], ["c"]]
