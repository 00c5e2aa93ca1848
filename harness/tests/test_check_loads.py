"""From a recorded result channel to verdicts."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.guest.channel import LineReader
from harness.catalogue.labs import Lab, LargeEntries, Load, Since
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target
from harness.results import witness
from harness.results.witness import MemorySighting
from harness.results.load_results import (
    Expected,
    LeftBehind,
    LoadResult,
    LoadVerdict,
    ProblemKind,
    worst,
)
from harness.guest.guest import Ending
from harness.runs import check_loads
from harness.runs.check_loads import CheckedLoads, LoadCollector

NONCE = "0123456789abcdef"
LAB = Lab("lab_x", "a lab", Path("/nowhere"), (("pages=4",),))
LOAD = Load(LAB, ("pages=4",))

PASSING = [
    "begin lab_x pages=4",
    "KTAP version 1",
    "1..2",
    "# running a",
    "ok 1 a",
    "# running b",
    "ok 2 b",
    "# report pages=4 size=16384 kernel_to_user=16384 user_to_kernel=16384",
    "end 0 12288",
]


def collect(
    lines: list[str], loads: int = 1, checks: str = "a b"
) -> tuple[list[LoadResult], LoadCollector]:
    expected = [Expected(tuple(checks.split()))] * loads
    collector = LoadCollector(LineReader(NONCE), [LOAD] * loads, expected)
    collector.feed("".join(f"@{NONCE} {line}\n" for line in lines).encode())
    return collector.finish(), collector


def said(result: LoadResult) -> list[str]:
    return [str(problem) for problem in result.problems]


def test_a_load_passes_when_all_its_checks_do() -> None:
    results, collector = collect([*PASSING, "done 0"])
    assert [result.verdict for result in results] == [LoadVerdict.PASSED]
    assert collector.done and collector.nonsense is None
    assert worst(results) == 0


@pytest.mark.parametrize(
    ("guests", "shares"),
    [(1, [[1, 2, 3]]), (2, [[1, 3], [2]]), (5, [[1], [2], [3]])],
)
def test_loads_are_dealt_out_to_guests(guests: int, shares: list[list[int]]) -> None:
    loads = [Load(LAB, (f"pages={number}",)) for number in range(1, 4)]
    dealt = check_loads._deal(loads, guests)
    assert dealt == [[loads[number - 1] for number in share] for share in shares]
    assert check_loads._deal([], guests) == [[]]


def test_of_guests_side_by_side_the_one_with_trouble_is_told() -> None:
    def checked(name: str, trouble: str | None, seconds: float) -> CheckedLoads:
        ending = Ending(trouble is None, None, seconds, name.encode())
        return CheckedLoads([LoadResult(Load(LAB, (name,)))], None, trouble, ending)

    well, other = checked("a", None, 1.0), checked("b", None, 2.0)
    broken = checked("c", "its kernel crashed", 0.5)
    both = well.beside(other)
    assert (both.trouble, both.ending.seconds, both.ending.console) == (None, 2.0, b"ab")
    for together in (well.beside(broken), broken.beside(well)):
        assert together.trouble == "its kernel crashed"
        assert (together.ending.console, together.ending.seconds) == (b"c", 1.0)
        assert {str(result.load) for result in together.results} == {"lab_x a", "lab_x c"}


def test_a_failed_check_fails_the_load() -> None:
    lines = [*PASSING[:6], "# page 1 word 2", "not ok 2 b", PASSING[7]]
    lines += ["log <3>lab_x: h\x1bm", "end 1 12288"]
    results, _ = collect([*lines, "done 0"])
    assert results[0].verdict is LoadVerdict.FAILED
    assert results[0].failed_checks[0].diagnostics == ("page 1 word 2",)
    assert results[0].log == ["lab_x: h\ufffdm"]
    assert worst(results) == 1


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        ("a b c", "c did not come"),
        ("a", "b are not checks of this load"),
        ("a c", "c did not come; b are not checks of this load"),
        ("b a", "another order"),
    ],
)
def test_the_checks_that_come_are_those_that_had_to(checks: str, text: str) -> None:
    results, _ = collect([*PASSING, "done 0"], checks=checks)
    assert results[0].verdict is LoadVerdict.FAILED
    assert said(results[0]) == [f"not the checks that had to come: {text}"]


def test_a_check_that_comes_twice_is_named() -> None:
    lines = [line.replace("b", "a") if "ok 2" in line else line for line in PASSING]
    results, _ = collect([*lines, "done 0"])
    assert "b did not come; a came more than once" in said(results[0])[0]


WITNESSED = [line.replace("ok 2 b", f"ok 2 {witness.WITNESSED}") for line in PASSING]


def test_the_witness_decides_about_its_check() -> None:
    """A guest that passes it without being looked at, or in spite of what was seen, fails."""
    checks = f"a {witness.WITNESSED}"
    results, _ = collect([*WITNESSED, "done 0"], checks=checks)
    assert results[0].verdict is LoadVerdict.FAILED
    assert "nobody was let look" in results[0].failed_checks[0].diagnostics[0]


def test_a_guest_that_skips_the_check_of_the_witness_fails() -> None:
    """A skipped check must not hide that nobody looked."""
    lines = [line + " # SKIP no" if "ok 2" in line else line for line in WITNESSED]
    results, _ = collect([*lines, "done 0"], checks=f"a {witness.WITNESSED}")
    assert results[0].verdict is LoadVerdict.FAILED
    assert [check.skipped for check in results[0].failed_checks] == [None]


def test_a_call_for_a_witness_that_is_not_there_makes_no_sense() -> None:
    results, collector = collect([*WITNESSED[:5], "witness 0x1000"])
    assert collector.nonsense and "was not asked for" in collector.nonsense


@pytest.mark.parametrize("problems", [[], ["page 0: other frames"]])
def test_what_the_witness_saw_is_the_verdict(problems: list[str]) -> None:
    asked = []

    def look(machine: Machine, address: int, load: Load) -> MemorySighting:
        assert load is LOAD
        asked.append(address)
        return MemorySighting(problems=problems)

    expected = [Expected(("a", witness.WITNESSED))]
    collector = LoadCollector(LineReader(NONCE), [LOAD], expected, look=look)
    collector.booted(Machine(cast(Kernel, None), Path("/nowhere")))
    lines = [*WITNESSED[:6], "witness 0x1000", *WITNESSED[6:], "done 0"]
    collector.feed("".join(f"@{NONCE} {line}\n" for line in lines).encode())
    result = collector.finish()[0]
    assert asked == [0x1000]
    assert [check.diagnostics for check in result.failed_checks] == [tuple(problems)] * bool(
        problems
    )


def divided(*lines: str, large: bool = True) -> LoadResult:
    """Return the result of a load whose second check is the one of a divided block."""
    seen = MemorySighting(problems=["page 0: too large"])
    its_load = Load(replace(LOAD.lab, large_entries=_LARGE if large else None), LOAD.parameters)
    expected = [Expected(("a", witness.DIVISION_WITNESSED))]
    collector = LoadCollector(LineReader(NONCE), [its_load], expected, look=lambda *_: seen)
    kernel = SimpleNamespace(target=Target())
    collector.booted(Machine(cast(Kernel, kernel), Path("/nowhere")))
    name = witness.DIVISION_WITNESSED
    come = [line.replace("ok 2 b", f"ok 2 {name}{lines[-1]}") for line in PASSING]
    come = [*come[:6], *lines[:-1], *come[6:], "done 0"]
    collector.feed("".join(f"@{NONCE} {line}\n" for line in come).encode())
    assert not collector.nonsense or not large, collector.nonsense
    return collector.finish()[0]


_LARGE = LargeEntries("pages=4", Since("6.1", "new"), {})


def test_a_divided_block_is_for_the_witness_to_judge() -> None:
    result = divided("witness divided 0x1000", "")
    assert [check.diagnostics for check in result.failed_checks] == [("page 0: too large",)]


def test_a_guest_that_divides_no_block_fails_where_there_are_some() -> None:
    result = divided(" # SKIP no block")
    assert "nobody was let look" in result.failed_checks[0].diagnostics[0]
    assert not divided(" # SKIP no block", large=False).failed_checks


@pytest.mark.parametrize("word", ["clock ", "access ", "port ", "divided ", "other "])
def test_a_look_at_something_else_says_nothing_of_the_memory(word: str) -> None:
    """Which checks a load has the host says, so no other witness can be had for this one."""
    expected = [Expected(("a", witness.WITNESSED))]
    collector = LoadCollector(LineReader(NONCE), [LOAD], expected, look=lambda *_: _NO_PROBLEM)
    collector.booted(Machine(cast(Kernel, None), Path("/nowhere")))
    lines = [*WITNESSED[:6], f"witness {word}0x1000", *WITNESSED[6:], "done 0"]
    collector.feed("".join(f"@{NONCE} {line}\n" for line in lines).encode())
    collector.finish()
    assert collector.nonsense and "was not asked for" in collector.nonsense


_NO_PROBLEM = MemorySighting()


def test_a_module_that_does_not_load_fails() -> None:
    results, _ = collect(
        ["begin lab_x pages=4", "error modprobe: Invalid argument", "end 2 0", "done 0"]
    )
    assert results[0].verdict is LoadVerdict.FAILED
    assert said(results[0]) == ["modprobe: Invalid argument"]


def test_a_kernel_warning_fails_the_load_though_all_checks_passed() -> None:
    warned = 12288 | 1 << 9
    results, _ = collect([*PASSING[:-1], "log <4>WARNING: at", f"end 0 {warned}", "done 0"])
    assert results[0].verdict is LoadVerdict.FAILED
    assert [problem.kind for problem in results[0].problems] == [ProblemKind.KERNEL_WARNED]


def test_a_sanitizers_report_fails_the_load_though_it_does_not_taint() -> None:
    results, _ = collect(
        [*PASSING[:-1], "log <4>WARNING: possible circular locking", "end 0 12288", "done 0"]
    )
    assert results[0].verdict is LoadVerdict.FAILED


def test_what_was_wrong_before_the_first_load_is_not_held_against_it() -> None:
    warned = 12288 | 1 << 9
    results, _ = collect([f"booted {warned}", *PASSING[:-1], f"end 0 {warned}", "done 0"])
    assert results[0].verdict is LoadVerdict.PASSED


def test_a_warning_is_held_against_the_load_that_brought_it_only() -> None:
    warned = 12288 | 1 << 9
    results, _ = collect([*PASSING[:-1], f"end 0 {warned}", *PASSING[:-1], f"end 0 {warned}"], 2)
    assert [result.verdict for result in results] == [LoadVerdict.FAILED, LoadVerdict.PASSED]


def test_a_guest_that_is_gone_in_a_check_breaks_the_load_and_names_the_check() -> None:
    results, collector = collect(PASSING[:6], loads=2)
    assert [result.verdict for result in results] == [LoadVerdict.BROKEN, LoadVerdict.BROKEN]
    assert said(results[0]) == ["the guest was gone before the checks ended, in b"]
    text = "the guest was gone before the checks ended, in b: it crashed"
    assert str(collector.finish("crashed")[0].problems[-1]) == text
    assert said(results[1]) == ["never began: the guest was gone before"]
    assert not collector.done
    assert worst(results) == 3


@pytest.mark.parametrize("fails, ends", [("a", False), ("b", True)])
def test_a_failure_that_is_enough_ends_the_guest(fails: str, ends: bool) -> None:
    expected = [Expected(("a", "b"))]
    collector = LoadCollector(LineReader(NONCE), [LOAD], expected, enough=("b",))
    shown = [line.replace(f"ok 1 {fails}", f"not ok 1 {fails}") for line in PASSING[:7]]
    shown = [line.replace(f"ok 2 {fails}", f"not ok 2 {fails}") for line in shown]
    assert collector.feed("".join(f"@{NONCE} {line}\n" for line in shown).encode()) is ends
    [result] = collector.finish()
    assert [one.name for one in result.ktap.checks if not one.passed] == [fails]
    gone = [one for one in result.problems if one.kind is ProblemKind.GUEST_GONE]
    assert bool(gone) is not ends


def test_missing_results_break_the_load_though_it_says_that_it_passed() -> None:
    results, _ = collect([*PASSING[:5], "end 0 12288", "done 0"])
    assert results[0].verdict is LoadVerdict.BROKEN
    assert "1 of 2 results are missing" in said(results[0])[0]


def test_a_status_that_contradicts_the_results_breaks_the_load() -> None:
    results, _ = collect([*PASSING[:-1], "end 1 12288", "done 0"])
    assert results[0].verdict is LoadVerdict.BROKEN


def test_a_program_that_proves_nothing_does_not_pass() -> None:
    start = ["begin lab_x pages=4", "KTAP version 1"]
    report = "# report pages=4 size=16384 kernel_to_user={} user_to_kernel={}"
    end = ["end 0 12288", "done 0"]
    for lines, verdict in (
        ([*start, "1..0", report.format(1, 1), *end], LoadVerdict.BROKEN),
        ([*start, "1..1", "ok 1 a", *end], LoadVerdict.BROKEN),
        ([*start, "1..1", "ok 1 a", report.format(0, 1), *end], LoadVerdict.FAILED),
        ([*start, "1..1", "ok 1 a", report.format(1, 0), *end], LoadVerdict.FAILED),
        ([*start, "1..1", "ok 1 a # SKIP all", report.format(0, 0), *end], LoadVerdict.FAILED),
    ):
        results, _ = collect(lines, checks="a")
        assert results[0].verdict is verdict, lines


def test_no_results_at_all_are_no_pass() -> None:
    results, _ = collect(["done 0"])
    assert results[0].verdict is LoadVerdict.BROKEN
    assert worst([]) == 3


def test_nonsense_ends_the_listening() -> None:
    for lines in (
        ["ok 1 a"],
        ["begin lab_y"],
        [*PASSING, *PASSING],
        [*PASSING[:-1], "begin lab_x pages=4"],
        [*PASSING[:-1], "end zero 0"],
        [*PASSING[:5], "ok 1 a"],
        [*PASSING[:7], "# report pages=many size=1 kernel_to_user=1 user_to_kernel=1"],
    ):
        _, collector = collect(lines)
        assert collector.nonsense, lines


def test_checks_and_loads_last_from_their_first_line_to_their_last() -> None:
    clock = iter(range(100))
    expected = [Expected(("a", "b"))]
    collector = LoadCollector(LineReader(NONCE), [LOAD], expected, now=lambda: float(next(clock)))
    for line in PASSING:
        collector.feed(f"@{NONCE} {line}\n".encode())
    (result,) = collector.finish()
    # Asked at "begin", at each "running" and each result, and at "end".
    assert [check.seconds for check in result.ktap.checks] == [1, 1]
    assert result.seconds == 5


ENDING = Ending(False, None, 1.0, b"")
OTHER, THIRD = (
    Load(Lab(name, "another", Path("/nowhere"), (("pages=4",),)), ("pages=4",))
    for name in ("lab_y", "lab_z")
)


def tried(
    results: list[LoadResult], alone: LoadVerdict, breaks: Load | None = None
) -> list[list[Load]]:
    """Have a broken load tried again: alone it has this verdict, and behind one it breaks."""
    asked: list[list[Load]] = []

    def again(loads: list[Load]) -> CheckedLoads:
        asked.append(loads)
        verdict = LoadVerdict.BROKEN if breaks in loads else alone
        first = [LoadResult(load, verdict=LoadVerdict.PASSED) for load in loads[:-1]]
        trouble = "crashed" if verdict is LoadVerdict.BROKEN else None
        last = LoadResult(loads[-1], verdict=verdict)
        return CheckedLoads([*first, last], None, trouble, ENDING)

    check_loads._find_whose_fault(CheckedLoads(results, None, "crashed", ENDING), again)
    return asked


def test_a_lab_that_is_right_alone_does_not_pay_for_what_another_left_behind() -> None:
    left, right = (LoadResult(load, verdict=LoadVerdict.PASSED) for load in (LOAD, THIRD))
    results = [left, right, LoadResult(OTHER), LoadResult(LOAD, began=False)]
    assert tried(results, LoadVerdict.PASSED, LOAD) == [[OTHER], [LOAD, OTHER], [THIRD, OTHER]]
    assert [result.verdict for result in results[:3]] == [LoadVerdict.PASSED] * 3
    assert left.left_behind == LeftBehind(str(OTHER), "the guest broke", is_sure=True)
    assert not right.left_behind and not results[2].left_behind


@pytest.mark.parametrize(
    ("kind", "text", "what"),
    [
        (ProblemKind.KERNEL_WARNED, "the kernel warned", "the kernel warned"),
        (ProblemKind.ERROR, "modprobe: Device or resource busy", "it could not be loaded"),
    ],
)
def test_a_lab_does_not_pay_for_what_the_kernel_says_only_behind_another(
    kind: ProblemKind, text: str, what: str
) -> None:
    def run(loads: list[Load]) -> CheckedLoads:
        results = [LoadResult(load, verdict=LoadVerdict.PASSED) for load in loads]
        if LOAD in loads and OTHER in loads:
            results[loads.index(OTHER)].add(kind, text)
        return CheckedLoads(results, None, None, ENDING)

    ran = run([LOAD, THIRD, OTHER])
    check_loads._find_whose_fault(ran, run)
    assert not any(result.problems for result in ran.results)
    left = [result.left_behind for result in ran.results]
    assert left == [LeftBehind(str(OTHER), what, is_sure=True), None, None]
    # Its own load before it may have done it as well.
    ran = run([LOAD, replace(OTHER, parameters=("pages=1",)), OTHER])
    check_loads._find_whose_fault(ran, run)
    assert not any(result.problems for result in ran.results)
    assert ran.results[0].left_behind and not ran.results[1].left_behind


def test_where_nobody_breaks_it_again_nobody_is_to_blame_for_sure() -> None:
    before = [LoadResult(load, verdict=LoadVerdict.PASSED) for load in (LOAD, THIRD)]
    tried([*before, LoadResult(OTHER)], LoadVerdict.PASSED)
    assert [one.left_behind for one in before] == [
        LeftBehind(str(OTHER), "the guest broke", is_sure=False)
    ] * 2


def test_a_lab_that_is_broken_alone_as_well_is_to_blame() -> None:
    left, broken = LoadResult(LOAD, verdict=LoadVerdict.PASSED), LoadResult(OTHER)
    results = [left, broken]
    assert tried(results, LoadVerdict.BROKEN) == [[OTHER]]
    assert results == [left, broken] and not left.left_behind


def test_the_first_in_a_guest_and_one_that_follows_itself_are_not_tried_again() -> None:
    passed = LoadResult(LOAD, verdict=LoadVerdict.PASSED)
    assert not tried([LoadResult(OTHER), LoadResult(LOAD, began=False)], LoadVerdict.PASSED)
    assert not tried([passed, LoadResult(LOAD)], LoadVerdict.PASSED)
    assert not tried([LoadResult(LOAD, began=False)], LoadVerdict.PASSED)
