"""The changes that lessons propose: their patches' headers, and what the lessons say of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.catalogue import changes, contract, pages, patches
from harness.catalogue.changes import Change, Forecast
from harness.catalogue.labs import Load, all_labs
from harness.results.ktap import Check, Ktap
from harness.results.load_results import LoadResult, ProblemKind
from harness.runs.try_changes import ChangeResult

LESSONS = [page for page in pages.all_pages() if page.path.name == "lesson.md"]
LAB = next(lab for lab in all_labs() if len(lab.loads) == 2)
FIRST, SECOND = (Load(LAB, parameters) for parameters in LAB.loads)

ONE, OTHER = "offset_k_shows_page_k", "info_is_consistent"


@pytest.mark.parametrize("page", LESSONS, ids=str)
def test_a_lesson_says_of_its_changes_what_their_patches_say(page: pages.Page) -> None:
    proposed = changes.of_lesson(page)
    assert proposed
    assert not [fault for change in proposed for fault in change.faults()]
    assert len({change.series for change in proposed}) == 1


def test_each_patch_with_a_forecast_is_in_one_lesson() -> None:
    linked = [change.patch for page in LESSONS for change in changes.of_lesson(page)]
    assert len(set(linked)) == len(linked) and set(linked) == changes.proposed()


def test_pages_without_a_lab_propose_nothing() -> None:
    assert not changes.of_lesson(pages.read(contract.PAGE))


def a_change(item: str, header: str, tmp_path: Path, where: str = "changes") -> Change:
    """Return the change of a lesson of LAB that has one item, with its patch."""
    (tmp_path / where).mkdir()
    (tmp_path / where / "x.patch").write_text(f"{header}\n\n--- a/x.c\n")
    text = f"# L\n\n## Things to change\n\nWords.\n\n- {item}\n\n## Answers\n\n- an answer\n"
    (tmp_path / "lesson.md").write_text(text)
    page = pages.read(tmp_path / "lesson.md")
    [change] = changes.of_lesson(page, [replace(LAB, directory=tmp_path)])
    return change


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let a lesson be in a test's own directory."""
    if "tmp_path" in request.fixturenames:
        top = request.getfixturevalue("tmp_path")
        monkeypatch.setattr(changes, "ROOT", top)
        monkeypatch.setattr(pages, "ROOT", top)


@pytest.mark.parametrize(
    ("item", "fails"),
    [
        (f"Drop it ([patch](changes/x.patch)): `{ONE}` fails.", ONE),
        (f"([patch](changes/x.patch)) `{ONE}` and `{OTHER}`, `int` too.", f"{ONE}, {OTHER}"),
        (f"([patch](changes/x.patch)) 2 checks fail, among them `{ONE}`", f"{ONE},\n {OTHER}"),
        ("([patch](changes/x.patch)) All\n  checks pass.", "nothing"),
        ("([patch](changes/x.patch)) It does not build.", "the build"),
        ("([patch](changes/x.patch)) Every check fails.", "every check"),
        (f"([patch](changes/x.patch)) `{ONE}`; the kernel warns", f"{ONE}, {contract.REPORTS}"),
        (
            f"([patch](changes/x.patch)) One:\n\n  ```report um-6.1\n  {ONE} failed\n  ```",
            ONE,
        ),
    ],
)
def test_a_lesson_that_says_what_the_patch_says_has_no_faults(
    item: str, fails: str, tmp_path: Path
) -> None:
    assert not a_change(item, f"What: x\nFails: {fails}", tmp_path).faults()


@pytest.mark.parametrize(
    ("item", "fails", "fault"),
    [
        ("[patch](changes/x.patch)", ONE, f"leaves out {ONE}"),
        (f"[patch](changes/x.patch) `{ONE}` `{OTHER}`", ONE, f"not have {OTHER} in Fails:"),
        ("[patch](changes/x.patch) 3 checks fail", f"{ONE}, {OTHER}", "2 checks in Fails:, not 3"),
        ("[patch](changes/x.patch) fine", "nothing", "the lesson does not say"),
        (f"[patch](changes/x.patch) all checks pass `{ONE}`", ONE, "the lesson says"),
        ("[patch](changes/x.patch) It breaks.", "the build", "the lesson does not say"),
        (f"[patch](changes/x.patch) `{ONE}`", f"{ONE}, {contract.REPORTS}", "does not say"),
        (
            f"[patch](changes/x.patch)\n\n  ```report x86_64-6.1\n  {ONE} failed\n  ```",
            ONE,
            "lesson.md:9 is of um-6.1",
        ),
    ],
)
def test_a_lesson_that_says_something_else_is_found(
    item: str, fails: str, fault: str, tmp_path: Path
) -> None:
    assert fault in "\n".join(a_change(item, f"What: x\nFails: {fails}", tmp_path).faults())


@pytest.mark.parametrize(
    ("item", "header", "complaint"),
    [
        ("no patch", "What: x\nFails: nothing", "lesson.md:7: needs a link"),
        (
            "[a](changes/x.patch) [b](changes/x.patch)",
            "What: x\nFails: nothing",
            "lesson.md:7: needs a link",
        ),
        ("[a](changes/x.patch)", "What: x", "no line 'Fails:'"),
        ("[a](changes/x.patch)", "What: x\nFails: nothing\nClause: 1.1", "is not one of"),
        ("[a](changes/x.patch)", "What: x\nFails: nothing\nOn: vax", "runs on x86_64"),
    ],
)
def test_what_makes_no_sense_is_refused(
    item: str, header: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=complaint):
        a_change(item, header, tmp_path)


