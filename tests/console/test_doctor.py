"""`tapewire doctor`: against a TWS, against nothing, and against all that is not a TWS."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from tapewire.common.config import tws_address
from tapewire.common.config.tws_address import IDENTIFY, TwsAddress
from tapewire.simulator.protocol import messages
from tests.console import scripted
from tests.console.scripted import listener, scripted_tws, started
from tests.places import free_port

SHORT = "0.3"  # seconds that a check waits where nothing will come
READ_ONLY = (
    "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode."
)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch):
    """`port(7497)`: sets the port of TWS."""
    return lambda number: monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(number))


@pytest.fixture
def examined(tapewire):
    """`examined()`: the findings by check, and the exit status."""

    def run(*arguments: str):
        ended = tapewire("doctor", "--json", *arguments)
        return {one["check"]: one for one in ended.json}, ended.status

    return run


def test_all_is_well_with_a_tws_that_is_there(examined, port, tws_port):
    port(tws_port)
    found, status = examined()
    assert {name: one["ok"] for name, one in found.items()} == dict.fromkeys(
        ["configuration", "risk rules", "run directory", "disk", "sockets", "TWS", "account",
         "read-only API", "market data", "clock"], True,
    )  # fmt: skip
    assert status == 0
    assert found["TWS"]["found"] == f"server version 157 at 127.0.0.1:{tws_port}"
    assert found["account"]["found"] == "DU*** (paper), mode paper"
    assert found["market data"]["found"] == "receiving ticks of AAPL"


def test_no_check_waits_longer_than_anybody_would(tapewire):
    ended = tapewire("doctor", "--timeout", "inf")
    assert (ended.status, "--timeout is 'inf', must be 600 or less" in ended.err) == (2, True)


def test_the_table_shows_what_to_do(tapewire):
    ended = tapewire("doctor")
    assert ended.status == 1
    assert "ok    configuration" in ended.out
    assert "FAIL  TWS" in ended.out
    assert "-> start TWS or IB Gateway and log in" in ended.out
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_a_port_on_which_no_process_listens(examined):
    found, status = examined()
    assert (found["TWS"]["ok"], status) == (False, 1)
    assert found["TWS"]["found"].endswith(": Connection refused")
    assert all(found[name]["ok"] is None for name in ("account", "market data", "clock"))
    assert found["clock"]["found"] == "not checked: TWS was not reached"


def test_before_up_the_simulator_is_not_expected(examined, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "true")
    found, status = examined()
    assert (found["TWS"]["ok"], status) == (None, 0)
    assert "starts with the group" in found["TWS"]["found"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "expected at most 16777215"),
        (b"\x00\x00\x00\x05hello", "expected a version"),
        (b"", "connection"),  # closed, or reset by what was not read
    ],
)
def test_another_server_on_the_port(examined, port, sent, reason):
    with listener(lambda connection: connection.sendall(sent)) as number:
        port(number)
        found, status = examined("--timeout", SHORT)
    assert (found["TWS"]["ok"], status) == (False, 1)
    assert "takes connections, but is not a TWS" in found["TWS"]["found"]
    assert reason in found["TWS"]["found"]


def test_a_silent_server_on_the_port(examined, port):
    with listener(lambda connection: connection.recv(1) and connection.recv(65536)) as number:
        port(number)
        found, _ = examined("--timeout", SHORT)
    assert "is not a TWS" in found["TWS"]["found"]


def test_a_tws_that_does_not_start_the_api(examined, port):
    with scripted_tws({}) as number:
        port(number)
        found, _ = examined("--timeout", SHORT)
    assert (
        "completed the handshake but does not start the API: no accounts in 0.3 s"
        in found["TWS"]["found"]
    )


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ('rule = "MaxContract"', "did you mean MaxContracts"),
        ('rule = "MaxContracts"\nparameters = { limti = 5 }', "limti is not known"),
        ('rule = "no_such_module:Rule"', "cannot be loaded"),
    ],
)
def test_a_risk_rule_that_cannot_be_loaded_is_found(examined, config, rules, says):
    with config.open("a") as file:
        file.write(f"[[risk.rules]]\n{rules}\n")
    found, status = examined("--timeout", SHORT)
    assert (found["risk rules"]["ok"], status) == (False, 1)
    assert says in found["risk rules"]["found"]


def test_a_live_account_fails_in_paper_mode_and_is_redacted(examined, port):
    with scripted_tws(started("U1234567")) as number:
        port(number)
        found, status = examined("--timeout", SHORT)
    assert (found["account"]["ok"], status) == (False, 1)
    assert 'mode is "paper", but TWS is logged in to U***' in found["account"]["found"]
    assert 'set mode = "live" and live_account' in found["account"]["advice"]
    assert "1234567" not in json.dumps(found)


def test_a_read_only_api_is_found_without_an_order(examined, port):
    def refuse(_fields: list[str]) -> list[list[str]]:
        return [messages.error(157, -1, 321, READ_ONLY)]

    asked: list[str] = []
    answers = {**started("DU1"), scripted.REQUEST_OPEN_ORDERS: refuse,
               "3": lambda fields: asked.append(fields[0]) or []}  # fmt: skip
    with scripted_tws(answers) as number:
        port(number)
        found, _ = examined("--timeout", SHORT)
    assert found["read-only API"]["ok"] is False
    assert found["read-only API"]["advice"] == "clear Read-Only API in TWS's API settings"
    assert asked == []


def test_orders_that_are_not_listed_give_no_clear_result(examined, port):
    with scripted_tws(started("DU1")) as number:
        port(number)
        found, status = examined("--timeout", SHORT)
    assert found["read-only API"]["ok"] is None
    assert found["market data"]["ok"] is None
    assert found["market data"]["found"] == "no clear result: no tick of AAPL and no error in 0.3 s"
    assert status == 0


@pytest.mark.parametrize(
    ("code", "advice"),
    [(354, "not subscribed"), (10168, "delayed data is not enabled"), (10197, "another session"),
     (10089, "own subscription for the API"), (200, "TWS knows no such contract"),
     (9999, "see TWS's message codes")],
)  # fmt: skip
def test_refused_market_data_comes_with_advice(examined, port, code, advice):
    def refuse(fields: list[str]) -> list[list[str]]:
        farm = messages.error(157, -1, 2104, "Market data farm connection is OK")
        return [farm, messages.error(157, int(fields[2]), code, "text of it")]

    answers = {**started("DU1"), scripted.REQUEST_MARKET_DATA: refuse}
    with scripted_tws(answers) as number:
        port(number)
        found, status = examined("--timeout", SHORT)
    assert (found["market data"]["ok"], status) == (False, 1)
    assert found["market data"]["found"] == f"AAPL: TWS says text of it ({code})"
    assert advice in found["market data"]["advice"]


@pytest.mark.parametrize(("offset_s", "words"), [(30, "behind TWS's"), (-30, "ahead of TWS's")])
def test_a_clock_that_is_off_is_found(examined, port, offset_s, words):
    def tell(_fields: list[str]) -> list[list[str]]:
        return [messages.current_time(time.time_ns() + offset_s * 1_000_000_000)]

    with scripted_tws({**started("DU1"), scripted.REQUEST_TIME: tell}) as number:
        port(number)
        found, _ = examined("--timeout", SHORT)
    assert found["clock"]["ok"] is False
    assert words in found["clock"]["found"]
    assert "NTP" in found["clock"]["advice"]


def test_a_port_in_use_names_the_process(examined, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setenv("TAPEWIRE_BUS__TRANSPORT", "tcp")
        monkeypatch.setenv("TAPEWIRE_BUS__PORTS", json.dumps(ports(market=taken)))
        found, status = examined()
    assert (found["sockets market"]["ok"], status) == (False, 1)
    assert (
        f"127.0.0.1:{taken} is in use by process {os.getpid()}" in found["sockets market"]["found"]
    )
    assert "set [bus] ports = { market = ... }" in found["sockets market"]["advice"]


def ports(**given: int) -> dict[str, int]:
    """Free ports for every socket but those given."""
    from tapewire.common.bus.ports import PORTS

    return {**{name: free_port() for name in PORTS}, **given}


def test_the_groups_own_sockets_are_no_conflict(examined, run_dir):
    with socket.socket(socket.AF_UNIX) as market:
        market.bind(str(run_dir / "market"))
        market.listen()
        found, _ = examined()
        assert found["sockets market"]["ok"] is False
        (run_dir / "status").mkdir(exist_ok=True)
        status = {"pid": os.getpid(), "ts_ns": time.time_ns()}
        (run_dir / "status" / "gateway.json").write_text(json.dumps(status))
        found, _ = examined()
    assert found["sockets"]["found"].endswith("free, 1 in use by this group")


def test_with_the_groups_simulator_a_tws_on_the_configured_port_is_ignored(
    examined, monkeypatch, tws_port, port
):
    port(tws_port)
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "true")
    found, status = examined()
    assert (found["sockets"]["ok"], found["TWS"]["ok"], status) == (True, None, 0)


def test_another_server_in_place_of_the_simulator_fails(examined, monkeypatch, tws_port, run_dir):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "true")
    tws_address.publish(run_dir, TwsAddress("127.0.0.1", tws_port, "nonce"))
    found, status = examined("--timeout", SHORT)
    assert (found["TWS"]["ok"], status) == (False, 1)
    assert found["TWS"]["found"] == (
        f"127.0.0.1:{tws_port} did not identify itself as this group's simulator: no answer in"
        " 0.3 s; nothing else was sent to it"
    )
    assert found["account"]["ok"] is None


def test_the_groups_own_simulator_is_examined_by_its_nonce(examined, monkeypatch, run_dir):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "true")
    answers = {**started("DU1"), IDENTIFY: lambda _fields: [messages.identity("nonce")]}
    with scripted_tws(answers) as number:
        tws_address.publish(run_dir, TwsAddress("127.0.0.1", number, "nonce"))
        found, _ = examined("--timeout", SHORT)
    assert found["TWS"]["found"] == f"server version 157 at 127.0.0.1:{number}"
    assert found["account"]["ok"] is True


def test_a_run_directory_that_others_can_enter(examined, run_dir: Path):
    run_dir.chmod(0o755)
    found, status = examined()
    assert (found["run directory"]["ok"], status) == (False, 1)
    assert found["run directory"]["advice"] == f"run `chmod 700 {run_dir}`"


def everything_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_it_creates_nothing(examined, config, tmp_path, monkeypatch):
    strategies(config, tmp_path, good=MINE)
    monkeypatch.chdir(tmp_path)
    before = everything_in(tmp_path)
    found, _ = examined()
    assert everything_in(tmp_path) == before
    assert found["strategy good"]["ok"]
    assert found["run directory"]["ok"]
    assert found["run directory"]["found"] == f"{tmp_path / 'r'}, which `tapewire up` will make"
    assert found["disk"]["ok"]


def test_it_creates_nothing_in_a_run_directory_that_is_there(examined, tmp_path):
    (tmp_path / "r").mkdir(mode=0o700)
    found, _ = examined()
    assert found["run directory"]["found"] == f"{tmp_path / 'r'}, for this user alone"
    assert everything_in(tmp_path / "r") == set()


def test_a_run_directory_that_cannot_be_created(examined, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(tmp_path / "file" / "r"))
    found, status = examined()
    assert (found["run directory"]["ok"], status) == (False, 1)
    assert f"{tmp_path / 'file'} is not a folder" in found["run directory"]["found"]


def test_a_run_directory_too_long_for_sockets(examined, monkeypatch, tmp_path):
    run_dir = tmp_path / ("r" * 100)
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir))
    found, status = examined()
    assert (found["run directory"]["ok"], status) == (False, 1)
    finding = found["run directory"]
    assert finding["found"].startswith(
        f"run_dir {run_dir} is too long for sockets: the path {run_dir}/"
    )
    assert finding["advice"].startswith("choose a run_dir of at most 83 bytes")
    assert not run_dir.exists()


def test_a_refused_configuration_is_a_finding_and_ends_the_rest(examined, config: Path):
    config.write_text("[tws]\nport = 0")
    found, status = examined()
    assert status == 1
    assert "tws.port is 0, must be" in found["configuration"]["found"]
    assert [one["ok"] for one in found.values()].count(None) == len(found) - 1


def strategies(config: Path, folder: Path, **modules: str) -> None:
    """Modules of `folder`, and a strategy `Mine` of each in the configuration, of that name."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
        entry = f'[[strategies]]\nname = "{name}"\nstrategy = "{name}:Mine"\npath = "{folder}"\n'
        config.write_text(config.read_text() + entry)


