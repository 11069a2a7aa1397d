"""The code itself: imports point down, cores touch nothing outside, files stay small."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "tapewire"
PEERS = {"gateway", "strategy", "executor", "risk"}
BELOW = {
    "common": set(),
    "simulator": {"common"},
    **{peer: {"common"} for peer in PEERS},
    "recorder": {"common"},
    "bridge": {"common"},
    "relay": {"common"},
    "virtual": {"common", "simulator", *PEERS},
    "backtest": {"common", "simulator", "virtual", *PEERS},
    "console": {"common", "simulator", "virtual", "backtest", "recorder", "bridge", *PEERS},
    "client": {"common", "strategy", "console"},
    "web": {"common", "strategy", "backtest", "recorder", "console"},
    "benchmarks": {
        "common",
        "simulator",
        "virtual",
        "backtest",
        "recorder",
        "bridge",
        "console",
        *PEERS,
    },
}
"""For each package the others that it may import; `benchmarks` measures all of them."""

EXCEPTIONS = {("executor", "risk.rules"), ("gateway", "risk.rules")}
"""Executor and gateway run risk's rules, which are pure, before an order goes."""

CORES = """
    gateway/gateway.py gateway/connection.py gateway/restart_window.py gateway/tws/attempt.py
    gateway/at_most.py gateway/pace.py gateway/error_reports.py gateway/tws/throttle.py
    gateway/tws/reconnect.py gateway/tws/connectivity.py gateway/tws/pulse.py
    gateway/projectx/adapter.py gateway/projectx/asked.py gateway/projectx/lines.py
    gateway/projectx/listing.py gateway/projectx/market.py gateway/projectx/orders.py
    gateway/projectx/reports.py gateway/projectx/requests.py gateway/projectx/session.py
    gateway/projectx/words.py gateway/projectx/changes.py
    gateway/projectx/past.py simulator/projectx/server.py simulator/projectx/venue.py
    simulator/projectx/line.py simulator/projectx/hubs.py simulator/projectx/trading.py
    simulator/projectx/lookups.py simulator/projectx/faults.py
    gateway/orders gateway/tws/session.py gateway/tws/translate.py
    gateway/feeds gateway/tws/lines.py gateway/tws/line_limits.py common/bus/derived.py
    gateway/tws/streams.py gateway/tws/line.py gateway/tws/lacks.py gateway/tws/by_tick.py
    gateway/tws/beside.py gateway/tws/market_port.py common/bus/sequenced.py
    gateway/tws/top_of_book.py common/generic_ticks.py
    gateway/outbox.py gateway/tws/framing.py gateway/tws/market_data.py gateway/tws/contracts.py
    gateway/tws/encoder.py gateway/marks.py strategy/base.py strategy/runner.py
    executor/executor.py executor/groups risk/monitor.py risk/enforcement.py risk/flatten.py
    risk/closing.py risk/cancels.py risk/halting.py risk/openings.py risk/publishing.py
    risk/flattens.py risk/lists.py risk/sweeps.py risk/reloading.py
    risk/rules risk/notices/notice.py risk/notices/message.py risk/notices/delivery.py
    risk/notices/notifier.py risk/notices/watching.py risk/notices/summary.py
    virtual/direct simulator/exchange simulator/faults simulator/protocol/session.py
    simulator/server.py simulator/answers simulator/market/history.py simulator/market/tape.py
    simulator/market/past.py simulator/market/bars.py simulator/market/ticks.py
    common/events common/accounting common/bus/wire.py common/bus/streams.py
    common/bus/router.py common/runtime/service.py common/runtime/metrics.py common/instruments.py
    common/delivery/desk.py common/delivery/outcomes.py common/delivery/outgoing.py
    common/delivery/signals.py common/bus/from_now.py
    common/shorthands.py common/combos.py common/options.py common/greeks.py
    common/calendars/sessions.py common/patterns strategy/patterns
    console/model/group.py console/model/prices.py console/model/curve.py console/model/deltas.py
    console/model/earnings.py console/model/blotter_rows.py console/model/event_rows.py
    console/model/warnings.py
    web/access.py web/guard.py web/limits.py web/nonces.py
    recorder/recording.py recorder/segments.py recorder/streams.py recorder/compactor.py
    bridge/engine.py bridge/mirroring.py common/bus/allowed.py common/bus/access.py relay/knocks.py
    relay/topics.py relay/measured.py relay/clients.py relay/hosts.py relay/streams.py
    relay/relay.py relay/door.py relay/fetching.py common/placement.py strategy/silence.py
"""
"""What decides: a file, or all files of a folder."""

