"""The addresses of targets: secrets, from the environment or a file that only its owner can read.

No sentence here has anything of what was read in it.
"""

from collections.abc import Mapping

from tapewire.common.config.notices import TargetConfig
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import private_file


def address(target: TargetConfig, environment: Mapping[str, str]) -> str:
    """The address of a target; raises `ConfigError` if it is not where it should be, or if others
    could read it."""
    if target.url_file is not None:
        of = f"the target {target.name} of [[notices.targets]]"
        found = private_file.secret(of, target.url_file, "address")
    else:
        found = environment.get(target.url_env, "").strip()
        if not found:
            raise ConfigError(
                f"the target {target.name} of [[notices.targets]]: the environment has no"
                f" {target.url_env}, or an empty one; expected the address, such as"
                " discord://WEBHOOK_ID/TOKEN"
            )
    if "://" not in found or len(found.split()) != 1:
        raise ConfigError(
            f"the target {target.name} of [[notices.targets]]: what is in"
            f" {target.url_file or target.url_env} is not an address; expected one such as"
            " discord://WEBHOOK_ID/TOKEN, and nothing else"
        )
    return found