def test_a_mistake_can_be_a_change_and_be_shown_elsewhere(tmp_path: Path) -> None:
    header = "What: x\nClause: 1.1\nBy: kunit\nFails: nothing\nShown: x86_64"
    change = a_change("[a](mistakes/x.patch)", header, tmp_path, "mistakes")
    assert (change.arch, change.load) == ("x86_64", None)
    assert [load.parameters for load in change.loads] == list(LAB.loads)


def test_checks_fail_in_the_load_that_the_patch_names(tmp_path: Path) -> None:
    header = f"What: x\nFails: {ONE}\nLoad: {' '.join(SECOND.parameters)}"
    change = a_change("[a](changes/x.patch)", header, tmp_path)
    checks = frozenset({ONE, OTHER})
    assert change.fails_in(FIRST, checks) == frozenset()
    assert change.fails_in(SECOND, checks) == {ONE}
    other = replace(change, load=("pages=99",))
    assert [load.parameters for load in other.loads] == [("pages=99",)]
    everything = replace(change, forecast=Forecast("every check"), load=None)
    assert everything.fails_in(FIRST, checks) == checks


def ran(load: Load, *failed: str, warned: bool = False) -> LoadResult:
    checks = [Check(name, name not in failed, None, ("why not",)) for name in (ONE, OTHER)]
    result = LoadResult(load, Ktap(2, checks))
    if warned:
        result.add(ProblemKind.KERNEL_WARNED, "the kernel warned")
    return result


def test_a_change_that_gets_its_verdict_gives_no_reason_to_complain(tmp_path: Path) -> None:
    change = a_change("[a](changes/x.patch)", f"What: x\nFails: {ONE}", tmp_path)
    results = [ran(FIRST, ONE), ran(SECOND, ONE)]
    assert not ChangeResult(change, results).complaints()
    no_build = replace(change, forecast=Forecast("the build"))
    assert not ChangeResult(no_build, builds=False, said="error").complaints()


def test_another_verdict_is_complained_of_check_by_check(tmp_path: Path) -> None:
    change = a_change("[a](changes/x.patch)", f"What: x\nFails: {ONE}", tmp_path)
    results = [ran(FIRST, ONE, OTHER), ran(SECOND, warned=True)]
    assert ChangeResult(change, results).complaints() == [
        f"{change}: {OTHER} fails in {FIRST}",
        f"{change}: {contract.REPORTS} fails in {SECOND}",
        f"{change}: {ONE} passes in {SECOND}",
    ]
    assert ChangeResult(change, builds=False, said="error: x").complaints() == [
        f"{change}: error: x"
    ]
    no_build = replace(change, forecast=Forecast("the build"))
    assert ChangeResult(no_build, results).complaints() == [f"{change}: builds"]
    assert ChangeResult(change, trouble="does not apply").complaints() == [
        f"{change}: does not apply"
    ]


def test_what_a_lesson_quotes_must_be_in_the_report(tmp_path: Path) -> None:
    item = f"[a](changes/x.patch)\n\n  ```report um-6.1\n  {ONE} failed\n    why ...\n  ```"
    change = a_change(item, f"What: x\nFails: {ONE}", tmp_path)
    results = [ran(FIRST, ONE), ran(SECOND, ONE)]
    said = f"more\n{ONE} failed\nwhy not\nmore"
    assert not ChangeResult(change, results, said).complaints()
    [complaint] = ChangeResult(change, results, "something else").complaints()
    assert complaint.startswith("lesson.md:9: the report has no such lines")


def test_other_checks_are_written_into_patch_and_lesson(tmp_path: Path) -> None:
    header = f"What: x\nFails: {OTHER},\n more\nLoad: {' '.join(SECOND.parameters)}"
    change = a_change("[a](changes/x.patch) 2 checks fail. 2 of them", header, tmp_path)
    right = [ran(FIRST), ran(SECOND, ONE)]
    assert ChangeResult(change, right).other_checks() == frozenset({ONE})
    for results in ([ran(FIRST, ONE), ran(SECOND, ONE)], [ran(FIRST)]):
        assert ChangeResult(change, results).other_checks() is None
    assert ChangeResult(change, right, trouble="died").other_checks() is None
    for forecast in (Forecast("the build"), Forecast("every check"), Forecast(ONE)):
        other = replace(change, forecast=forecast)
        assert ChangeResult(other, right).other_checks() is None
    changes.rewrite(change, frozenset({ONE}))
    text = change.patch.read_text()
    assert text.startswith(f"What: x\nFails: {ONE}\nLoad: pages") and text.endswith(
        "\n\n--- a/x.c\n"
    )
    changes.count_again(replace(change, forecast=Forecast(f"{ONE}, {contract.REPORTS}")))
    assert "1 checks fail. 2 of them" in change.page.read_text()


def test_a_header_that_is_written_anew_can_be_read(tmp_path: Path) -> None:
    patch = tmp_path / "x.patch"
    patch.write_text("What: x\nFails: nothing\nOn: um\n\n--- a\n")
    names = ", ".join(f"check_{number}_is_there" for number in range(20))
    patches.rewrite(patch, "Fails", names)
    assert max(len(line) for line in patch.read_text().splitlines()) <= 90
    found = patches.header(patch, ("What", "Fails", "On"), ())
    assert found == {"What": "x", "Fails": names, "On": "um"}
