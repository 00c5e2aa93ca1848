"""The three forms of the report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from harness.results.ktap import Check, Ktap
from harness.catalogue.labs import Lab, Load, all_labs
from harness.reports.forms import Booted
from harness.reports.run_report import RunReport
from harness.results.load_results import LoadResult, LoadVerdict, Problem, ProblemKind
from harness.results.witness import WITNESSED, MemorySighting

LAB = Lab("lab_x", "a [lab]", Path("/nowhere"), (("how=page",),), {"b": "look at [it]"})
DIFFERENCE = "user reads: page 2 word 17 (offset 0x2044): expected 0x00000001, found 0x00000002"


def report(trouble: str | None = None) -> RunReport:
    ktap = Ktap(
        3,
        [
            Check("a", True),
            Check("b", False, None, (DIFFERENCE,)),
            Check("c", True, "no [such] file"),
        ],
        report={
            "kernel_addr": "0xffff888000000000",
            "phys_addr": "0x1000",
            "user_addr": "0x7f0000000000",
            "contiguous": "no",
            "kernel_to_user": "16384",
            "user_to_kernel": "8192",
            "pages": "4",
            "size": "16384",
        },
    )
    failed = LoadResult(
        Load(LAB, ("how=page",)), ktap, [], ["lab_x: [log] line"], LoadVerdict.FAILED, 1.5
    )
    broken = LoadResult(
        Load(LAB, ()), problems=[Problem(ProblemKind.GUEST_GONE, "the guest was gone")]
    )
    booted = Booted("6.1.0-1", "x86_64", "tcg", 0xABC, 2.5)
    return RunReport(booted, [failed, broken], trouble, ("last [line]",))


def test_the_table_is_plain_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    report().print("table")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    for part in ("lab_x how=page", "0xffff888000000000", "scattered", "16,384", "8,192"):
        assert part in out
    assert max(len(line.rstrip()) for line in out.splitlines() if "lab_x how" in line) < 180
    assert "1 of 3, 1 skipped" in out and "FAILED" in out and "BROKEN" in out
    assert "SEED=0xabc" in out


def test_a_failed_check_shows_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    report().print("table")
    out = capsys.readouterr().out
    for part in (
        "b failed",
        DIFFERENCE,
        "hint: look at [it]",
        "lab_x: [log] line",
        "c skipped: no [such] file",
        "the guest was gone",
    ):
        assert part in out


def test_trouble_shows_the_end_of_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    report("the guest's kernel crashed").print("table")
    out = capsys.readouterr().out
    assert "the guest's kernel crashed" in out and "last [line]" in out


def witnessed(*loads: tuple[LoadVerdict, MemorySighting | None]) -> RunReport:
    """Return the report on loads of a lab that the machine showed so."""
    load = Load(LAB, ())
    results = [
        LoadResult(load, verdict=verdict, sightings={WITNESSED: seen} if seen else {})
        for verdict, seen in loads
    ]
    return RunReport(Booted("6.1.0-1", "x86_64", "tcg", 0xABC, 2.5), results)


_AGREES = MemorySighting([0x1000, 0x2000], ["PTE"] * 2, 8192)
_LARGE = MemorySighting(list(range(0, 513 << 12, 4096)), ["PMD"] * 512 + ["PTE"], 513 << 12)


@pytest.mark.parametrize(
    ("loads", "line"),
    [
        ([(LoadVerdict.PASSED, _AGREES)] * 2, "kernel=user=machine   4 frames,  16,384 bytes"),
        (
            [(LoadVerdict.PASSED, replace(_AGREES, in_file=8192))],
            "kernel=user=machine=file   2 frames,   8,192 bytes",
        ),
        ([(LoadVerdict.FAILED, _AGREES)], "the machine agrees, but checks failed: see above"),
        (
            [(LoadVerdict.FAILED, MemorySighting([0x1000], problems=["another frame"]))],
            "kernel, user and machine differ: see above",
        ),
        (
            [(LoadVerdict.PASSED, _AGREES), (LoadVerdict.BROKEN, None)],
            "the machine was not asked for each load: see above",
        ),
    ],
)
def test_a_line_for_each_lab_shows_whether_three_witnesses_agree(
    capsys: pytest.CaptureFixture[str], loads: list[tuple[LoadVerdict, MemorySighting]], line: str
) -> None:
    witnessed(*loads).print("table")
    out = capsys.readouterr().out
    assert f"\nlab_x  {line}\n" in out, out
    assert len("lab_reserved  " + line) <= 66


def test_frames_that_one_entry_maps_have_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    witnessed((LoadVerdict.PASSED, _LARGE), (LoadVerdict.PASSED, _AGREES)).print("table")
    out = capsys.readouterr().out
    assert "machine 515 frames, 2,109,440 bytes\n" in out
    assert "\n       512 of them by an entry in the PMD, for 2 MiB\n" in out


def test_a_lab_that_was_skipped_has_no_such_line(capsys: pytest.CaptureFixture[str]) -> None:
    witnessed((LoadVerdict.SKIPPED, None)).print("table")
    assert "machine" not in capsys.readouterr().out


def test_json_holds_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    report().print("json")
    data = json.loads(capsys.readouterr().out)
    assert data["status"] == 3 and data["seed"] == "0xabc"
    first = data["labs"][0]
    assert first["parameters"] == {"how": "page"} and first["mapping"] == "pfnmap"
    assert first["bytes_kernel_to_user"] == 16384
    assert first["frames_are_contiguous"] is False
    assert [check["result"] for check in first["checks"]] == ["pass", "fail", "skip"]
    assert data["labs"][1]["verdict"] == "broken"


def test_junit_counts_failures_errors_and_skips(capsys: pytest.CaptureFixture[str]) -> None:
    report().print("junit")
    xml = JUnitXml.fromstring(capsys.readouterr().out.encode())
    kinds = [type(result) for suite in xml for case in suite for result in case.result]
    assert kinds == [Failure, Skipped, Error]


def test_junit_is_not_green_when_the_guest_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report("the guest's kernel crashed").print("junit")
    suites = list(JUnitXml.fromstring(capsys.readouterr().out.encode()))
    assert suites[-1].name == "guest" and suites[-1].errors == 1


def wrong(*checks: Check, problems: tuple[str, ...] = (), log: tuple[str, ...] = ()) -> RunReport:
    """Return the report on a wrong lab_pages."""
    load = Load(next(lab for lab in all_labs() if lab.name == "lab_pages"), ("pages=4",))
    result = LoadResult(load, Ktap(len(checks), list(checks)), verdict=LoadVerdict.FAILED)
    result.problems = [Problem(ProblemKind.ERROR, problem) for problem in problems]
    result.log = list(log)
    return RunReport(Booted("6.1.0-1", "x86_64", "tcg", 0xABC, 2.5), [result])


FRAMES = "page_tables_name_the_reported_frames"


def test_the_verdict_comes_first_and_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """First what is wrong, in which function, by which clause; then the evidence."""
    fresh = Check("fresh_contents_are_as_documented", False, diagnostics=(DIFFERENCE,))
    frames = Check(FRAMES, False, diagnostics=("page 0: expected frame 0x1",))
    reads = Check("kernel_fills_user_reads_every_word", False, diagnostics=(DIFFERENCE,))
    wrong(fresh, reads, frames).print("table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("lab_pages pages=4 breaks clause 1.8 The page frames are those")
    verdict = "\n".join(lines[:6])
    for part in (FRAMES, "page 0: expected frame 0x1", "lab_pages_mmap in ", "lab_pages.c:"):
        assert part in verdict
    assert "hint: vm_pgoff counts" in verdict and "__GFP_ZERO" not in verdict
    assert "besides: 2 other checks failed, of clauses 1.1, 2.1" in verdict
    table = next(number for number, line in enumerate(lines) if "physical address" in line)
    evidence = next(number for number, line in enumerate(lines) if line.endswith(" failed"))
    assert 6 <= table < evidence < 24


def test_a_module_that_does_not_load_is_told_with_what_the_kernel_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong(problems=("modprobe: No such device",), log=("lab_pages: not today",)).print("table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "lab_pages pages=4: modprobe: No such device",
        "    kernel: lab_pages: not today",
    ]
    assert "lab_pages_init in" in lines[2]


def test_json_has_clause_hint_and_copy_of_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    wrong(Check(FRAMES, False, diagnostics=("x",), seconds=0.5)).print("json")
    [lab] = json.loads(capsys.readouterr().out)["labs"]
    [check] = lab["checks"]
    assert check["clause"] == "1.8" and check["seconds"] == 0.5
    assert check["hint"].startswith("vm_pgoff counts")
    assert check["copy"].endswith("labs/02_pages") and lab["copy"] == check["copy"]
    assert lab["why"][0].startswith("lab_pages pages=4 breaks clause 1.8")


def test_a_lab_that_does_not_compile_is_told_in_the_compilers_words_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = "lab_pages does not compile: /mine/02_pages/lab_pages.c:81:17: error: expected ','"
    wrong(problems=(error,)).print("table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"lab_pages pages=4: {error}" and "look at" not in "".join(lines)


def test_what_the_kernel_reported_stands_in_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong(Check(FRAMES, False, diagnostics=("x",)), log=("hello", "BUG: KASAN: y")).print("table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "    kernel: BUG: KASAN: y"
