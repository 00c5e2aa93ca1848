"""The pages use the words that docs/words.md explains, and no others for the same things."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.base.paths import ROOT

WORDS = ROOT / "docs/words.md"
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("labs/*/lesson.md")})
SOURCES = [
    path for folder in ("labs", "kunit", "userspace") for path in (ROOT / folder).rglob("*.[ch]")
]

# What not to write, and what to write instead.
AVOIDED = {
    r"areas?": "VMA, mapping or space",
    r"neighbou?r\w*": "physically contiguous, or adjacent",
    r"got": "allocated",
    r"(?:give|gives|gave|given|giving) (?:\w+ )?back": "freed or released",
    r"(?:tell|tells|told|telling)": "says, shows or reports",
    r"(?:know|knows|knew)": "what it has, sees or looks up",
    r"promis(?:e|es|ed|ing)": "guarantees, or must hold",
    r"kin": "similar functions",
    r"(?:is|are) none of": "is not",
}
# The definition itself has the term's full form.
ALLOWED = {"Virtual memory area"}

# Blocks, names of code, and the files that links lead to.
_CODE = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`|\]\([^)\s]+\)", re.MULTILINE | re.DOTALL)


def _terms() -> Iterator[str]:
    """The first cell of each row."""
    for line in WORDS.read_text().splitlines():
        cell = line.split("|")[1].strip() if line.startswith("| ") else "term"
        if cell not in ("term", "---"):
            yield cell


def _prose(text: str) -> str:
    """Without blocks, names of code and files, but with the same lines."""
    return _CODE.sub(lambda match: "\n" * match[0].count("\n"), text)


@pytest.mark.parametrize("term", _terms())
def test_each_term_is_used(term: str) -> None:
    pattern = re.compile(rf"(?<!\w){re.escape(term)}", re.IGNORECASE)
    places = (path for path in (*PAGES, *SOURCES) if path != WORDS)
    assert any(pattern.search(" ".join(path.read_text().split())) for path in places)


def test_no_term_has_two_lines() -> None:
    terms = list(_terms())
    assert len(terms) > 50 and len(set(terms)) == len(terms)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_the_terms_of_the_field(page: Path) -> None:
    text = _prose(page.read_text())
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    found = [
        f"{page.relative_to(ROOT)}:{number}: {match[0]!r}: write {instead}"
        for number, line in enumerate(text.splitlines(), 1)
        for word, instead in AVOIDED.items()
        for match in re.finditer(rf"\b{word}\b", line, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)
