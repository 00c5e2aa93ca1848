"""Patches beside the labs: wrong or other versions of a lab, each with a header.

    What: the offset that user space asks for is ignored
    Clause: 1.6

    --- a/lab_kmalloc.c
    ...

A line of the header that begins with a blank goes on with the one before.
"""

import re
import textwrap
from collections.abc import Collection
from pathlib import Path

from harness.base.errors import SetupError
from harness.catalogue.labs import Lab

# The directory of what all labs share: its patches name a lab that shows them.
CORE_FOLDER = "core"

_WIDTH = 90
_LINE = re.compile(r"(\w+): (\S.*)")


def header(patch: Path, keys: Collection[str], required: Collection[str]) -> dict[str, str]:
    """Return the lines before the first empty one, each of them "Key: value".

    Raises SetupError, with the patch's name, for a line that is none of ``keys``, and if
    one of ``required`` is missing.
    """
    found: dict[str, str] = {}
    for line in patch.read_text().splitlines():
        if not line:
            break
        match = _LINE.fullmatch(line)
        if found and line.startswith(" "):
            found[list(found)[-1]] += line.rstrip()
        elif match and match[1] in keys and match[1] not in found:
            found[match[1]] = match[2]
        else:
            raise SetupError(
                f"{patch}: '{line}' is not one of {', '.join(keys)}, or is there twice"
            )
    for key in required:
        if key not in found:
            raise SetupError(f"{patch}: has no line '{key}:'")
    return found


def rewrite(patch: Path, key: str, text: str) -> None:
    """Write another text behind a key of the header, in lines that go on with a blank."""
    head, _, rest = patch.read_text().partition("\n\n")
    lines = textwrap.wrap(f"{key}: {text}", _WIDTH, subsequent_indent=" ", break_on_hyphens=False)
    old = re.compile(rf"^{key}: .*(\n .*)*", re.MULTILINE)
    patch.write_text(old.sub("\n".join(lines), head) + f"\n\n{rest}")


def owner_of(patch: Path) -> str:
    """Return the directory below labs/ that a patch is applied in."""
    return patch.parts[-3]


def name_of(patch: Path) -> str:
    """Return the lab without its number, and the patch, as in "kmalloc/offset-ignored"."""
    return f"{owner_of(patch).split('_', 1)[-1]}/{patch.stem}"


def lab_of(patch: Path, named: str | None, known: dict[str, Lab]) -> Lab:
    """Return the lab that shows a patch: its own, or the one that Lab: names.

    ``known`` has the labs by the name of their directory. Raises SetupError for a patch of
    a lab that names one, and for a patch of the core that does not.
    """
    owner = owner_of(patch)
    lab = known.get(owner)
    if owner == CORE_FOLDER:
        lab = next((lab for lab in known.values() if lab.name == named), None)
    elif named:
        raise SetupError(f"{patch}: Lab: is for what all labs share only")
    if lab is None:
        raise SetupError(f"{patch}: Lab: must be one of {', '.join(sorted(known))}")
    return lab
