"""The catalogue of mistakes: its headers, and which of them LAB=, CLAUSE= and ONLY= choose."""

from pathlib import Path

import pytest

from harness.catalogue import contract, mistakes
from harness.base.errors import RequestError, SetupError
from harness.catalogue.labs import all_labs
from harness.kernels.targets import ARCHES

CATALOGUE = mistakes.read_all()

PATCH = "--- a/lab_kmalloc.c\n+++ b/lab_kmalloc.c\n"


def catalogue(tmp_path: Path, header: str, owner: str = "01_kmalloc") -> Path:
    directory = tmp_path / owner / "mistakes"
    directory.mkdir(parents=True)
    (directory / "one.patch").write_text(f"{header}\n{PATCH}")
    return tmp_path


def test_there_are_eight_for_every_lab_and_fifty_in_all() -> None:
    for lab in all_labs():
        own = [one for one in CATALOGUE if mistakes.owner_lab(one) == lab.name]
        assert len(own) >= 8, lab.name
    assert len(CATALOGUE) >= 50


def test_every_clause_has_a_mistake() -> None:
    """A clause whose checks were never seen to fail proves nothing."""
    shown = {one.clause.number for one in CATALOGUE}
    assert [str(clause) for clause in contract.read() if clause.number not in shown] == []


def test_clauses_that_others_overlap_have_a_mistake_that_only_they_notice() -> None:
    """That nobody else notices it a boot shows: test_boot_mistakes.py tries one of them."""
    alone = {one.clause.number for one in CATALOGUE if one.alone}
    assert alone >= {"1.5", "1.7", "4.4", "4.5", "4.6", "4.7", "8.1"}


def test_a_sample_has_one_of_each_clause_and_follows_from_its_seed() -> None:
    clauses = {one.clause.number for one in CATALOGUE}
    samples = [mistakes.sample(CATALOGUE, len(clauses) + 5, seed) for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2]
    for chosen in samples:
        assert len(chosen) == len(clauses) + 5
        assert {one.clause.number for one in chosen} == clauses
        assert chosen == [one for one in CATALOGUE if one in chosen]


@pytest.mark.parametrize("count", [1, len(CATALOGUE), len(CATALOGUE) + 1, None])
def test_a_sample_has_as_many_as_there_are(count: int | None) -> None:
    chosen = mistakes.sample(CATALOGUE, count, 1)
    assert len(chosen) == min(count or len(CATALOGUE), len(CATALOGUE))


def test_no_two_say_the_same() -> None:
    names = [(mistake.owner, mistake.what) for mistake in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("Clause: 1.1\n", "no line 'What:'"),
        ("What: x\nHarm: y\n", "no line 'Clause:'"),
        ("What: x\nHarm: y\nClause: 9.99\n", "9.99 is not in contract.md"),
        ("What: x\nHarm: y\nClause: 1.1\nOn: vax\n", "On: x86_64 or um or arm64 or i386"),
        ("What: x\nHarm: y\nClause: 1.1\nOn: x86_64\nBy: kunit\n", "By: user or, on um, kunit"),
        ("What: x\nHarm: y\nClause: 1.1\nSince: 5.4\n", "Since: choose from 6.1, 6.12"),
        ("What: x\nHarm: y\nClause: 1.1\nWhere: there\n", "'Where: there' is not one of"),
        ("What: x\nHarm: y\nClause: 1.1\nAlone: no\n", "Alone: can only be yes"),
        ("What: x\nHarm: z\nWhat: y\nClause: 1.1\n", "there twice"),
        ("What: x\nHarm: y\nClause: 1.1\nLab: lab_pages\n", "what all labs share only"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(
    tmp_path: Path, header: str, complaint: str
) -> None:
    with pytest.raises(SetupError, match=complaint) as caught:
        mistakes.read_all(catalogue(tmp_path, header))
    assert "one.patch" in str(caught.value)


def test_what_all_share_is_shown_with_a_lab_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Lab: must be one of"):
        mistakes.read_all(catalogue(tmp_path, "What: x\nHarm: y\nClause: 1.1\n", "core"))


def test_a_lab_without_checks_in_user_mode_linux_needs_its_suite_or_x86(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot run on um: user-mode Linux has no reserved RAM"):
        mistakes.read_all(catalogue(tmp_path, "What: x\nHarm: y\nClause: 1.1\n", "04_reserved"))


def test_the_header_says_what_runs(tmp_path: Path) -> None:
    header = "What: all is wrong\nHarm: much\nClause: 7.1\nLoad: pages=5\nBy: kunit\n"
    mistake = mistakes.read_all(catalogue(tmp_path, header))[0]
    assert mistake.name == "kmalloc/one" and mistake.what == "all is wrong"
    assert str(mistake.load) == "lab_kmalloc pages=5"
    assert mistake.clause.number == "7.1" and mistake.arch == "um"
    assert mistake.suite == "lab_kmalloc"


def test_each_clause_about_two_processors_has_two_mistakes_that_qemu_shows() -> None:
    races = [one for one in CATALOGUE if one.clause.number.startswith("9.")]
    assert all(one.arch in ARCHES and ARCHES[one.arch].qemu for one in races)
    for clause in contract.choose("9"):
        own = [one.name for one in races if one.clause == clause]
        assert len(own) >= 2, f"{clause} has only {own}"


def test_a_mistake_may_need_a_newer_series(tmp_path: Path) -> None:
    header = "What: x\nHarm: y\nClause: 1.1\nOn: x86_64\nSince: 6.12\n"
    [mistake] = mistakes.read_all(catalogue(tmp_path, header))
    assert mistake.why_not("6.1") == "shows from Linux 6.12 on"
    assert mistake.why_not("6.12") is None


def test_mistakes_that_a_series_cannot_show_say_why() -> None:
    reasons = {mistake.name: mistake.why_not("7.2") for mistake in CATALOGUE}
    assert {bool(reasons[one.name]) for one in CATALOGUE if one.arch == "x86_64"} <= {True}
    assert not any(reasons[one.name] for one in CATALOGUE if one.arch == "um")
    prepare = [one for one in CATALOGUE if one.load.lab.name == "lab_prepare"]
    assert all("7.2 on" in (one.why_not("6.1") or "") for one in prepare)


@pytest.mark.parametrize(
    "wanted",
    [("nosuch", None, None), (None, "9.99", None), (None, None, "kmalloc/nosuch")],
)
def test_what_is_not_there_is_refused(wanted: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(RequestError, match="choose from"):
        mistakes.choose(*wanted)


def test_labs_without_a_catalogue_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no mistakes"):
        mistakes.choose(None, None, None, tmp_path)


def test_lab_clause_and_name_choose_together() -> None:
    first = CATALOGUE[0]
    chosen = mistakes.choose(mistakes.owner_lab(first), first.clause.number, first.name)
    assert [mistake.name for mistake in chosen] == [first.name]
