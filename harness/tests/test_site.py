"""The site: sources split into passages, names and where they lead, and what pages add."""

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT, USERSPACE
from harness.catalogue import contract, labs, mistakes, pages
from harness.kernels.targets import KUNIT_ARCH, series_of
from harness.reports import kept_reports
from harness.results import kept_runs
from harness.site import (
    clause_notes,
    markdown,
    passages,
    pictures,
    places,
    prose,
    prose_names,
    puzzles,
    series_parts,
    source_pages,
    terms,
)
from harness.site.annotated import Annotator
from harness.site.definitions import COMPAT, Definitions
from harness.site.kernel_index import KernelIndex
from harness.site.prose import Links
from harness.site.uses import Lookup

SOURCES = places.written_in_c()
REMAP = LABS / "05_remap/lab_remap.c"

BEFORE_7 = "#if KERNEL_VERSION(7, 0, 0) > LINUX_VERSION_CODE\n"

NO_LINKS = Links(lambda name: None, html.escape)


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return Definitions(SOURCES)


def lookup(definitions: Definitions, *indices: KernelIndex) -> Lookup:
    """Return what knows these series of the kernel, and no C library."""
    return Lookup(definitions, list(indices), frozenset(), frozenset())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_html_stands_apart_from_the_page_it_is_on() -> None:
    blocks = ["<p>one\n```\n</p>", "<p>another</p>"]
    text = "# A page\n\n" + "\nwords\n\n".join(markdown.html(one) for one in blocks)
    apart: dict[str, str] = {}

    def put(block: str) -> str:
        name = f"{len(apart)}.html"
        apart[name] = block
        return name

    shown = markdown.with_html_apart(text, put)
    assert [*apart.values()] == blocks
    assert "<" not in shown and shown.count("\nwords\n") == 1
    for name, block in apart.items():
        shown = shown.replace(f":file: {name}", block)
    assert shown == text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_passages_of_a_source_are_the_source(path: Path) -> None:
    lines = [line for one in passages.read(path) for line in (*one.comment, *one.code)]
    assert lines == path.read_text().splitlines()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commentary_keeps_all_its_words_in_order(path: Path) -> None:
    for one in passages.read(path):
        text = passages.text_of(one.comment)
        shown = prose.render(text, NO_LINKS)
        plain = re.sub(r"<[^>]+>", " ", f"{shown.heading} {shown.html}")
        assert words(html.unescape(plain)) == words(text), f"{path}:{one.first}"


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("int a;\n", []),
        ("/* one */\nint a;\n/*\n * two\n */\nint b;\n", [1, 3]),
        ("int f(void)\n{\n\t/* why */\n\treturn 0;\n}\n", [3]),
        ("int a; /* behind code */\n", []),
        ("/* before code */ int a;\n", []),
        ('char *a = "/* no comment */";\n', []),
        ("// a line\nint a;\n", []),
        ("#define A \\\n/* in a macro */ \\\n1\n", []),
        ("#define A \\\n/* in a macro */\nint a;\n", []),
        ("char a = '\"';\n/* one */\nint b;\n", [2]),
    ],
)
def test_commentary_is_a_block_comment_alone_on_its_lines(text: str, comments: list[int]) -> None:
    found = passages.split(text)
    assert [one.first for one in found if one.comment] == comments
    lines = [line for one in found for line in (*one.comment, *one.code)]
    assert lines == text.splitlines()


def test_a_comment_without_code_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("int a;\n\n/* and then? */\n\n")
    with pytest.raises(SetupError, match=r"a\.c:3: a comment without code"):
        passages.read(path)


