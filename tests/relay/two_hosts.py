"""Two hosts on one machine: a home on 127.0.0.1 and a far host on 127.0.0.2, each with a run
directory and keys of its own."""

from pathlib import Path

from tapewire.common.bus.allowed import Allowed
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.bus.ports import PORTS
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config
from tapewire.common.runtime import key_files
from tests.places import free_ports

HOME, FAR = "127.0.0.1", "127.0.0.2"
HOSTS = f"""
[[hosts]]
name = "home"
address = "{HOME}"
home = true

[[hosts]]
name = "far"
address = "{FAR}"
"""
AT_HOME = """
[[strategies]]
name = "own"
strategy = "tapewire.strategy.examples.momentum:Momentum"
"""


def configured(file: Path, text: str = "") -> Config:
    """A group on both hosts, with ports that are free; `text` is what else is in the file."""
    found = zip(PORTS, free_ports(len(PORTS)), strict=True)
    ports = ", ".join(f"{name} = {port}" for name, port in found)
    file.write_text(f"{text}\n[bus]\nports = {{ {ports} }}\n{HOSTS}")
    return configuration.load(str(file))


def with_keys(
    config: Config, home: Path, far: Path, role: str = "strategy"
) -> tuple[Config, Config]:
    """The configurations of home and of the far host, each in its run directory, whose keys know
    each other."""
    for one in (home, far):
        prepare_run_dir(one)
    trusted, known = key_files.make_own(home), key_files.make_own(far)
    key_files.trust(far, trusted.public)
    key_files.allow(home, Allowed(known.public, "far", role))
    at_home = config.model_copy(update={"run_dir": home})
    return at_home, config.model_copy(update={"run_dir": far}).at_host("far")
