"""Every link of README, CHANGELOG and docs leads to a file that is there, and to its heading."""

import re
from pathlib import Path

from tests.markdown import DOCUMENTS
from tests.places import ROOT

LINKING = (*DOCUMENTS, ROOT / "CHANGELOG.md")
LINKS = [
    (path, target)
    for path in LINKING
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    if not re.match(r"\w+:", target)
]


def test_every_link_leads_somewhere():
    assert len(LINKS) > 20
    broken = [f"{path.relative_to(ROOT)}: {t}" for path, t in LINKS if not _leads(path, t)]
    assert broken == []


def test_the_site_lists_every_page():
    index = (ROOT / "docs" / "site" / "index.rst").read_text()
    listed = re.findall(r"^   \.\./([\w-]+)$", index, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


def _leads(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    found = path.parent / name if name else path
    return found.exists() and (not anchor or anchor in _anchors(found))


def _anchors(path: Path) -> set[str]:
    """The headings as a link names them: small letters, - for a space, no other signs."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
