"""The commands of README and docs that are not tapewire's: run, or listed with the reason."""

import importlib.util
import re
import subprocess
import tomllib
from collections.abc import Callable

from tests.documented import Command, commands, ended
from tests.places import ROOT

PROCESSES = "gateway|strategy|executor|risk|simulator"  # of the group, in README's table


def _make(command: Command) -> None:
    """Sets up or takes minutes; tests/test_readme.py has what `make run` and `make test` start."""
    line = [*command.text.split(), "--dry-run", "--assume-old=.venv/.stamp"]
    assert subprocess.run(line, cwd=ROOT, capture_output=True, check=False).returncode == 0


def _install(command: Command) -> None:
    """Downloads packages; what it asks for must be there to be had."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in re.findall(r"\[(\w+)\]", command.text):
        assert extra in project["optional-dependencies"]
    package = (ROOT / "tests" / "node" / "package.json").read_text()
    for name in command.text.split()[2:] if command.text.startswith("npm") else ():
        assert f'"{name}"' in package


def _help(command: Command) -> None:
    """Takes minutes (tests/benchmarks runs them), lacks what it needs, or goes on for ever."""
    words = command.text.replace("NAME", "throughput").split()
    of_benchmark = words[3:4] if words[2] == "tapewire.benchmarks" else []
    shown = _shown(words[2], *of_benchmark, "--help")
    for option in re.findall(r"--[a-z-]+", command.text):
        assert option in shown


def _module(command: Command) -> None:
    """A part of a benchmark, started and spoken to by that; or run by the test of its document."""
    assert importlib.util.find_spec(command.text.split()[2])


def _run(command: Command) -> None:
    _shown(*command.lines[0].split()[2:])


def _shown(*arguments: str) -> str:
    """What `python -m` with these prints."""
    one = ended(*arguments)
    assert one.returncode == 0, one.stdout + one.stderr
    return one.stdout


def _named(command: Command) -> None:
    """It is only spoken of: what it would end has no number there."""
    assert command.text == "kill -9"


def _elsewhere(command: Command) -> None:
    """Not ours; that its configuration is there. tests/deploy runs it, or looks at the file."""
    (file,) = re.findall(r"deploy/\S+", command.text)
    assert (ROOT / file).is_file()


def _unit(command: Command) -> None:
    """tests/deploy/test_units.py looks at it."""
    assert (ROOT / "deploy" / f"{command.text.split()[-1]}.service").is_file()


def _wheel(command: Command) -> None:
    """tests/test_docs_tutorial.py builds it, and installs it where the tests are long."""
    assert command.text.startswith("pip wheel --no-deps")


ELSEWHERE: dict[str, Callable[[Command], None]] = {
    r"make [\w-]+( UPGRADE=1)?": _make,
    r"(pip|npm) install .*": _install,
    r"pip wheel --no-deps \.": _wheel,
    r"kill -9": _named,
    r"prometheus --config\.file=\S+": _elsewhere,
    r"systemctl enable --now tapewire": _unit,
    r"DESK=\S+ docker compose -f deploy/compose\.yaml up": _elsewhere,
    r"python -m tests\.simulation --seed N --steps N": _run,
    r"python -m tests\.simulation( --both --seed N --steps N)?": _help,
    r"python -m tests\.simulation --seed \d+ --seeds \d+ --steps \d+ --long": _help,
    r"python -m tests\.(exhaustive|mutants|tokens)": _help,
    r"python -m tests\.chaos( --both)? --seed \w+ --minutes \w+( --json)?": _help,
    r"python -m tests\.model --faults N": _help,
    r"python -m tapewire\.simulator\.chain_file SYMBOL": _help,
    r"python -m tapewire\.benchmarks (NAME|all|backtest|cluster|patterns)( .*)?": _help,
    r"python -m tapewire\.benchmarks (recorder|throughput)( .*)?": _help,
    r"python -m tapewire\.benchmarks\.(load|peers)\.\w+( .*)?": _module,
    r"python -m tapewire\.strategy\.loading\.check NAME": _run,
    r"python -m tapewire\.strategy\.examples\.\w+ .*": _module,  # test_docs_commands.py runs it
    r"python -m tapewire\.risk\.notices": _module,  # tests/pipeline/test_notices.py runs it
    r"python -m tapewire\.web": _module,  # tests/browser and test_docs_commands.py run it
    r"python -m tapewire\.bridge": _module,  # tests/pipeline/test_restored.py runs it
    r"python -m tapewire\.relay": _module,  # tests/pipeline/test_hosts.py runs it
    r"python -m tapewire\.recorder": _module,  # tests/pipeline/test_recorder.py runs it
    r"python -m tapewire\.common\.calendars\.export( NAME FROM TO)?": _module,  # test_calendars.py
    r"python -m tapewire\.simulator\.projectx": _help,  # tests/simulator/projectx runs it
    rf"python -m tapewire\.({PROCESSES})( .*)?": _help,  # tests/test_docs_processes.py runs them
}


def test_every_other_command_is_run_or_listed_with_the_reason():
    others = [c for c in commands() if not c.text.startswith("tapewire")]
    checks = [(command, _check(command)) for command in others]
    assert [f"{c.where}: no test knows how to run `{c.text}`" for c, k in checks if not k] == []
    for command, check in checks:
        check(command)


def _check(command: Command) -> Callable[[Command], None] | None:
    known = [check for shape, check in ELSEWHERE.items() if re.fullmatch(shape, command.text)]
    return known[0] if known else None