OUTSIDE = {"time", "random", "secrets", "uuid", "socket", "select", "selectors", "asyncio"}
OUTSIDE |= {"threading", "multiprocessing", "subprocess", "zmq"}
PICKLING = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
SEEDED = {"Random"}  # `random.Random(seed)` gives the same numbers each time
LINES_MAX = 400

SOURCES = sorted(path for package in BELOW for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """Read when it is asked for: a worker that has no test of this file would have all of them in
    memory, and each collection of garbage would look through them."""
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Each module that a file imports, with the name taken from it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)} imports relatively; name the package"
            yield from ((str(node.module), alias.name) for alias in node.names)


def of_tapewire(path: Path) -> Iterator[tuple[str, str]]:
    """As `imported`, of Tapewire's own modules, without the package's name."""
    for module, name in imported(path):
        top, _, rest = module.partition(".")
        if top == PACKAGE and rest:
            yield rest, name


def is_allowed(package: str, module: str, name: str) -> bool:
    top = module.partition(".")[0]
    if top == package or top in BELOW[package]:
        return True
    return any(
        package == importer and f"{module}.{name}.".startswith(f"{excepted}.")
        for importer, excepted in EXCEPTIONS
    )


def test_imports_point_down() -> None:
    upward = [
        f"{name_of(path)} imports {module}.{name}"
        for path in SOURCES
        for module, name in of_tapewire(path)
        if not is_allowed(path.relative_to(ROOT).parts[0], module, name)
    ]
    assert upward == []


def test_the_import_rule_sees_what_it_must() -> None:
    assert not is_allowed("common", "gateway.session", "Session")
    assert not is_allowed("gateway", "executor.intents", "Intent")
    assert not is_allowed("executor", "risk.monitor", "RiskMonitor")
    assert not is_allowed("executor", "risk", "monitor")
    assert is_allowed("executor", "risk.rules", "check")
    assert is_allowed("executor", "risk.rules.limits", "check")
    assert is_allowed("executor", "risk", "rules")
    assert is_allowed("console", "backtest.run", "run")
    assert not is_allowed("backtest", "console.cli", "main")


def test_modules_import_each_other_in_no_circle() -> None:
    """At import time, that is: an import inside a function, or for types alone, closes none."""
    edges = defaultdict(set)
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in SOURCES}
    for module, path in names.items():
        for node in tree_of(path).body:
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{PACKAGE}."):
                base = str(node.module).partition(".")[2]
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    edges[module].add(full if full in names else base)
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail, module])
        if module in done:
            return
        for other in edges[module]:
            visit(other, (*trail, module))
        done.add(module)

    for module in names:
        visit(module, ())


def test_tapewire_is_imported_under_its_one_name() -> None:
    """`import common` works inside a checkout too, and would load every class a second time."""
    bare = [
        f"{name_of(path)} imports {module}"
        for path in SOURCES + TESTS
        for module, _ in imported(path)
        if module.partition(".")[0] in BELOW
    ]
    assert bare == []


def test_no_source_imports_a_test_a_pickler_or_a_private_name() -> None:
    found = [
        f"{name_of(path)} imports {module}.{name}"
        for path in SOURCES
        for module, name in imported(path)
        if module.partition(".")[0] in PICKLING | {"tests"}
        or (module.startswith(PACKAGE) and name.startswith("_") and name[:2] != "__")
    ]
    assert found == []


def core_files() -> Iterator[Path]:
    for name in CORES.split():
        path = ROOT / name
        assert path.exists(), f"{name} is listed as a core and is not there"
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def test_a_core_reads_no_clock_opens_no_socket_and_draws_no_unseeded_number() -> None:
    for path in core_files():
        source = path.read_text()
        used = [
            f"{module}.{name}".rstrip(".")
            for module, name in imported(path)
            if module.partition(".")[0] in OUTSIDE and name not in SEEDED
        ]
        if used == ["random"]:  # the module may be there for `random.Random(seed)` alone
            used = [name for name in attributes_of(tree_of(path), "random") if name not in SEEDED]
        assert used == [], f"{name_of(path)} uses {used}; a core gets time and chance from outside"
        for opener in ("now", "utcnow", "today"):
            assert f"datetime.{opener}(" not in source, f"{name_of(path)} reads the clock"


def attributes_of(tree: ast.AST, module: str) -> list[str]:
    """What a source takes from a module that it imports whole."""
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    ]


def test_a_module_begins_with_a_line_that_says_its_job() -> None:
    silent = [
        name_of(path)
        for path in SOURCES + TESTS
        if path.read_text() and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    lengths = {name_of(p): len(p.read_text().splitlines()) for p in SOURCES + TESTS}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}
