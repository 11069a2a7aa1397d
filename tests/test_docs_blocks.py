"""Every block of README and docs is run, or read, by a test."""

import os
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.errors import ConfigError
from tests.made_ticks import HALF_PAST_TWO
from tests.markdown import DOCUMENTS, Block, blocks, indented_commands
from tests.places import ROOT
from tests.reader import Reader, a_reader

HERE = "tests/test_docs_blocks.py"
READ_BY = {  # which test takes the blocks of a document
    ("README.md", "sh"): "tests/test_readme.py",
    ("README.md", "python"): "tests/test_readme.py",
    ("docs/backtest.md", "python"): HERE,
    ("docs/backtest.md", "sh"): HERE,
    ("docs/client.md", "python"): "tests/pipeline/test_client.py",
    ("docs/configuration.md", "csv"): "tests/test_docs_rules.py",
    ("docs/configuration.md", "python"): "tests/test_docs_rules.py",
    ("docs/configuration.md", "sh"): "tests/test_docs_configuration.py",
    ("docs/mirror.md", "js"): "tests/bridge/test_node_reader.py",
    ("docs/projectx.md", "python"): "tests/simulator/projectx/test_sdk.py",
    ("docs/projectx.md", "sh"): "tests/simulator/projectx/test_sdk.py",
    ("docs/simulator.md", "json"): "tests/simulator/faults/test_docs.py",
    ("docs/simulator.md", "python"): "tests/simulator/faults/test_docs.py",
    ("docs/simulator.md", "sh"): "tests/simulator/faults/test_docs.py",
    ("docs/simulator.md", "toml"): "tests/simulator/faults/test_docs.py",
    ("docs/strategies.md", "sh"): "tests/test_docs_strategy.py",
    ("docs/strategies.md", "python"): "tests/test_docs_strategy.py",
    ("docs/operating.md", "sh"): "tests/test_docs_commands.py",
    ("docs/patterns.md", "python"): "tests/strategy/test_docs_patterns.py",
    ("docs/query.md", "sql"): "tests/console/test_query.py",
    ("docs/sweep.md", "python"): "tests/test_docs_sweep.py",
    ("docs/sweep.md", "sh"): "tests/test_docs_sweep.py",
    ("docs/web.md", "python"): "tests/test_docs_commands.py",
    ("docs/tutorial.md", "python"): "tests/test_docs_tutorial.py",
    ("docs/tutorial.md", "sh"): "tests/test_docs_tutorial.py",
    ("docs/tutorial.md", "toml"): "tests/test_docs_tutorial.py",
    ("docs/wire.md", "python"): "tests/pipeline/test_wire_examples.py",
    ("docs/wire.md", "js"): "tests/pipeline/test_wire_examples.py",
}
DRAWINGS = ("text", "mermaid")
BLOCKS = [block for path in DOCUMENTS for block in blocks(path)]
BACKTEST = ROOT / "docs" / "backtest.md"


def test_every_block_is_taken_by_a_test():
    others = [b for b in BLOCKS if b.language not in DRAWINGS and not _is_configuration(b)]
    assert [fault for block in others if (fault := _not_taken(block))] == []


def _is_configuration(block: Block) -> bool:
    """Those are loaded below."""
    document = str(block.path.relative_to(ROOT))
    return block.language == "toml" and (document, "toml") not in READ_BY


def _not_taken(block: Block) -> str:
    document = str(block.path.relative_to(ROOT))
    test = READ_BY.get((document, block.language))
    if test is None:
        return f"{block.where}: no test takes a block of {block.language!r}"
    is_read = block.path.name in (ROOT / test).read_text()
    return "" if is_read else f"{test} does not read {document}"


def test_commands_stand_in_blocks_with_a_fence_where_tests_find_them():
    assert [line for path in DOCUMENTS for line in indented_commands(path)] == []


def test_every_block_of_configuration_loads_as_it_is_written(tmp_path, monkeypatch):
    for name in [n for n in os.environ if n.startswith(configuration.PREFIX)]:
        monkeypatch.delenv(name)
    examples = [b for b in BLOCKS if _is_configuration(b)]
    assert [fault for block in examples if (fault := _not_loaded(block, tmp_path))] == []


def _not_loaded(block: Block, folder: Path) -> str:
    file = folder / "tapewire.toml"
    file.write_text(block.text)
    try:
        found = configuration.load(str(file))
    except ConfigError as error:
        return f"{block.where}: {error}"
    return f"{block.where} sets nothing" if found == configuration.Config() else ""


def test_the_commands_of_the_back_test_run_line_by_line():
    lines = [line for b in blocks(BACKTEST, "sh") for line in b.lines]
    lives = [line for line in lines if line.startswith("TAPEWIRE_RUN_DIR=/tmp/live ")]
    assert lives
    with a_reader() as reader:
        reader.write("ticks.csv", HALF_PAST_TWO)
        for line in [*lives, *(one for one in lines if one not in lives)]:  # what is compared first
            reader.does(line.replace("/tmp/live", str(reader.folder / "live")))
        assert (reader.folder / "report.html").is_file()
        _runs_as_a_script(reader)


def _runs_as_a_script(reader: Reader) -> None:
    """The examples in Python, one after the other in one file."""
    pytest.importorskip("pandas", reason="the data extra is not installed")
    program = "\n".join(b.text for b in blocks(BACKTEST, "python"))
    reader.write("research.py", program)
    (reader.folder / "report.html").unlink()
    printed = reader.does("python research.py")
    assert f"print(result)  # {printed.splitlines()[0]}" in program
    assert "direction" in printed
    assert (reader.folder / "report.html").is_file()
