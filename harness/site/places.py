"""Where each file of the tree is on the site, and how one page links to another.

A page has the path of what it shows: labs/05_remap/lab_remap.c is
labs/05_remap/lab_remap.c.html, and a folder is its index.html.
"""

import posixpath
from pathlib import Path

from harness.base.paths import BUILD, ROOT
from harness.catalogue.labs import Lab
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, NEWEST_NAME, Target

OUTPUT = BUILD / "docs"
WORK = BUILD / "site"

HOME = "index"
KERNEL_NAMES = "kernel-names"
# The folder with all that the machine in a lab's page consists of.
MACHINE = "machine"
# A page in Markdown, and a source with commentary.
MARKDOWN = ".md"
SOURCES = (".c", ".h")


def document(path: Path) -> str:
    """Return the name of the page that shows a file or folder of the tree, for Sphinx."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        return f"{name}/index"
    return name.removesuffix(MARKDOWN)


def puzzles(folder: str) -> str:
    """Return the name of the page with the mistakes of a folder below labs/."""
    return f"labs/{folder}/mistakes/index"


def link(origin: str, target: str, anchor: str = "") -> str:
    """Return the relative address of a page, and of a place on it, from another page."""
    address = posixpath.relpath(f"{target}.html", posixpath.dirname(origin) or ".")
    return f"{address}#{anchor}" if anchor else address


def file(origin: str, path: str) -> str:
    """Return the relative address of a file of the site that is no page, from a page."""
    return posixpath.relpath(path, posixpath.dirname(origin) or ".")


def command(verb: str, lab: Lab, target: Target | None = None) -> str:
    """Return what makes a lab's run of a verb, on a target, or on one that can have it."""
    words = [f"make {verb} LAB={lab.name.removeprefix('lab_')}"]
    if not target and lab.since:
        words += [f"ARCH={KUNIT_ARCH}", f"KERNEL={NEWEST_NAME}"]
    elif target:
        words += [f"ARCH={target.arch}"] if target.arch != DEFAULT_ARCH else []
        words += [f"KERNEL={target.series}"] if target.series != DEFAULT_SERIES else []
    return " ".join(words)


def written_in_c() -> list[Path]:
    """Return every C file of the labs, the check programs and the suites, in order."""
    folders = (ROOT / "labs", ROOT / "userspace", ROOT / "kunit")
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.[ch]"))
        if path.is_file() and not path.name.endswith(".mod.c")
    ]
