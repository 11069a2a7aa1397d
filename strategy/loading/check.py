"""`python -m tapewire.strategy.loading.check NAME`: load one strategy without starting it.

For `tapewire doctor`. Prints one line on standard output: what was loaded, or what is wrong with
it. Exit status 0, or 2 if it cannot be loaded.
"""

import argparse
import os
from typing import NoReturn

from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import ConfigError
from tapewire.common.runtime.process import EXIT_CONFIG, EXIT_OK
from tapewire.strategy.composition import ignore
from tapewire.strategy.runner import Runner


def check(name: str) -> str:
    """What the strategy `name` is, once it is loaded; raises `ConfigError` as its process would."""
    config = configuration.load()
    strategy = config.strategy(name)
    runner = Runner(strategy, config.symbols_of(strategy), "", ignore)
    return "; ".join([runner.loaded, *runner.hints])


def main() -> NoReturn:
    """Answer in one line that nothing the strategy prints, or leaves running, can get into."""
    parser = argparse.ArgumentParser(
        prog="python -m tapewire.strategy.loading.check", description=__doc__
    )
    parser.add_argument("name", help="its name in [[strategies]]")
    name = parser.parse_args().name
    answer = os.dup(1)
    os.dup2(2, 1)
    try:
        text, status = check(name), EXIT_OK
    except ConfigError as error:
        text, status = str(error), EXIT_CONFIG
    os.write(answer, f"{text}\n".encode())
    os._exit(status)  # its threads and exit handlers are not waited for


if __name__ == "__main__":
    main()
