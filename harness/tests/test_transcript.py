"""Comparing a page's lines with a run's, on recorded ones."""

import pytest

from harness.results.transcript import Addresses, Mismatch, AddressPair, compare, refresh

REPORT = """\
kernel_addr=0xffff889edfe44000
phys_addr=0x1fe44000
user_addr=0x7f9f47fc4000
pages=4
""".splitlines()


def differ(
    expected: str, found: str, addresses: Addresses = Addresses.EQUAL
) -> tuple[str, str] | None:
    """Return both texts of the first difference."""
    mismatch = compare(expected.splitlines(), found.splitlines(), addresses, [])
    return (mismatch.expected, mismatch.found) if mismatch else None


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("a  b", "a b  "),
        ("[    2.355859] lab: out of range", "[   12.000001] lab: out of range"),
        ("[12:37:44] Building", "[09:00:01] Building"),
        ("Linux 6.1.0-56-cloud-amd64 on x86_64, 3.2 s; ok", "Linux 6.1.170 on x86_64, 12.0 s; ok"),
        ("Linux 6.12.9+deb12-cloud", "Linux 6.12.1"),
        ("MemFree:   432564 kB", "MemFree:    32564 kB"),
        (
            "40000000-40001000 r--s 00000000 00:06 91     /dev/lab_prepare",
            "40100000-40101000 r--s 00000000 00:05 102  /dev/lab_prepare",
        ),
        ("SEED=0x1234567890abcdef", "SEED=0xaffe0"),
        ("frame 0x27d0, names 0x1ff02", "frame 0x1ff02, names 0x0"),
        ("───", "─────────"),
        ("modprobe: can't load (...): Invalid", "modprobe: can't load (a, b): Invalid"),
        ("a\n...\nd", "a\nb\nc\nd"),
        ("a\n...\nd", "a\nd"),
        ("...\nd", "d\nd"),
        ("a\n...", "a\nb"),
        ("a\n\nb", "a\nb\n\n"),
        (
            "kmaplab: running on 6.1.0-56, 3 s\na",
            "kmaplab: building, 9 s\nkmaplab: running on 6.1.2, 4 s\na",
        ),
        ("a", "kmaplab: building\na\nkmaplab: done"),
    ],
)
def test_what_differs_from_run_to_run_is_no_difference(expected: str, found: str) -> None:
    assert differ(expected, found) is None


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ("34 of 34", "36 of 36", ("34 of 34", "36 of 36")),
        ("Linux 6.1.0-56", "Linux 6.12.9", ("Linux 6.1.0-56", "Linux 6.12.9")),
        ("Rss:    0 kB", "Rss:   4 kB", ("Rss:    0 kB", "Rss:   4 kB")),
        ("MemFree:  1 kB", "MemAvailable:  1 kB", ("MemFree:  1 kB", "MemAvailable:  1 kB")),
        ("at offset 0x1000", "at offset 0x2000", ("at offset 0x1000", "at offset 0x2000")),
        ("0xffff889edfe44000", "nothing", ("0xffff889edfe44000", "nothing")),
        ("a.c", "abc", ("a.c", "abc")),
        ("a\nb", "a", ("b", "(no more lines)")),
        ("a", "a\nb", ("(no more lines)", "b")),
        ("a\n...\nd", "a\nb\nc", ("d", "(no more lines)")),
        ("a\n...\nd", "x\nd", ("a", "x")),
        ("kmaplab: one thing", "kmaplab: another", ("kmaplab: one thing", "(no more lines)")),
        ("", "a", ("(no more lines)", "a")),
    ],
)
def test_all_else_is_a_difference(expected: str, found: str, where: tuple[str, str]) -> None:
    assert differ(expected, found) == where


def test_equal_addresses_must_be_equal_in_the_run() -> None:
    assert differ("0x1ff67 0x1ff68 0x1ff67", "0x2abcd 0x34567 0x2abcd") is None
    assert differ("0x1ff67\n0x1ff67", "0x2abcd\n0x2abce") == ("0x1ff67", "0x2abce")
    assert differ("0x1ff67\n0x1ff67", "0x2abcd\n0x2abce", Addresses.ANY) is None
    assert differ("0x1ff67", "0x2abcd", Addresses.EXACT) == ("0x1ff67", "0x2abcd")


def test_virtual_addresses_that_are_close_keep_their_distance() -> None:
    pages = "0xffffcca4c05bd000\n0xffffcca4c05be000"
    assert differ(pages, "0xffffcca4c06bd000\n0xffffcca4c06be000") is None
    assert differ(pages, "0xffffcca4c06bd000\n0xffffcca4c06bf000") is not None
    assert differ("7f35c594a000-7f35c594b000 r", "7f45c594a000-7f45c594b000 r") is None
    assert differ("7f35c594a000-7f35c594b000 r", "7f45c594a000-7f45c594c000 r") is not None
    # Two allocations that were far apart may lie anywhere.
    assert differ("0xffff889edfe44000 0x7f9f47fc4000", "0xffff889edfe44000 0x7f0000000000") is None


def test_addresses_are_compared_across_the_commands_of_a_block() -> None:
    pairs: list[AddressPair] = []
    assert compare(["at 0x1ff67"], ["at 0x2abcd"], Addresses.EQUAL, pairs) is None
    mismatch = compare(["a", "at 0x1ff67"], ["a", "at 0x1ff67"], Addresses.EQUAL, pairs)
    assert mismatch == Mismatch(1, "at 0x1ff67", "at 0x1ff67")
    assert pairs == [(0x1FF67, 0x2ABCD)]


def test_a_gap_ends_where_the_addresses_fit_too() -> None:
    expected = "0xffff0\n...\nat 0xffff0"
    assert differ(expected, "0xaaaaa\nat 0xbbbbb\nat 0xaaaaa") is None


def test_a_page_gets_the_lines_of_a_run_and_leaves_out_what_it_left_out() -> None:
    found = ["report", *REPORT[:2], "user_addr=0x5", "pages=4", "size=16384", "check_1=passed"]
    expected = ["report", *REPORT, "..."]
    assert refresh(expected, found) == ["report", *REPORT[:2], "user_addr=0x5", "pages=4", "..."]
    assert refresh(["report", "...", "pages=5"], found) == ["report", "...", *found[4:]]
    assert refresh([], found) == found
    assert refresh(["...", "check_1=..."], ["kmaplab: x", "", *found]) == ["...", "check_1=..."]
    assert refresh(["report", "..."], ["report"]) == ["report"]


def test_progress_is_shown_where_the_page_shows_it() -> None:
    found = ["kmaplab: building", "kmaplab: running 8 loads, 4 s", "done"]
    assert refresh(["kmaplab: running 7 loads, 3 s", "done"], found) == found[1:]


def test_a_line_that_came_where_none_was_left_out_is_shown() -> None:
    assert refresh(["34 of 34", "done"], ["36 of 36", "1 skipped", "done"]) == [
        "36 of 36",
        "1 skipped",
        "done",
    ]
