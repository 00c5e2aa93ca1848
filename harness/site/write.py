"""Writing the site: the pages for Sphinx, and then Sphinx."""

import posixpath
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import ROOT
from harness.base.progress import step
from harness.catalogue import contract, labs, mistakes, pages
from harness.runs import web_machine
from harness.site import (
    clause_notes,
    home,
    markdown,
    pictures,
    places,
    prose_names,
    puzzles,
    source_pages,
)
from harness.site.uses import Lookup

_FILES = Path(__file__).parent / "files"
_STATIC = "_static_of_kmaplab"


@dataclass
class Site:
    """The pages so far: Sphinx' name of each, and its text; and a script."""

    texts: dict[str, str] = field(default_factory=dict)
    names: str = ""

    def address(self, origin: str, path: Path) -> str:
        """Return where a file of the tree is, for a page; it is the site's from then on."""
        name = places.document(path)
        if name not in self.texts:
            self._add(path)
        return posixpath.relpath(f"{name}.md", posixpath.dirname(origin) or ".")

    def _add(self, path: Path) -> None:
        name = places.document(path)
        if path.is_file():
            self.texts[name] = markdown.show_file(path)
            return
        self.texts[name] = ""
        entries = [
            (f"{one.name}/" if one.is_dir() else one.name, self._page_of(name, one))
            for one in sorted(path.iterdir())
            if not one.name.startswith((".", "__pycache__"))
        ]
        self.texts[name] = markdown.show_folder(path, entries)

    def _page_of(self, origin: str, path: Path) -> str:
        """Return where an entry of a folder is; "" if it has no page of its own."""
        if path.is_relative_to(ROOT / "harness"):
            return ""
        self.address(origin, path)
        return places.link(origin, places.document(path))


def write() -> Path:
    """Write the site; return its first page.

    Raises SetupError if a page would be wrong, with what is wrong.
    """
    places.WORK.mkdir(parents=True, exist_ok=True)
    with locked(places.WORK / "lock", "the site"):
        with step("writing the site's pages"):
            site = _pages()
            _put(site)
        with step("running Sphinx"):
            _run_sphinx()
        _drop_old_pages(site)
        shutil.copytree(web_machine.make(), places.OUTPUT / places.MACHINE, dirs_exist_ok=True)
    return places.OUTPUT / f"{places.HOME}.html"


def _pages() -> Site:
    site = Site()
    every, known, sources = pages.all_pages(), labs.all_labs(), places.written_in_c()
    wrong = mistakes.read_all()
    maker = source_pages.annotator(sources, known)
    _check_names(every, maker.lookup)
    site.texts |= source_pages.pages(maker, sources, known)
    site.names = source_pages.script_of_names(maker)
    for folder in dict.fromkeys(one.owner for one in wrong):
        mine = [one for one in wrong if one.owner == folder]
        name = places.puzzles(folder)
        site.texts[name] = puzzles.page(folder, puzzles.owner_of(folder), mine)
    for page in every:
        markdown.links(page.path)
        # So that a link to it makes no page of the bare file.
        site.texts[places.document(page.path)] = ""

    def show(origin: str, name: str, where: str | Path) -> str | None:
        if isinstance(where, Path):
            one = maker.lookup.definitions.find(name, "f", where)
            return maker.quote(origin, one) if one and one.path == where else None
        lab = next((lab for lab in known if lab.name == where), None)
        return pictures.figures(lab, name) if lab and name in pictures.STEPS else None

    for page in every:
        notes = (
            clause_notes.notes(maker.lookup.definitions, wrong)
            if page.path == contract.PAGE
            else {}
        )
        site.texts[places.document(page.path)] = markdown.convert(page, site.address, show, notes)
    for directory in sorted({path.parent for path in sources}):
        site.address(places.HOME, directory)
    site.texts[places.HOME] = home.page(known, _headings(), site.texts)
    return site


def _check_names(every: Iterable[pages.Page], lookup: Lookup) -> None:
    """Raise SetupError, with all of them, if pages name functions that are nowhere."""
    found = [one for page in every for one in prose_names.wrong(page, lookup)]
    if found:
        raise SetupError("pages in Markdown would be wrong:\n" + "\n".join(found))


def _headings() -> list[tuple[str, list[str]]]:
    """Return the groups of pages that docs/index.md has, each with its pages."""
    index = ROOT / "docs/index.md"
    groups: list[tuple[str, list[str]]] = []
    for line in index.read_text().splitlines():
        if line.startswith("## "):
            groups.append((line[3:], []))
        elif match := re.match(r"- \[[^]]+\]\(([^)]+\.md)\)", line):
            path = Path(posixpath.normpath((index.parent / match[1]).as_posix()))
            groups[-1][1].append(places.document(path))
    return [(title, names) for title, names in groups if names]


def _put(site: Site) -> None:
    """Write the pages that have changed, and remove those that are no more."""
    source = places.WORK / "source"
    wanted: dict[Path, str] = {}
    for name, text in site.texts.items():
        wanted |= _files_of(source / f"{name}.md", text)
    for path in {*source.rglob("*.md"), *source.rglob("*.html")} - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        _write(path, text)
    for path in (_FILES / "static").iterdir():
        _write(source / _STATIC / path.name, path.read_text())
    _write(source / _STATIC / "kernel-names.js", site.names)
    conf = (_FILES / "conf.py").read_text()
    if not (source / "conf.py").is_file() or (source / "conf.py").read_text() != conf:
        # Sphinx does not see that its set-up has changed.
        shutil.rmtree(places.WORK / "doctrees", ignore_errors=True)
    _write(source / "conf.py", conf)


def _files_of(page: Path, text: str) -> dict[Path, str]:
    """Return the files that a page becomes, with their texts: its blocks of HTML are apart."""
    files: dict[Path, str] = {}

    def put(html: str) -> str:
        path = page.with_suffix(f".{len(files)}.html")
        files[path] = html
        return path.name

    shown = markdown.with_html_apart(text, put)
    return files | {page: shown}


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _drop_old_pages(site: Site) -> None:
    """Remove what an earlier site had, and this one has not."""
    wanted = {places.OUTPUT / f"{name}.html" for name in (*site.texts, "search", "genindex")}
    for path in set(places.OUTPUT.rglob("*.html")) - wanted:
        path.unlink()


def _run_sphinx() -> None:
    """Have Sphinx make HTML; a warning is an error, and so is a reference to nothing."""
    command: list[str | Path] = [
        "env",
        f"PYTHONPATH={ROOT}",
        "PYTHONDONTWRITEBYTECODE=1",
        *(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-j", "auto"),
        *("-d", places.WORK / "doctrees", places.WORK / "source", places.OUTPUT),
    ]
    tools.run(command, places.WORK / "sphinx.log", "Sphinx")
