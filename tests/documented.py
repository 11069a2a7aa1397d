"""The commands that README and docs state, as lines that a shell can run."""

import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import typer.main

from tapewire.console import application
from tapewire.simulator.__main__ import parser
from tests.markdown import DOCUMENTS, Span, blocks, spans
from tests.places import ROOT

CLI: dict[str, Any] = dict(typer.main.get_command(application.application()).commands)  # type: ignore[attr-defined]
PROGRAMS = (
    "docker", "kill", "make", "node", "npm", "npx", "pip", "python", "sh", "supervisorctl",
    "supervisord", "systemctl",
)  # fmt: skip

VALUES = {  # what a reader puts where the docs have a word in capitals; FILL is found in the test
    "EVENTS": "run",
    "FILE": "ticks.csv",
    "FILL": "FILL",
    "FOLDER": "charts/",
    "INTENT_ID": "dip-e-7/1",
    "N": "2",
    "NAME": "momentum-fast",
    "PROCESS": "risk",
    "PUBLIC_KEY": "UD-1nEpJvE0lzb/MUvUM2QnKnY8Fle4JvQsOQHM7",
    "RUN_DIR": "run",
    "ROLE": "gateway",
    "cancelled|filled|lost": "cancelled",
    "TOPIC": "tick.AAPL gateway",
    "--host NAME": "--host far",
    "--role ROLE": "--role strategy",
    "--from DAY": "--from -1d",
    "--to DAY": "--to today",
    "--what executions|orders|positions|pnl|cash": "--what pnl",
    "--format csv|parquet": "--format csv",
    "-o FILE": "-o ledger.csv",
    "average|fifo": "fifo",
    "--from FILE": "--from copy.sqlite",
    "--from TIME": "--from -10m",
    "--limit N": "--limit 3",
    "--reason TEXT": "--reason seen",
    "--seconds N": "--seconds 1",
    "--source NAME": "--source gateway",
    "--at TIME": "--at -0s",
    "--account A": "--account DU1234567",
    "--strategy S": "--strategy momentum-fast",
    "--symbol X": "--symbol AAPL",
    "--timeout S": "--timeout 5",
    "--to TIME": "--to 2100-01-01T00:00Z",
    "--type PREFIX": "--type order. --type execution.",
}
SHOWN = {"0000e0d5.66afae11": "FILL"}  # the one of an example's output is that of no other run
_ALL_BUT_WORDS = re.compile(r"[^\s\[\]]+")


class Command(NamedTuple):
    """A command as it is written, and where."""

    where: str
    text: str

    @property
    def name(self) -> str:
        """`tapewire`'s own command, or the program."""
        words = self.text.split()
        return words[1] if words[0] == "tapewire" and len(words) > 1 else words[0]

    @property
    def lines(self) -> list[str]:
        """It as a reader would type it: without its optional parts, with all of them, and with
        each that makes it go on until Ctrl-C."""
        optional = [fill(part) for part in re.findall(r"(?<!\S)\[([^\]]+)\]", self.text)]
        required = fill(re.sub(r"\s*(?<!\S)\[[^\]]+\]", "", self.text))
        alone = [f"{required} {part}" for part in optional]
        return [required, " ".join([required, *optional]), *filter(is_stream, alone)]

    @property
    def is_name(self) -> bool:
        """Whether it only names a command that cannot do without arguments."""
        words = self.text.split()
        required = (
            self.name in CLI
            and not is_group(self.name)
            and any(p.required for p in CLI[self.name].params)
        )
        needs = required or self.name == "backtest"  # on what is recorded it can
        return words == ["tapewire"] or (len(words) == 2 and needs)


def is_stream(line: str) -> bool:
    """Whether the command goes on until Ctrl-C."""
    if line.startswith("tapewire tail"):
        return "--seconds" not in line
    if line.startswith("tapewire watch"):
        return "--seconds" not in line and "--from" not in line
    if line in ("tapewire run", "tapewire data record") or "--follow" in line:
        return True
    return " follow" in line and "--limit" not in line


def fill(text: str) -> str:
    """`text` with a value for each word that stands for one; a word without one is an error."""
    text = text.replace(" ...", "")
    for shown, name in SHOWN.items():
        text = text.replace(shown, name)
    words = _ALL_BUT_WORDS.findall(text)
    filled: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if (given := VALUES.get(f"{before} {word}")) is not None:
            filled[-1:] = [given]
        elif word in VALUES:
            filled.append(VALUES[word])
        elif re.fullmatch(r"[A-Z][A-Z_]*", word) and word not in ("AAPL", "MSFT"):
            raise AssertionError(f"{text}: tests/documented.py has no value for {before} {word}")
        else:
            filled.append(word)
    return " ".join(filled)


def plain(text: str) -> str:
    """Without the folder of the environment, or the prompt."""
    return re.sub(r"^(\$ )?(\.venv/bin/)?", "", text)


def commands() -> list[Command]:
    """Each command once: of code spans, and of blocks of text that show a prompt.

    `orders` alone may as well be a socket's name, so a span without `tapewire` is a command only
    with what follows it. Blocks of sh are run whole, by the tests of their document.
    """
    found: dict[str, Command] = {}
    for path in DOCUMENTS:
        stated = [Command(s.where, plain(s.text)) for s in spans(path)]
        for block in blocks(path, "text"):
            prompts = [line for line in block.lines if line.startswith("$ ")]
            stated += [Command(block.where, plain(line)) for line in prompts]
        for where, text in stated:
            if (command := _as_typed(where, text)) is not None:
                found.setdefault(command.text, command)
    return list(found.values())


def _as_typed(where: str, text: str) -> Command | None:
    first, _, rest = text.partition(" ")
    if first == "tapewire":
        return Command(where, text)
    if rest and first in CLI:
        return Command(where, f"tapewire {text}")
    return Command(where, text) if rest and first in PROGRAMS else None


def named_in(texts: list[str]) -> set[str]:
    """The names of the tapewire commands and modules in pieces of text."""
    names = set()
    for text in texts:
        module = re.search(r"\bpython -m (\w+(?:\.\w+)*)", text)
        names |= {module[1]} if module else set()
        words = [w.strip("`") for w in re.findall(r"[\w-]+", text)]
        is_key = re.match(r"\[?\w+[\].]", text)  # of the configuration
        if words and words[0] in CLI and not is_key:
            names.add(words[0])
        names |= {b for a, b in pairwise(words) if a == "tapewire" and b in CLI}
    return names


def options_stated(path: Path) -> list[tuple[Span, str]]:
    """Each span that is an option alone, such as `--json`, and the option."""
    return [(s, s.text.split()[0]) for s in spans(path) if re.match(r"--[a-z]", s.text)]


def options_of(name: str) -> set[str]:
    """The options of one of tapewire's commands; of a group those of all its commands."""
    if name == "simulator":  # its options are not typer's
        return {opt for one in parser()._actions for opt in one.option_strings}
    commands = CLI[name].commands.values() if is_group(name) else [CLI[name]]
    return {
        opt
        for one in commands
        for p in one.params
        for opt in (*p.opts, *p.secondary_opts, "--help")
    }


@cache  # several tests ask the same module for its options
def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m` with these, at its end."""
    line = [sys.executable, "-m", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def is_group(name: str) -> bool:
    """Whether it is a group of commands, which runs its `list` where none of them is named."""
    return hasattr(CLI[name], "commands")