class ShownPage(HTMLParser):
    """What a page shows: its lines of code by number, and the lines that prose stands for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.code: dict[int, str] = {}
        self.prose: list[int] = []
        self._line: int | None = None
        self._depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("data-lines"):
            first, last = (int(one) for one in str(values["data-lines"]).split("-"))
            self.prose += range(first, last + 1)
        if values.get("class") == "l" and values.get("id"):
            assert f"L{values['data-n']}" == values["id"]
            number = int(str(values["data-n"]))
            assert number not in self.code, f"line {number} is shown twice"
            self._line, self._depth = number, 0
            self.code[number] = ""
        elif self._line is not None:
            self._depth += tag == "span"

    def handle_endtag(self, tag: str) -> None:
        if self._line is not None and tag == "span":
            self._depth -= 1
            if self._depth < 0:
                self._line = None

    def handle_data(self, data: str) -> None:
        if self._line is not None:
            self.code[self._line] += data


def test_a_page_shows_every_line_exactly_once(definitions: Definitions) -> None:
    maker = Annotator(lookup(definitions), terms.read(), {})
    for path in [REMAP, LABS / "core/lab_core.c", LABS / "include/lab_compat.h"]:
        shown = ShownPage(maker.page(path, quotes=path == REMAP))
        lines = path.read_text().splitlines()
        assert sorted([*shown.code, *shown.prose]) == list(range(1, len(lines) + 1))
        for number, text in shown.code.items():
            assert text == lines[number - 1] + "\n", f"{path}:{number}"


def test_a_labs_page_quotes_what_the_lab_calls_elsewhere(definitions: Definitions) -> None:
    maker = Annotator(lookup(definitions), terms.read(), {})
    page = maker.page(REMAP, quotes=True)
    for name in ("lab_set_size", "lab_register", "lab_unregister", "lab_refuse_mmap", "lab_of"):
        assert page.count(f"<summary><code>{name}()</code>") == 1
    assert "lab_refuse()" in page and "lab_range_fits()" in page, "what those call in turn"


def made_up(name: str, body: str) -> Path:
    """Return a file that stands for one of the tree."""
    # Others run the same tests at the same time.
    path = ROOT / f"build/tests/site-{os.getpid()}/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body)
    return path


def names(series: str, *known: str) -> KernelIndex:
    return KernelIndex(series, "1", {name: ("mm/memory.c", 1) for name in known})


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("int a = old(1);\n", ["7.2 has no old"]),
        ("int a = gone(1);\n", ["6.1, 7.2 has no gone"]),
        ("int a = both(1);\n", []),
        ("struct gone *a;\n", ["6.1, 7.2 has no gone"]),
        ("struct gone;\nstruct gone *a;\n", []),
        ("int a = OLD_FLAG;\n", ["7.2 has no OLD_FLAG"]),
        ("int a = b->gone(1) + c.gone(2);\n", []),
        ('/* gone() */\nchar *a = "gone()";\n', []),
        ("#define A(gone) gone(1)\n", []),
        ("int f(int (*gone)(int)) { return gone(1); }\n", []),
        (f"{BEFORE_7}int a = old(1);\n#endif\n", []),
        (
            "#if KERNEL_VERSION(7, 0, 0) <= LINUX_VERSION_CODE\nint a = old(1);\n#endif\n",
            ["7.2 has no old"],
        ),
        (
            f"{BEFORE_7}int a;\n#else\nint a = old(1);\n#endif\n",
            ["7.2 has no old"],
        ),
        ("#ifdef LAB_HAS_MMAP_PREPARE\nint a = new_(1);\n#endif\n", []),
    ],
)
def test_a_name_that_a_series_does_not_have_is_named(body: str, wrong: list[str]) -> None:
    path = made_up("a.c", body)
    both = ("both", "LINUX_VERSION_CODE", "KERNEL_VERSION")
    old, new = names("6.1", "old", "OLD_FLAG", *both), names("7.2", "new_", *both)
    found = lookup(Definitions([path, COMPAT]), old, new)
    found.uses(path)
    assert [one.partition(": Linux ")[2] for one in found.wrong] == wrong


def test_a_lab_of_newer_series_need_not_suit_older_ones(definitions: Definitions) -> None:
    path = made_up("a.c", "int a = new_(1);\n")
    found = lookup(definitions, names("6.1"), names("7.2", "new_"))
    assert [use.kernel for use in found.uses(path, since="7.2")] == [{"7.2": "mm/memory.c:1"}]
    assert not found.wrong


def test_a_difference_between_series_folds_open(definitions: Definitions) -> None:
    old = names("6.1", "MAX_ORDER")
    maker = Annotator(lookup(definitions, old, names("7.2", "MAX_PAGE_ORDER")), terms.read(), {})
    page = maker.page(REMAP)
    assert "<summary>Linux 6.1: <code>MAX_PAGE_ORDER</code> is in lab_compat.h" in page
    assert "(MAX_ORDER - 1)" in re.sub(r"<[^>]+>", "", page)


AFTER_7 = "#if KERNEL_VERSION(7, 0, 0) <= LINUX_VERSION_CODE\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("int a;\n", []),
        (f"{BEFORE_7}int a;\n#endif\n", [(2, 2, "Linux before 7.0")]),
        (
            f"{AFTER_7}int a;\n\nint b;\n#else\nint c;\n#endif\n",
            [(2, 4, "Linux 7.0 and later"), (6, 6, "Linux before 7.0")],
        ),
        ("#ifdef LAB_HAS_MMAP_PREPARE\nint a;\n#endif\n", [(2, 2, "Linux 7.2 and later")]),
        ("#ifndef LAB_HAS_MMAP_PREPARE\nint a;\n#endif\n", [(2, 2, "Linux before 7.2")]),
        ("#ifdef __i386__\nint a;\n#else\nint b;\n#endif\n", []),
        (f"{BEFORE_7}#endif\nint a;\n", []),
        (
            f"{BEFORE_7}#ifdef A\nint a;\n#endif\nint b;\n#endif\n",
            [(2, 5, "Linux before 7.0")],
        ),
        (
            f"{BEFORE_7}int a;\n{AFTER_7}int b;\n#endif\n#endif\n",
            [(2, 5, "Linux before 7.0"), (4, 4, "Linux 7.0 and later")],
        ),
        (f"{BEFORE_7}int a;\n#elif A\nint b;\n#endif\n", [(2, 2, "Linux before 7.0")]),
    ],
)
def test_lines_for_some_series_are_found(text: str, found: list[tuple[int, int, str]]) -> None:
    assert [(one.first, one.last, one.series) for one in series_parts.parts(text)] == found


def test_lines_for_some_series_fold_where_the_code_has_them(definitions: Definitions) -> None:
    maker = Annotator(lookup(definitions), terms.read(), {})
    page = maker.page(LABS / "core/lab_core.c")
    fold = page.partition('<details class="series-part" open>')[2].partition("</details>")[0]
    assert fold.startswith("<summary>Linux 7.2 and later</summary>")
    assert "lab_refuse_prepare(" in re.sub(r"<[^>]+>", "", fold)
    page = maker.page(COMPAT)
    assert page.count('<details class="series-part" open>') == len(
        series_parts.parts(COMPAT.read_text())
    )
    shown = re.findall(r"<details[^>]* open><summary>([^<]+)</summary>", page)
    assert {"Linux before 6.3", "Linux before 6.4", "Linux 6.4 and later"} <= set(shown)


def test_folds_are_closed_in_the_order_they_open(definitions: Definitions) -> None:
    path = made_up("a.c", f"{BEFORE_7}int a;\n{AFTER_7}int b;\n#endif\n#endif\n")
    page = Annotator(lookup(definitions, names("6.1")), terms.read(), {}).page(path)
    tags = re.findall(r"<(/?)(pre|details)\b", page)
    opened: list[str] = []
    for closes, tag in tags:
        if closes:
            assert opened.pop() == tag, page
        else:
            assert "pre" not in opened, f"{tag} within pre: {page}"
            opened.append(tag)
    assert not opened


def test_prose_that_names_a_function_which_is_gone_is_an_error(definitions: Definitions) -> None:
    path = made_up("a.c", "/* as gone_since_2007() did */\nint a;\n")
    maker = Annotator(lookup(definitions, names("6.1")), terms.read(), {})
    with pytest.raises(SetupError, match=r"a\.c:1: the comment names gone_since_2007\(\)"):
        source_pages.pages(maker, [path], [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("See `nosuch()`, and `kmalloc()`.", ["page.md:3: the text names nosuch()"]),
        ("Without marks: nosuch() and old().", ["page.md:3: the text names nosuch()"]),
        ("`lab_remap_mmap()`, `lab_NAME_mmap()`, `mmap()` and `fork()`", []),
        ("`lab_NAME_nosuch()`", ["page.md:3: the text names lab_NAME_nosuch()"]),
        ("`file->mmap()`, `lines.sort()` and `nosuch`", []),
        ("```text\nnosuch()\n```", []),
        *((f"`{name}()`", []) for name in prose_names.NOWHERE),
    ],
)
def test_a_page_that_names_a_function_which_is_gone_is_an_error(
    text: str,
    wrong: list[str],
    definitions: Definitions,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    indices = [names("6.1", "kmalloc", "old", "->mmap"), names("7.2", "kmalloc", "->mmap")]
    known = Lookup(definitions, indices, frozenset(["fork"]), frozenset(prose_names.NOWHERE))
    page = a_page(monkeypatch, f"# A\n\n{text}\n", tmp_path)
    found = list(prose_names.wrong(page, known))
    assert [one.partition(", which")[0] for one in found] == wrong


def test_without_the_source_of_a_series_only_our_own_names_can_be_gone(
    definitions: Definitions,
) -> None:
    some = Lookup(definitions, [names("6.1")], frozenset(), frozenset(), is_whole=False)
    assert some.is_gone("lab_nosuch") and not some.is_gone("of_newer_series")


def test_no_page_names_a_function_of_ours_that_is_gone(definitions: Definitions) -> None:
    excused = frozenset(prose_names.NOWHERE)
    ours = Lookup(definitions, [], frozenset(), excused, is_whole=False)
    wrong = [one for page in pages.all_pages() for one in prose_names.wrong(page, ours)]
    assert not wrong, "\n".join(wrong)


def test_no_name_is_excused_that_no_page_uses() -> None:
    text = "".join(page.path.read_text() for page in pages.all_pages())
    for name in prose_names.NOWHERE:
        assert re.search(rf"\b{name}\(\)", text), f"{name}() is in no page: strike it off"


def test_every_check_of_the_contract_leads_to_its_source(definitions: Definitions) -> None:
    found = "".join(clause_notes.notes(definitions, mistakes.read_all()).values())
    for clause in contract.read():
        for check in set(clause.checks) - set(contract.OBSERVED):
            [link] = re.findall(rf"<code>{check}</code>: <a href=\"([^\"#]+)#L(\d+)\"", found)[:1]
            path = (ROOT / "docs" / link[0].removesuffix(".html")).resolve()
            assert check in path.read_text().splitlines()[int(link[1]) - 1]


@pytest.fixture
def no_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(kept_runs, "PLACE", tmp_path / "kept")
    monkeypatch.setattr(pictures, "PLACE", tmp_path / "pictures")
    return tmp_path


def test_what_lacks_a_run_names_the_command(no_runs: Path, definitions: Definitions) -> None:
    mistake = mistakes.read_all()[0]
    assert f"make mistakes ONLY={mistake.name}" in puzzles.verdict(mistake)
    notes = "".join(clause_notes.notes(definitions, []).values())
    assert "make contract CLAUSE=4.2<" in notes
    lab = labs.all_labs()[0]
    assert "make show LAB=kmalloc" in pictures.gallery(lab)
    page = next(page for page in pages.all_pages() if page.path.name == "kunit.md")
    text = markdown.convert(page, lambda origin, path: "x", lambda *names: "")
    assert "harness/kmaplab pages docs/kunit.md" in text


def test_a_target_without_pictures_is_named_with_the_command_or_the_reason(no_runs: Path) -> None:
    """Beside those that are there, for each load, and where a lesson shows a step."""
    every = {lab.name: lab for lab in labs.all_labs()}
    lab, reserved, newer = every["lab_remap"], every["lab_reserved"], every["lab_prepare"]
    for place in ("lab_remap", "lab_reserved", "lab_reserved/pages=4-how=memremap"):
        directory = no_runs / f"pictures/6.1-x86_64/{place}"
        directory.mkdir(parents=True)
        (directory / "mmap.svg").write_text("<svg></svg>")
    for shown in (pictures.gallery(lab), pictures.figures(lab, "mmap")):
        assert "<svg>" in shown and "make show LAB=remap<" not in shown
        assert "6.1-arm64: <code>make show LAB=remap ARCH=arm64</code>" in shown
        assert "6.1-um: <code>make show LAB=remap ARCH=um</code>" in shown
    (no_runs / "pictures/6.1-um/lab_remap").mkdir(parents=True)
    (no_runs / "pictures/6.1-um/lab_remap/mmap.svg").write_text("<svg>um</svg>")
    shown, folded = pictures.figures(lab, "mmap").split("<summary>the same on 6.1-um</summary>")
    assert "<svg></svg>" in shown and "<svg>um</svg>" in folded
    reason = reserved.cannot_run["um"]
    assert pictures.gallery(reserved).count(f"6.1-um: {html.escape(reason)}") == 2
    assert f"ARCH={KUNIT_ARCH} KERNEL={series_of(KUNIT_ARCH)[-1]}<" in pictures.gallery(newer)


def test_a_verdict_that_was_kept_is_shown_until_the_mistake_changes(no_runs: Path) -> None:
    mistake = mistakes.read_all()[0]
    by = [{"where": "um", "check": "some_check", "text": "1 == 2"}]
    kept = {"result": "caught", "arch": "um", "by": by, "text": ""}
    entry = {mistake.name: kept | {"patch": kept_reports.digest_of(mistake)}}
    kept_runs.keep(kept_reports.MISTAKES, "6.1", entry)
    assert "caught by <code>some_check</code> (um, Linux 6.1, on 20" in puzzles.verdict(mistake)
    kept_runs.keep(kept_reports.MISTAKES, "6.1", {mistake.name: kept | {"patch": "another"}})
    assert "make mistakes ONLY=" in puzzles.verdict(mistake)


def test_a_run_of_some_labs_leaves_the_others_alone(no_runs: Path) -> None:
    kept_runs.keep("runs", "um-6.1", {"a": {"x": 1}, "b": {"x": 2}})
    kept_runs.keep("runs", "um-6.1", {"b": {"x": 3}})
    found = kept_runs.read("runs")["um-6.1"]
    assert (found["a"]["x"], found["b"]["x"]) == (1, 3)


def a_page(monkeypatch: pytest.MonkeyPatch, text: str, tmp_path: Path) -> pages.Page:
    for module in (pages, markdown, places, prose_names):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(text)
    return pages.read(tmp_path / "page.md")


def test_answers_are_folded_and_the_next_heading_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "# A\n\n## Answers\n\n1. Yes.\n\n## More\n\nwords\n"
    page = a_page(monkeypatch, text, tmp_path)
    found = markdown.convert(page, lambda origin, path: "x", lambda *names: "")
    inside = found.partition("<details")[2].partition("</details>")[0]
    assert "1. Yes." in inside and "## More" not in inside and "## More" in found


def test_a_link_to_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = a_page(monkeypatch, "[a](b.md)\n", tmp_path)
    with pytest.raises(SetupError, match=r"page\.md: a link to b\.md, which is not there"):
        markdown.links(page.path)


@pytest.mark.parametrize(
    "line", ["[nosuch()](labs/a.c)<!-- code -->", "<!-- picture: lab_nosuch mmap -->"]
)
def test_code_and_pictures_that_are_not_there_are_an_error(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = a_page(monkeypatch, f"# A\n\n{line}\n", tmp_path)
    with pytest.raises(SetupError, match=r"page\.md:3: there is no such thing"):
        markdown.convert(page, lambda origin, path: "x", lambda *names: None)


def test_a_picture_of_a_lab_without_a_mapping_says_so() -> None:
    lab = labs.Lab("lab_x", "", LABS, ((),), mapping="none")
    assert "lab_x has no mmap()" in pictures.missing(lab)


def test_each_term_leads_to_its_line() -> None:
    known = terms.read()
    link = terms.Terms(known, "words.html").linker()
    assert 'href="words.html#term-page-frame"' in link("of page frames & others")
    assert "page frames" not in terms.with_anchor("| term | in one line |")
    assert 'id="term-vma"' in terms.with_anchor("| VMA | a | b |")


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["A page frame, and a page frame."], ["A <page frame>, and a page frame."]),
        (["# VMA", "Two VMAs."], ["# VMA", "Two <VMAs>."]),
        (["`VMA`, [VMA](a.md) and a VMA"], ["`VMA`, [VMA](a.md) and a <VMA>"]),
        (["`a", "VMA` <!-- VMA --> VMA"], ["`a", "VMA` <!-- VMA --> <VMA>"]),
        (["of a page", "frame"], ["of a <page", "frame>"]),
        (["of a page", "", "frame"], ["of a <page>", "", "frame"]),
        (["out VMA", "VMA | page"], ["out VMA", "<VMA> | <page>"]),
        (["out VMA", "no-page, VMA-like"], ["out VMA", "no-page, VMA-like"]),
    ],
)
def test_a_lesson_leads_to_each_term_where_it_first_uses_it(
    lines: list[str], shown: list[str]
) -> None:
    known = terms.Terms({"page": "a|b", "page frame": "c", "VMA": "d"}, "words.html")
    left_out = [1] if lines[0].startswith("out") else []
    found = "\n".join(known.first_uses(lines, left_out))
    assert '"a|b"' not in found, "it would end a cell of a table"
    plain = re.sub(
        r'<a class="term" href="words.html#[^"]+" title="[^"]+">([^<]+)</a>', r"<\1>", found
    )
    assert plain.split("\n") == shown


def test_every_lesson_leads_to_words() -> None:
    for page in pages.all_pages():
        if page.path.name in terms.EXPLAINED:
            text = markdown.convert(page, lambda origin, path: "x", lambda *names: "")
            places_of_terms = re.findall(r'<a class="term" href="([^"]+)"', text)
            assert len(places_of_terms) > 3, f"{page.path} leads to no terms"
            assert len(set(places_of_terms)) == len(places_of_terms), f"{page.path}: twice"


def test_the_check_programs_have_pages() -> None:
    assert USERSPACE / "contract/vma.c" in SOURCES and LABS / "core/lab_core.h" in SOURCES
