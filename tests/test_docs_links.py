"""Every link of README, CHANGELOG and docs leads to a file that is there, and to its heading."""

import re
from pathlib import Path

import pytest

from tests.markdown import DOCUMENTS
from tests.places import ROOT

LINKING = (*DOCUMENTS, ROOT / "CHANGELOG.md")
LINKS = [
    (path, target)
    for path in LINKING
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    if not re.match(r"\w+:", target)
]


@pytest.mark.parametrize(
    ("path", "target"), LINKS, ids=[f"{p.relative_to(ROOT)} {t}" for p, t in LINKS]
)
def test_a_link_leads_somewhere(path: Path, target: str):
    name, _, anchor = target.partition("#")
    found = path.parent / name if name else path
    assert found.exists()
    assert not anchor or anchor in _anchors(found)


def _anchors(path: Path) -> set[str]:
    """The headings as a link names them: small letters, - for a space, no other signs."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
