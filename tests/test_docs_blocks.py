"""Every block of README and docs is run, or read, by a test."""

import os

import pytest

from tapewire.common.config import settings as configuration
from tests.made_ticks import HALF_PAST_TWO
from tests.markdown import DOCUMENTS, Block, blocks, indented_commands
from tests.places import ROOT
from tests.reader import a_reader

HERE = "tests/test_docs_blocks.py"
READ_BY = {  # which test takes the blocks of a document
    ("README.md", "sh"): "tests/test_readme.py",
    ("README.md", "python"): "tests/test_readme.py",
    ("docs/backtest.md", "sh"): HERE,
    ("docs/configuration.md", "sh"): "tests/test_docs_configuration.py",
    ("docs/strategies.md", "sh"): "tests/test_docs_strategy.py",
    ("docs/strategies.md", "python"): "tests/test_docs_strategy.py",
    ("docs/operating.md", "yaml"): "tests/test_docs_commands.py",
    ("docs/wire.md", "python"): "tests/pipeline/test_wire_examples.py",
    ("docs/wire.md", "js"): "tests/pipeline/test_wire_examples.py",
}
BLOCKS = [block for path in DOCUMENTS for block in blocks(path)]
BACKTEST = ROOT / "docs" / "backtest.md"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.where)
def test_a_block_is_taken_by_a_test(block: Block):
    if block.language in ("text", "toml"):  # drawings, and what is loaded below
        return
    document = str(block.path.relative_to(ROOT))
    test = READ_BY.get((document, block.language))
    assert test, f"{block.where}: no test takes a block of {block.language!r}"
    assert block.path.name in (ROOT / test).read_text(), f"{test} does not read {document}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_commands_stand_in_blocks_with_a_fence_where_tests_find_them(path):
    assert indented_commands(path) == []


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "toml"], ids=lambda b: b.where
)
def test_a_block_of_configuration_loads_as_it_is_written(block: Block, tmp_path, monkeypatch):
    for name in [n for n in os.environ if n.startswith(configuration.PREFIX)]:
        monkeypatch.delenv(name)
    file = tmp_path / "tapewire.toml"
    file.write_text(block.text)
    found = configuration.load(str(file))
    assert found != configuration.Config()


def test_the_commands_of_the_back_test_run_line_by_line():
    pytest.importorskip("matplotlib", reason="--chart draws with it; `make setup` has it")
    lines = [line for b in blocks(BACKTEST, "sh") for line in b.lines]
    lives = [line for line in lines if line.startswith("TAPEWIRE_RUN_DIR=/tmp/live ")]
    assert lives
    with a_reader() as reader:
        reader.write("ticks.csv", HALF_PAST_TWO)
        for line in [*lives, *(one for one in lines if one not in lives)]:  # what is compared first
            reader.does(line.replace("/tmp/live", str(reader.folder / "live")))
        assert (reader.folder / "charts" / "index.html").is_file()
