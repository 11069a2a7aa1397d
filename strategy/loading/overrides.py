"""Parameters from a command line, such as `--param fast=10`, in place of the configured ones."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tapewire.common.config.near import expected
from tapewire.common.config.parameters import from_texts
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.strategy.loading.loader import accepted_by, class_of

OPTION: Final = "--param"


def with_parameters(config: Config, names: Sequence[str], given: Sequence[str]) -> Config:
    """The configuration with parameters of the strategies that run (`names`; none: all) replaced.

    Each one given is `NAME=VALUE`, or `STRATEGY.NAME=VALUE` where several strategies run. Raises
    `ConfigError` for one that the strategy does not take, and for a value of the wrong type or out
    of its bounds.
    """
    running = [one.name for one in config.strategies if not names or one.name in names]
    texts: dict[str, dict[str, str]] = {}
    for one in given:
        key, equals, text = one.partition("=")
        if not (equals and key):
            raise ConfigError(f"{OPTION} {one} must be NAME=VALUE, such as fast=10")
        strategy, key = _owner(key, running)
        texts.setdefault(strategy, {})[key] = text
    changed = [
        replaced(one, texts[one.name]) if one.name in texts else one for one in config.strategies
    ]
    return config.model_copy(update={"strategies": tuple(changed)})


def replaced(strategy: StrategyConfig, texts: Mapping[str, str]) -> StrategyConfig:
    """The strategy with some parameters replaced by what a person wrote; raises as above."""
    wanted = accepted_by(class_of(strategy))
    values: dict[str, Any] = from_texts(OPTION, texts, wanted, strategy.strategy)
    return strategy.model_copy(update={"parameters": strategy.parameters | values})


def _owner(key: str, running: Sequence[str]) -> tuple[str, str]:
    """Which strategy a key is about, and the name of the parameter."""
    strategy, dot, name = key.rpartition(".")
    if dot:
        if strategy not in running:
            raise ConfigError(f"{OPTION} {key}: no {strategy} runs; {expected(strategy, running)}")
        return strategy, name
    if len(running) != 1:
        raise ConfigError(
            f"{OPTION} {key}: {', '.join(running) or 'no strategy'} would run; write whose it is,"
            f" such as {next(iter(running), 'NAME')}.{key}, or choose one with --strategy"
        )
    return running[0], key
