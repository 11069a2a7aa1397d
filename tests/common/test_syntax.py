"""The error for a file that is not TOML: the line, and what belongs there."""

from pathlib import Path

import pytest

from tapewire.common.config.settings import ConfigError, load

QUOTES = "text must be in quotes"
END = "the quote at the text's end is missing"
BAD = {
    "[strategies]\na = 1\n[strategies]\n": ("line 3: [strategies] must be written [[strategies]]"),
    "[[strategies]]\na = 1\n[strategies]\n": (
        "line 3: [strategies] must be written [[strategies]]"
    ),
    "[instruments]\na = 1\n[[instruments]]\n": (
        "line 3: [[instruments]] follows a [instruments]; each needs two brackets"
    ),
    "[risk]\na = 1\n[risk]  # again\n": (
        "line 3: [risk] is a duplicate; put its keys under one of them"
    ),
    "[tws]\nport = 1\nport = 2\n": "line 3: port is a duplicate",
    "[tws]\nport = 1\nport = 2": "line 3: port is a duplicate",
    "a = 1\nrun_dir = run\n": f'line 2: run_dir = run: {QUOTES}, as in "run"',
    "symbols = [AAPL, MSFT]": f'line 1: symbols = [AAPL, MSFT]: {QUOTES}, as in "AAPL"',
    "[metrics]\nenabled = False": ("line 2: enabled = False: false must be in lower case"),
    "[tws]\nhost = 127.0.0.1": (
        f"line 2: host = 127.0.0.1: there is more after the value; {QUOTES}"
    ),
    "[tws]\nport = = 1": f"line 2: port = = 1: no value found; {QUOTES}",
    "[tws]\nport =": f"line 2: port =: no value found; {QUOTES}",
    "port 7497": "line 1: port 7497: a key and its value have a = between them",
    'run_dir = "run\n': f'line 1: run_dir = "run: {END}',
    'run_dir = "run': f'line 1: run_dir = "run: {END}',
    f"a = {'[' * 5000}": "lists or tables are nested too deeply; expected TOML in UTF-8",
    "symbols = [1": "line 1: symbols = [1: the ] at the list's end is missing",
    'path = "C:\\mine"': (
        "line 1: path = \"C:\\mine\": a backslash in a text is written twice, or the text in '...'"
    ),
    "live_account = U1234567": f'line 1: live_account = U***: {QUOTES}, as in "U***"',
    f"a = {'1 ' * 40}": f"line 1: a = {'1 ' * 28}...: there is more after the value; {QUOTES}",
}


@pytest.mark.parametrize(("text", "sentence"), BAD.items(), ids=[ascii(text) for text in BAD])
def test_a_fault_is_one_sentence_with_its_line(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(str(file))
    assert str(caught.value) == f"{file}: {sentence}"


def test_a_fault_that_has_no_words_here_is_told_in_the_parsers(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("= 1")
    with pytest.raises(ConfigError, match=r"line 1: = 1: \w+"):
        load(str(file))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_bytes(b"a = 1\xff")
    with pytest.raises(ConfigError, match=r"not text in UTF-8 .*; expected TOML$"):
        load(str(file))
