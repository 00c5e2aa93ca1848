"""KTAP: what does not add up is no result."""

import pytest

from harness.results.ktap import Check, Ktap, KtapError, KtapReader

GOOD = """\
KTAP version 1
1..3
# seed 0x1
# running first
ok 1 first
# running second
# page 1 word 2: expected 0x1, found 0x2
not ok 2 second
# running third
ok 3 third # SKIP no such file
# report kernel_addr=0xffff888000000000 pages=4 size=16384 contiguous=yes kernel_to_user=1 \
user_to_kernel=2
# Totals: pass:1 fail:1 skip:1
"""


def read(text: str) -> Ktap:
    reader = KtapReader()
    for line in text.splitlines():
        reader.feed(line)
    return reader.finish()


def test_results_come_with_their_diagnostics() -> None:
    assert read(GOOD).checks == [
        Check("first", True),
        Check("second", False, None, ("page 1 word 2: expected 0x1, found 0x2",)),
        Check("third", True, "no such file", ()),
    ]


def test_the_report_line_is_read_into_fields() -> None:
    assert read(GOOD).report == {
        "kernel_addr": "0xffff888000000000",
        "pages": "4",
        "size": "16384",
        "contiguous": "yes",
        "kernel_to_user": "1",
        "user_to_kernel": "2",
    }


def test_a_skip_without_a_reason_is_still_a_skip() -> None:
    report = "# report pages=1 size=1 kernel_to_user=1 user_to_kernel=1"
    assert read(f"KTAP version 1\n1..1\nok 1 a # SKIP\n{report}").checks[0].skipped == ""


@pytest.mark.parametrize("lines", range(len(GOOD.splitlines()) - 3))
def test_truncated_output_is_an_error(lines: int) -> None:
    with pytest.raises(KtapError):
        read("\n".join(GOOD.splitlines()[:lines]))


def test_truncated_output_names_the_check_that_was_running() -> None:
    with pytest.raises(KtapError, match="2 of 3 results are missing, in second"):
        read("\n".join(GOOD.splitlines()[:6]))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ok 1 a", "expected 'KTAP version 1'"),
        ("TAP version 13\n1..1\nok 1 a", "expected 'KTAP version 1'"),
        ("KTAP version 1\nok 1 a", "before the plan"),
        ("KTAP version 1\n1..1\n1..2", "second plan"),
        ("KTAP version 1\n1..2\nok 2 b", "expected result 1"),
        ("KTAP version 1\n1..2\nok 1 a\nok 1 a", "expected result 2"),
        ("KTAP version 1\n1..1\nok 1 a\nok 2 b", "more results than the plan"),
        ("KTAP version 1\n1..1\n[    1.0] BUG: oops", "not KTAP"),
        ("KTAP version 1\n1..1\nokay 1 a", "not KTAP"),
    ],
)
def test_forged_or_interleaved_output_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(KtapError, match=complaint):
        read(text)


def test_a_check_that_does_not_apply_says_so_before_its_reason() -> None:
    """By a line of its own: the reason is for people, and may be any."""
    lines = (
        "# running a\n# does not apply\nok 1 a # SKIP x\n# running b\nok 2 b # SKIP does not apply"
    )
    lines += "\n# running c\n# does not apply\nok 3 c\n# running d\nok 4 d # SKIP x"
    report = "# report pages=1 size=1 kernel_to_user=1 user_to_kernel=1"
    checks = read(f"KTAP version 1\n1..4\n{lines}\n{report}").checks
    assert [check.applies for check in checks] == [False, True, True, True]
    assert checks[0].diagnostics == ()
