"""The configuration: what is taken, and for each fault the sentence that a person reads."""

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common.bus.endpoints import RUN_DIR_MAX, STREAMS, endpoint, prepare_run_dir
from tapewire.common.bus.ports import PORTS
from tapewire.common.config.settings import BusConfig, Config, ConfigError, load
from tests.places import ROOT


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [v for v in os.environ if v.startswith("TAPEWIRE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


def refusal(text: str) -> str:
    """The error for a file with `text`."""
    Path("tapewire.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    return str(caught.value)


STRATEGY = '[[strategies]]\nname = "one"\nstrategy = "a.b:C"\n'
INSTRUMENTS = '[[instruments]]\nsymbol = "AAPL"\n[[instruments]]\nsymbol = "MSFT"\n'
WARM_UP = STRATEGY + '[strategies.warm_up]\nticks = "t"\n'
BAD = {
    "[tws]\nport = 0": "tws.port is 0, must be 1 or more",
    "[tws]\nport = 65536": "tws.port is 65536, must be 65535 or less",
    '[tws]\nport = "x"': "tws.port is 'x', must be a whole number",
    "[tws]\nport = 1.5": "tws.port is 1.5, must be a whole number",
    "[tws]\nhost = 1": "tws.host is 1, must be text in quotes",
    "tws = 1": "tws is 1, must be a table",
    "instruments = 1": "instruments is 1, must be a list",
    '[instruments]\nsymbol = "A"': "[instruments] must be written [[instruments]]",
    "strategies = [1]": "number 1 of strategies is 1, must be a table",
    "[tws]\nprot = 1": "tws.prot is not a known key; did you mean port?",
    '[tws]\ndaily_restart = "midnight"': (
        "tws.daily_restart is 'midnight', must be a time such as 16:00, or 16:00 America/New_York"
    ),
    "tsw = 1": "tsw is not a known key; did you mean tws?",
    '[trading_day]\nzone = "Chicago"': (
        "trading_day.zone is 'Chicago', must be the name of a time zone, such as Europe/Berlin"
    ),
    '[trading_day]\nends = "25:00"': (
        "trading_day.ends is '25:00', must be a time of day, such as 17:00"
    ),
    '[ledger]\ncurrency = "usd"': (
        "ledger.currency is 'usd', must be a currency of three capital letters, such as USD"
    ),
    '[ledger]\ncurrency = "USD"\nrates = { EUR = 0 }': "ledger.rates.EUR is 0, must be above 0",
    "[ledger]\nrates = { EUR = 2 }": (
        "ledger.rates is {'EUR': 2}, must be empty without ledger.currency, in which rates are"
        " prices"
    ),
    "[metrics]\nprot = 1": "metrics.prot is not a known key; expected one of: enabled",
    WARM_UP + "form = 1": (
        "warm_up.form of [[strategies]] number 1 is not a known key; did you mean from?"
        " Known: from, ticks"
    ),
    "[bus.ports]\nmarkt = 1": (
        "bus.ports.markt is not a known key; did you mean market? Known: broker, control,"
        " execution, executor, hosts, liquidation, liquidation-broker, market, orders, queries,"
        " risk, signals"
    ),
    STRATEGY + "symbols = [1]": (
        "number 1 of symbols of [[strategies]] number 1 is 1, must be text in quotes"
    ),
    STRATEGY + 'symbols = "A"': ("symbols of [[strategies]] number 1 is 'A', must be a list"),
    STRATEGY + "parameters = 1": ("parameters of [[strategies]] number 1 is 1, must be a table"),
    STRATEGY + '[[strategies.feeds]]\nname = "f"\nendpoint = "tcp://1.2.3.4:5"': (
        "endpoint of [[feeds]] number 1 of [[strategies]] number 1 is 'tcp://1.2.3.4:5', must be"
        ' "ipc://PATH" or "tcp://127.0.0.1:PORT": no others are guarded yet'
    ),
    STRATEGY + 'symbols = ["AAPL", "MSTF"]\n' + INSTRUMENTS: (
        "strategies.one.symbols has MSTF, which is not in [[instruments]]; did you mean MSFT?"
        " Known: AAPL, MSFT"
    ),
    "run_dir = 1": "run_dir is 1, must be a path in quotes",
    'mode = "demo"': "mode is 'demo', must be 'paper' or 'live'",
    "[risk]\nmax_contracts = 5": (
        "risk.max_contracts is not a known key; expected one of: audit_path, delayed_prices,"
        " heartbeat_ms, lease_ms, profile, publish_ms, rules"
    ),
    "[[risk.rules]]\nlimit = 5": (
        "rule of [[risk.rules]] number 1 is missing\n"
        "tapewire.toml: limit of [[risk.rules]] number 1 is not a known key; expected one"
        " of: enforcement, parameters, rule, scope, until"
    ),
    "[[risk.rules]]\nrule = 5": "rule of [[risk.rules]] number 1 is 5, must be text in quotes",
    '[[risk.rules]]\nrule = "MaxContracts"\nenforcement = "shout"': (
        "number 1 of enforcement of [[risk.rules]] number 1 is 'shout', must be 'alert', 'deny',"
        " 'cancel', 'reduce', 'close', 'halt' or 'flatten'"
    ),
    '[[risk.rules]]\nrule = "MaxContracts"\nscope = {acount = "DU1"}': (
        "scope.acount of [[risk.rules]] number 1 is not a known key; did you mean account?"
        " Known: account, strategy, symbol"
    ),
    INSTRUMENTS + '[[risk.rules]]\nrule = "MaxContracts"\nscope = {symbol = "AAPLE"}': (
        "scope.symbol of [[risk.rules]] number 1 is AAPLE, which is not in [[instruments]];"
        " did you mean AAPL? Known: AAPL, MSFT"
    ),
    STRATEGY + '[[risk.rules]]\nrule = "MaxContracts"\nscope = {strategy = "ome"}': (
        "scope.strategy of [[risk.rules]] number 1 is ome, which is not in [[strategies]];"
        " did you mean one?"
    ),
    '[[risk.rules]]\nrule = "MaxContracts"\nparameters = 5': (
        "parameters of [[risk.rules]] number 1 is 5, must be a table"
    ),
    "[risk]\nrules = 5": "risk.rules is 5, must be a list",
    "[bus]\nports = 1": "bus.ports is 1, must be a table",
    "[simulator]\nseed = [1]": "simulator.seed is [1], must be a whole number",
    "[simulator]\nspeed = []": "simulator.speed is [], must be a number",
    "[bus.ports]\nmarket = 0": "bus.ports.market is 0, must be 1 or more",
    '[bus]\ntransport = "udp"': "bus.transport is 'udp', must be 'ipc' or 'tcp'",
    '[bus]\nhost = "0.0.0.0"': (
        "bus.host is '0.0.0.0', must be a loopback address;"
        " other machines of the group are in [[hosts]], and need keys"
    ),
    '[metrics]\nenabled = "maybe"': "metrics.enabled is 'maybe', must be true or false",
    "[simulator]\nspeed = nan": "simulator.speed is nan, must be 0 or more",
    '[[strategies]]\nname = "one"': "strategy of [[strategies]] number 1 is missing",
    '[[strategies]]\nname = "one"\nstrategy = "a.b"': (
        "strategy of [[strategies]] number 1 is 'a.b',"
        " must be module:Class, such as strategies.dip:Dip"
    ),
    WARM_UP + 'from = "x"': ("warm_up.from of [[strategies]] number 1 is 'x', must be an ISO time"),
    '[[strategies]]\nname = "manual"\nstrategy = "a:b"': (
        "name of [[strategies]] number 1 is 'manual',"
        " must be another name: it stands for orders that no strategy gives"
    ),
    '[[strategies]]\nname = "a b"\nstrategy = "a:b"': (
        "name of [[strategies]] number 1 is 'a b',"
        " must be 1 to 32 letters, digits, - and _, the first a letter or a digit"
    ),
    '[[instruments]]\nsymbol = ""': (
        "symbol of [[instruments]] number 1 is '', must be 1 to 64 printable ASCII characters"
    ),
    f'[[instruments]]\nsymbol = "{"x" * 65}"': (
        f"symbol of [[instruments]] number 1 is '{'x' * 65}', must be 1 to 64 printable ASCII"
        " characters"
    ),
    '[[instruments]]\nsymbol = "AAP\\u00c9"': (
        "symbol of [[instruments]] number 1 is 'AAP\xc9', must be 1 to 64 printable ASCII"
        " characters"
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.items(), ids=BAD)
def test_a_bad_value_is_refused_with_its_name_and_what_was_expected(
    text: str, sentence: str
) -> None:
    assert refusal(text) == f"tapewire.toml: {sentence}"


def test_each_fault_has_a_line_of_its_own() -> None:
    said = refusal("[tws]\nport = 0\nclient_id = -1")
    assert [line.split(" is ")[0] for line in said.splitlines()] == [
        "tapewire.toml: tws.port",
        "tapewire.toml: tws.client_id",
    ]


FEED = '[[strategies.feeds]]\nname = "f"\nendpoint = "ipc:///f"\n'
TWICE = {
    STRATEGY * 3: "strategies: the name 'one' is a duplicate; give one of them another name",
    '[[instruments]]\nsymbol = "A"\n' * 2: (
        "instruments: the symbol 'A' is a duplicate; remove one of them"
    ),
    STRATEGY + FEED * 2: (
        "feeds of [[strategies]] number 1: the name 'f' is a duplicate;"
        " give one of them another name"
    ),
}


@pytest.mark.parametrize(("text", "sentence"), TWICE.items(), ids=["names", "symbols", "feeds"])
def test_a_name_that_stands_twice_is_refused_by_that_name_alone(text: str, sentence: str) -> None:
    assert refusal(text) == f"tapewire.toml: {sentence}"


def test_a_value_is_shown_as_far_as_a_line_goes() -> None:
    said = refusal(f'[tws]\nport = "{"x" * 200}"')
    assert said == f"tapewire.toml: tws.port is '{'x' * 79}..., must be a whole number"


def test_a_file_that_is_named_and_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^elsewhere\.toml: no such file; expected"):
        load("elsewhere.toml")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read anything")
def test_a_file_that_cannot_be_read_is_refused() -> None:
    Path("tapewire.toml").touch(0o000)
    with pytest.raises(ConfigError, match=r"Permission denied; must be a file that you can read"):
        load()


def test_without_a_file_the_defaults_hold() -> None:
    config = load()
    assert (config.tws.port, config.bus.transport) == (7497, "ipc")
    (rule,) = config.risk.rules
    assert (rule.rule, rule.parameters) == ("MaxContractsPerInstrument", {"limit": 100})
    assert (rule.enforcement, rule.until, rule.scope.account) == (None, "person", "")


def test_the_environment_goes_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tapewire.toml").write_text('[tws]\nport = 1\nhost = "elsewhere"\n')
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", "4002")
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", "there")
    config = load()
    assert (config.tws.port, config.tws.host) == (4002, "elsewhere")
    assert config.run_dir == Path("there")


def test_the_named_file_goes_over_the_one_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, name in enumerate(["default", "environment", "given"], 1):
        Path(f"{name}.toml").write_text(f"[tws]\nport = {number}\n")
    Path("default.toml").rename("tapewire.toml")
    assert load().tws.port == 1
    monkeypatch.setenv("TAPEWIRE_CONFIG", "environment.toml")
    assert load().tws.port == 2
    assert load("given.toml").tws.port == 3


VARIABLES = {
    ("TAPEWIRE_TWS__PORT", "x"): (
        "environment (TAPEWIRE_TWS__PORT): tws.port is 'x', must be a whole number"
    ),
    ("TAPEWIRE_TWS__PROT", "1"): (
        "environment (TAPEWIRE_TWS__PROT): tws.prot is not a known key; did you mean port?"
    ),
    ("TAPEWIRE_INSTRUMENTS__0__SYMBOL", "A"): (
        "environment: TAPEWIRE_INSTRUMENTS__0__SYMBOL names a part of a list;"
        " set the whole list, as JSON in TAPEWIRE_INSTRUMENTS"
    ),
    ("TAPEWIRE_TSW__PORT", "1"): (
        "environment: TAPEWIRE_TSW__PORT: TSW is not a known key; did you mean TWS?"
    ),
}


@pytest.mark.parametrize(("variable", "sentence"), VARIABLES.items(), ids=str)
def test_a_bad_variable_is_refused_by_its_name(
    variable: tuple[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*variable)
    Path("tapewire.toml").write_text("")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == sentence


def test_a_variable_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPEWIRE_INSTRUMENTS", "[nope")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == (
        "environment (TAPEWIRE_INSTRUMENTS): not valid JSON; it must be a table or a list as JSON"
    )


def test_instruments_come_as_the_cores_take_them() -> None:
    Path("tapewire.toml").write_text(
        '[[instruments]]\nsymbol = "ES"\nsec_type = "FUT"\nmultiplier = 50\nmin_tick = "0.25"\n'
    )
    (instrument,) = load().all_instruments()
    assert (instrument.symbol, instrument.multiplier) == ("ES", Decimal(50))
    assert instrument.min_tick == Decimal("0.25")


def test_sockets_are_files_of_the_run_directory_or_ports_of_this_machine() -> None:
    assert endpoint("market", BusConfig(), Path("/r")) == "ipc:///r/market"
    tcp = BusConfig(transport="tcp", ports={"orders": 6000})
    assert endpoint("market", tcp, Path("/r")) == "tcp://127.0.0.1:5555"
    assert endpoint("orders", tcp, Path("/r")) == "tcp://127.0.0.1:6000"
    assert (
        endpoint("risk", BusConfig(transport="tcp", host="::1"), Path("/r")) == "tcp://[::1]:5560"
    )


def test_every_socket_has_a_port_of_its_own() -> None:
    assert len(set(PORTS.values())) == len(PORTS)
    assert {name for pair in STREAMS.values() for name in pair} <= set(PORTS)


def test_a_path_too_long_for_a_socket_is_refused_before_it_is_cut() -> None:
    longest = Path("/" + "r" * (RUN_DIR_MAX - 1))
    assert endpoint("market", BusConfig(), longest) == f"ipc://{longest}/market"
    too_long = longest.with_name(longest.name + "r")
    said = (
        rf"^run_dir {too_long} is too long for sockets: the path {too_long}/\S+ would have 108"
        r" bytes, and that of a Unix socket has at most 107; choose a run_dir of at most 83 bytes"
        r" \(this one has 84\), in the file or as TAPEWIRE_RUN_DIR$"
    )
    for use in (
        lambda: endpoint("market", BusConfig(), too_long),
        lambda: prepare_run_dir(too_long),
    ):
        with pytest.raises(ConfigError, match=said):
            use()


@pytest.mark.parametrize(
    "command",
    ["gateway", "gateway --liquidation", "risk", "executor", "strategy one", "simulator --member",
     "tapewire.console.cli up"],
)  # fmt: skip
def test_a_process_names_a_path_too_long_for_a_socket(tmp_path: Path, command: str) -> None:
    run_dir = tmp_path / ("r" * 100)
    config = tmp_path / "tapewire.toml"
    config.write_text(
        f'run_dir = "{run_dir}"\n[[instruments]]\nsymbol = "AAPL"\n[[strategies]]\nname = "one"\n'
        'strategy = "tapewire.strategy.examples.momentum:Momentum"\n'
    )
    ended = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "TAPEWIRE_CONFIG": str(config)}, timeout=30, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert f"run_dir {run_dir} is too long for sockets: the path {run_dir}/" in ended.stderr
    assert not run_dir.exists()


def test_the_run_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    run_dir = prepare_run_dir(tmp_path / "a" / "run")
    assert run_dir.stat().st_mode & 0o777 == 0o700
    assert (run_dir / "journals").stat().st_mode & 0o777 == 0o700
    assert prepare_run_dir(run_dir) == run_dir


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701])
def test_a_run_directory_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    loose = tmp_path / "run"
    loose.mkdir()
    loose.chmod(mode)
    with pytest.raises(ConfigError, match=rf"has mode {mode:04o}, must be 0700 and yours"):
        prepare_run_dir(loose)
    assert list(loose.iterdir()) == []


def strategies(*names: str) -> Config:
    return Config(strategies=tuple({"name": n, "strategy": "a.b:C"} for n in names))


def test_a_further_instance_has_the_configuration_of_its_strategy_and_its_own_name() -> None:
    config = strategies("fast", "slow")
    assert config.strategy("fast").name == "fast"
    assert config.strategy("fast-3") == config.strategy("fast").model_copy(
        update={"name": "fast-3"}
    )
    assert config.instance("fast-3") == ("fast", 3)


def test_a_strategy_whose_name_ends_in_a_number_is_itself() -> None:
    config = strategies("fast", "fast-2")
    assert config.instance("fast-2") == ("fast-2", 1)
    assert config.instance("fast-2-2") == ("fast-2", 2)


@pytest.mark.parametrize("name", ["slow", "fast-", "fast-1", "fast-02", "fast-x", "fast-0"])
def test_a_name_that_is_no_instance_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is not in \[\[strategies\]\]; .* fast"):
        strategies("fast", "other").strategy(name)


def test_a_strategy_without_symbols_reads_all() -> None:
    config = Config(
        instruments=({"symbol": "A"}, {"symbol": "B"}),
        strategies=(
            {"name": "all", "strategy": "a.b:C"},
            {"name": "one", "strategy": "a.b:C", "symbols": ["B"]},
        ),
    )
    assert [config.symbols_of(s) for s in config.strategies] == [("A", "B"), ("B",)]


def test_a_symbol_of_a_strategy_is_refused_where_it_is_read_and_nothing_is_configured() -> None:
    """A back-test and a demo take the symbols of their file then: the file alone is fine."""
    config = Config(strategies=({"name": "one", "strategy": "a.b:C", "symbols": ["AAPL"]},))
    with pytest.raises(ConfigError, match=re.escape(
        "strategies.one.symbols has AAPL, which is not in [[instruments]]; none is known"
    )):  # fmt: skip
        config.symbols_of(config.strategies[0])
