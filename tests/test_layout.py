"""The code itself: imports point down, the cores touch nothing outside, files stay small."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PEERS = {"gateway", "strategy", "executor", "risk"}
MAY_IMPORT = {
    "common": set(),
    "simulator": {"common"},
    **{peer: {"common"} for peer in PEERS},
    "backtest": {"common", "simulator", *PEERS},
    "console": {"common", "simulator", "backtest", *PEERS},
    "benchmarks": {"common", "simulator", "backtest", "console", *PEERS},
}
"""For each package the others that it may import; `benchmarks` measures all of them."""

EXCEPTIONS = {("executor", "tapewire.risk.rules")}
"""The executor runs risk's rules, which are pure, before an order goes."""

CORES = {
    "gateway": "session translate pacing framing errors contracts market_data orders requests",
    "strategy": "base runner windows patterns indicators",
    "executor": "executor order_state intents ledger reconcile",
    "risk": "monitor state enforce sessions rules",
    "simulator": "session exchange matching market account orders faults",
    "common": "events wire journal streams positions metrics service instruments",
}
"""The modules that decide; a name that does not exist (yet) is passed over."""

OUTSIDE = {"time", "random", "secrets", "uuid", "socket", "select", "selectors", "asyncio"}
OUTSIDE |= {"threading", "multiprocessing", "subprocess", "zmq"}
SEEDED = {"Random"}  # `random.Random(seed)` gives the same numbers each time
LINES_MAX = 400

FILES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CORE_FILES = sorted(
    path
    for package, names in CORES.items()
    for name in names.split()
    for path in [ROOT / package / f"{name}.py", *(ROOT / package / name).rglob("*.py")]
    if path.exists()
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Each module that a file imports, with the name taken from it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield from ((module, alias.name) for alias in node.names)


def is_allowed(package: str, module: str, name: str) -> bool:
    top = module.partition(".")[0]
    if top not in MAY_IMPORT or top == package or top in MAY_IMPORT[package]:
        return True
    full = f"{module}.{name}"
    return any(
        package == importer and f"{full}.".startswith(f"{excepted}.")
        for importer, excepted in EXCEPTIONS
    )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    upward = [m for m, name in imported(path) if not is_allowed(package, m, name)]
    assert upward == [], f"{name_of(path)} imports {upward}; {package} may not"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_imports_its_tests(path: Path) -> None:
    assert [m for m, _ in imported(path) if m.partition(".")[0] == "tests"] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_module_takes_a_private_name_of_another(path: Path) -> None:
    private = [f"{m}.{n}" for m, n in imported(path) if n.startswith("_") and n[:2] != "__"]
    assert private == [], f"{name_of(path)} takes {private}; give it a public name"


@pytest.mark.parametrize("path", CORE_FILES, ids=name_of)
def test_a_core_reads_no_clock_opens_no_socket_and_draws_no_unseeded_number(path: Path) -> None:
    used = [
        f"{module}.{name}".rstrip(".")
        for module, name in imported(path)
        if module.partition(".")[0] in OUTSIDE and name not in SEEDED
    ]
    source = path.read_text()
    if used == ["random"]:  # the module may be there for `random.Random(seed)` alone
        used = [name for name in attributes_of(source, "random") if name not in SEEDED]
    assert used == [], f"{name_of(path)} uses {used}; a core gets time and chance from outside"
    for opener in ("now", "utcnow", "today"):
        assert f"datetime.{opener}(" not in source, f"{name_of(path)} reads the clock"


def attributes_of(source: str, module: str) -> list[str]:
    """What a source takes from a module that it imports whole."""
    return [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    ]


@pytest.mark.parametrize("path", [p for p in FILES + TESTS if p.read_text()], ids=name_of)
def test_a_module_begins_with_a_line_that_says_its_job(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", FILES + TESTS, ids=name_of)
def test_no_file_is_too_long_to_be_read_at_once(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES_MAX, f"{name_of(path)} has {lines} lines, expected {LINES_MAX} at most"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_pickled(path: Path) -> None:
    pickling = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    assert [m for m, _ in imported(path) if m.partition(".")[0] in pickling] == []


def test_the_rule_itself_sees_what_it_must() -> None:
    assert not is_allowed("common", "tapewire.gateway.tws.session", "Session")
    assert not is_allowed("gateway", "executor.intents", "Intent")
    assert not is_allowed("executor", "tapewire.risk.monitor", "RiskMonitor")
    assert not is_allowed("executor", "risk", "monitor")
    assert is_allowed("executor", "tapewire.risk.rules", "check")
    assert is_allowed("executor", "tapewire.risk.rules.limits", "check")
    assert is_allowed("executor", "risk", "rules")
    assert is_allowed("console", "tapewire.backtest.run", "run")
    assert not is_allowed("backtest", "tapewire.console.cli", "main")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_whatever_is_printed_may_hold_brackets(path: Path) -> None:
    consoles = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Console"
    ]
    plain = [c for c in consoles if any(k.arg == "markup" for k in c.keywords)]
    assert plain == consoles, f"{name_of(path)}: expected Console(markup=False)"
