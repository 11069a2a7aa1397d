"""The shell completes commands, their commands and their options."""

import pytest

from tests.console.running import Tapewire


@pytest.fixture
def completed(tapewire: Tapewire, monkeypatch):
    def complete(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_TAPEWIRE_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS" if shell == "bash" else "_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        if shell == "fish":
            monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        return tapewire().out.split("\n")[:-1]

    return complete


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("tapewire da", ["data"]),
        ("tapewire data exp", ["export"]),
        ("tapewire orders ca", ["cancel"]),
        ("tapewire logs --le", ["--level"]),
        ("tapewire logs --level w", ["warning"]),
        ("tapewire orders list --li", ["--live"]),
        ("tapewire nothing", [""]),
    ],
)
def test_a_line_that_was_begun_can_go_on(completed, line: str, found: list[str]):
    assert sorted(completed(line)) == sorted(found)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_answered_in_their_own_way(completed, shell: str):
    assert any("export" in line for line in completed("tapewire data exp", shell))
