"""What a type checker says of a strategy: it knows the parameters, and refuses what is not one."""

from pathlib import Path

from mypy import api

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
TEXT = """
import msgspec

from tapewire import Quote, Strategy


class DipParameters(msgspec.Struct, frozen=True):
    fast: int = 5


class Dip(Strategy[DipParameters]):
    def on_quote(self, quote: Quote) -> None:
        fast: int = self.parameters.fast
        self.buy(quote.symbol, fast)


class Bare(Strategy):
    def on_start(self) -> None:
        self.every(1_000)


class Wrong(Strategy[DipParameters]):
    def on_quote(self, quote: Quote) -> None:
        print(self.parameters.fsat)  # wrong
        text: str = self.parameters.fast  # wrong
"""


def test_parameters_are_checked_by_mypy_strict(tmp_path: Path):
    file = tmp_path / "strategies.py"
    file.write_text(TEXT)
    found, _, _ = api.run([f"--config-file={PROJECT}", str(file)])  # and the cache of `make check`
    wrong = [number for number, line in enumerate(TEXT.splitlines(), 1) if "# wrong" in line]
    errors = [line for line in found.splitlines() if ": error: " in line]
    assert [int(line.split(":")[1]) for line in errors] == wrong
    assert '"DipParameters" has no attribute "fsat"' in errors[0]
