"""The reader of docs/mirror.md, in Node, as it stands there, on a mirror."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import cluster
from tests.bridge.mirrored import a_desk, configured, needs_nats
from tests.pipeline.test_wire_examples import MODULES
from tests.places import ROOT

NODE = shutil.which("node")


@needs_nats
@pytest.mark.skipif(
    NODE is None or not (MODULES / "@nats-io").is_dir(),
    reason="Node or its packages are not here; `make node` installs the packages",
)
def test_a_reader_in_node_gets_each_record_from_the_one_that_it_asks_for(tmp_path: Path):
    (tmp_path / "node_modules").symlink_to(MODULES)
    text = (ROOT / "docs" / "mirror.md").read_text()
    (tmp_path / "read.mjs").write_text(re.findall(r"^```js\n(.*?)^```", text, re.M | re.S)[-1])
    with cluster(tmp_path, 1) as node, a_desk(tmp_path / "run", configured(node)) as desk:
        desk.write(5)
        desk.start()
        desk.until()
        command = [str(NODE), str(tmp_path / "read.mjs"), *node.urls, "tapewire-risk-1", "3"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
            try:
                assert reader.stdout is not None
                printed = [reader.stdout.readline() for _ in range(3)]
                desk.write(1)
                desk.until()
                printed.append(reader.stdout.readline())
            finally:
                reader.kill()
        lines = desk.lines()[2:]
        assert [one.split()[:3] for one in printed] == [
            [str(line.seq), line.chain, "risk.halted"] for line in lines
        ]