MINE = "from tapewire import Strategy\nclass Mine(Strategy):\n    pass\n"


def test_each_strategy_is_loaded_and_its_error_shown(examined, config, tmp_path):
    strategies(config, tmp_path, good=f"print('noise')\n{MINE}", bad="import no_such_module\n")
    found, status = examined()
    assert (found["strategy good"]["ok"], status) == (True, 1)
    assert found["strategy good"]["found"] == f"good:Mine, from {tmp_path}/good.py"
    assert found["strategy bad"]["ok"] is False
    assert found["strategy bad"]["found"] == (
        f"strategies.bad.strategy is bad:Mine, but the import at {tmp_path}/bad.py:1 failed:"
        " ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert found["strategy bad"]["advice"].startswith("correct that line, or install no_such_modu")


def test_a_strategy_that_crashes_or_ends_does_not_stop_the_doctor(examined, config, tmp_path):
    strategies(
        config, tmp_path, crash="import os\nos.kill(os.getpid(), 11)\n",
        ends="import os\nos._exit(7)\n",
    )  # fmt: skip
    found, status = examined("--timeout", SHORT)
    assert status == 1
    crash, ends = (found[f"strategy {name}"] for name in ("crash", "ends"))
    assert crash["found"].endswith("but its process ended with SIGSEGV while it was loaded")
    assert ends["found"].endswith("but its process ended with status 7 while it was loaded")
    assert crash["advice"]
    assert ends["advice"]


def test_a_strategy_that_hangs_does_not_stop_the_doctor(examined, config, tmp_path, monkeypatch):
    monkeypatch.setattr("tapewire.console.doctor.strategies.LOAD_TIMEOUT_S", 0.2)
    strategies(config, tmp_path, hangs="import threading\nthreading.Event().wait()\n")
    found, status = examined("--timeout", SHORT)
    assert status == 1
    assert found["strategy hangs"]["found"].endswith("but it was not loaded within 0.2 s")
    assert found["strategy hangs"]["advice"]


def test_a_configuration_that_cannot_work(examined, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_TWS__LIQUIDATION_CLIENT_ID", "1")
    found, _ = examined()
    assert found["configuration"]["found"].endswith("are both 1")
    monkeypatch.setenv("TAPEWIRE_INSTRUMENTS", "[]")
    found, _ = examined()
    assert "add an [[instruments]] entry" in found["configuration"]["advice"]


def test_without_a_configuration_the_advice_is_how_to_get_one(examined, monkeypatch, tmp_path):
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found, status = examined("--timeout", SHORT)
    assert status == 1
    assert found["configuration"]["advice"].endswith("to start from: tapewire init FOLDER")


def test_a_path_in_an_advice_is_never_cut_off(tapewire, monkeypatch, tmp_path):
    long = tmp_path / ("long" * 25) / "tapewire.toml"
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(long))
    shown = tapewire("doctor", "--timeout", SHORT).out
    assert str(long) in "".join(line.strip() for line in shown.splitlines())
