"""A file that is not text is called that: none of its bytes reach the terminal."""

import gzip
from pathlib import Path

import pytest

from tapewire.common.ticks.file import TickFile

BINARIES = {
    "random": bytes(range(255, -1, -1)) * 20,
    "executable": b"\x7fELF\x02\x01\x01" + bytes(60),
    "escapes": b"\x1b[31mred = [\n",
    "utf-16": "symbol = [\n".encode("utf-16"),
}
CONTROL = [chr(code) for code in (*range(9), *range(11, 32), 127, 0xFFFD)]
binary = pytest.mark.parametrize("content", BINARIES.values(), ids=BINARIES)


def control_characters(text: str) -> list[str]:
    return [one for one in CONTROL if one in text]


@binary
def test_a_configuration_that_is_binary(tapewire, config: Path, content: bytes):
    config.write_bytes(content)
    ended = tapewire("up")
    assert ended.status == 2
    assert ended.err.startswith(f"tapewire: {config}: it is not text in UTF-8 (line 1 has the byte")
    assert ended.err.endswith("); expected TOML\n")
    assert control_characters(ended.err) == []


def test_text_in_another_encoding_is_told_with_its_line(tapewire, config: Path):
    config.write_bytes("# fine\n# caf\u00e9\n".encode("latin-1"))
    said = tapewire("up").err
    assert "it is not text in UTF-8 (line 2 has the byte 0xe9); expected TOML" in said


@binary
@pytest.mark.parametrize("command", ["backtest", "demo"])
def test_a_tick_file_that_is_binary(tapewire, tmp_path, command: str, content: bytes):
    plain, packed = tmp_path / "ticks.csv", tmp_path / "packed.csv.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    for file in (plain, packed):
        ended = tapewire(command, "--ticks", str(file))
        assert (ended.status, ended.out) == (1, "")
        assert f"{file}: it is not text in UTF-8 (line 1 has the byte 0x" in ended.err
        assert "); expected a CSV of ticks" in ended.err
        assert control_characters(ended.err) == []


def test_a_packed_tick_file_without_its_ending(tapewire, tmp_path):
    file = tmp_path / "ticks.csv"
    file.write_bytes(gzip.compress(b"time,price\n" * 100))
    assert (
        "it is compressed by gzip; give it a name that ends in .gz"
        in tapewire("backtest", "--ticks", str(file)).err
    )


def test_bytes_in_the_middle_of_a_tick_file_are_escaped_and_cut(tmp_path: Path):
    file = tmp_path / "ticks.csv"
    rows = "".join(f"2024-01-08T14:30:00Z,{n}.0\n" for n in range(10_000))
    file.write_text(f"time,price\n{rows}2024-01-08T14:30:00Z,\x1b[31m{'x' * 100_000}\n")
    with pytest.raises(ValueError, match="line 10002: ") as caught:
        list(TickFile(file).rows(None, None))
    assert control_characters(str(caught.value)) == []
    assert len(str(caught.value)) < 500


@binary
def test_a_strategy_that_is_binary(tapewire, config: Path, tmp_path, content: bytes):
    (tmp_path / "odd.py").write_bytes(content)
    config.write_text(
        f'{config.read_text()}[[strategies]]\nname = "odd"\nstrategy = "odd:Odd"\n'
        f'path = "{tmp_path}"\n'
    )
    found = {one["check"]: one for one in tapewire("doctor", "--timeout", "0.3", "--json").json}
    said = found["strategy odd"]["found"]
    assert f"{tmp_path}/odd.py is not text in UTF-8 (line 1 has the byte 0x" in said
    assert found["strategy odd"]["advice"] == "expected Python"
    assert control_characters(said) == []


def test_what_a_strategy_raises_is_shown_without_control_characters(tapewire, config, tmp_path):
    (tmp_path / "odd.py").write_text(r'raise ValueError("\x1b[31mred\0")')
    config.write_text(
        f'{config.read_text()}[[strategies]]\nname = "odd"\nstrategy = "odd:Odd"\n'
        f'path = "{tmp_path}"\n'
    )
    found = {one["check"]: one for one in tapewire("doctor", "--timeout", "0.3", "--json").json}
    assert r"ValueError: \x1b[31mred\x00 at " in found["strategy odd"]["found"]
