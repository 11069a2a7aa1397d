"""The configuration has a version: another one is refused as a whole, in one sentence."""

from pathlib import Path

import pytest

from tapewire.common.config.settings import ConfigError, load


def test_another_version_is_refused_and_not_its_keys(tmp_path: Path) -> None:
    file = tmp_path / "tapewire.toml"
    file.write_text("version = 2\nnew_key = 1\n[tws]\nhost = 5\n")
    with pytest.raises(ConfigError) as caught:
        load(str(file))
    assert str(caught.value) == (
        f"{file}: version is 2; this Tapewire reads version 1 of the configuration. Use the"
        " Tapewire that the file was written for, or change the file as docs/upgrading.md says"
    )


def test_a_file_without_a_version_is_of_the_first(tmp_path: Path) -> None:
    file = tmp_path / "tapewire.toml"
    found = []
    for text in ("", "version = 1"):
        file.write_text(text)
        found.append(load(str(file)).model_dump())
    assert found[0] == found[1]
    assert found[0]["version"] == 1
