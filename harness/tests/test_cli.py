"""Requests that make no sense end with 2 and say what would."""

import pytest

from harness.tests.conftest import ROOT, call


@pytest.mark.parametrize(
    ("arguments", "valid"),
    [
        (["run", "--lab", "lab_nosuch"], "lab_kmalloc, lab_pages, lab_vmalloc"),
        (["run", "--lab", "kmalloc,nosuch"], "lab_kmalloc, lab_pages, lab_vmalloc"),
        (["run", "--kernel", "5.10"], "6.1, 6.12"),
        (["run", "--arch", "vax"], "x86_64"),
        (["run", "--format", "xml"], "table, json, junit"),
        (["run", "--accel", "hvf"], "tcg, kvm, auto"),
        (["console", "--kernel", "5.10", "--cmd", "true"], "6.1, 6.12"),
        (["console", "--accel", "hvf", "--cmd", "true"], "tcg, kvm, auto"),
        (["bench", "--kernel", "5.10"], "6.1, 6.12"),
        (["nosuch"], "choose from"),
        (["run", "--nosuch"], "unrecognized arguments"),
        (["run", "--limit", "0"], "between 1 and 86400"),
        (["run", "--limit", "soon"], "invalid"),
        (["run", "--seed", "x"], "invalid"),
        (["run", "--seed", "0x10000000000000000"], "64 bits"),
        (["run", "--labs", "/nonexistent"], "no directory of labs"),
        (["console", "--cmd", "true", "--extra", "/nonexistent"], "not a directory"),
        (["bench", "--rounds", "0"], "at least 1"),
    ],
)
def test_a_bad_request_ends_with_2_and_names_what_is_valid(kmaplab, arguments, valid) -> None:
    outcome = kmaplab(*arguments).expect(2)
    assert valid in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("verb", ["", "run", "test", "console", "bench", "clean"])
def test_every_verb_explains_itself(kmaplab, verb) -> None:
    outcome = kmaplab(*verb.split(), "--help").expect(0)
    assert "exit status" in outcome.out


def test_make_help_lists_every_verb(kmaplab) -> None:
    listed = call("make", "-s", "help").expect(0).out
    for verb in ("run", "test", "console", "bench", "clean", "help"):
        assert f"make {verb} " in listed


def test_make_passes_options_on_unharmed() -> None:
    """Quotes, dollars and blanks in a value reach the command line as they are."""
    value = "it's \"a\" $HOME $(LAB) * \\ b"
    outcome = call("make", "-n", "console", f"CMD={value}", "KERNEL=6.12").expect(0)
    assert '--kernel="$KMAPLAB_OPTION_KERNEL"' in outcome.out
    script = "include Makefile\nshow:\n\t@printf '%s' \"$$KMAPLAB_OPTION_CMD\"\n"
    printed = call("sh", "-c", 'printf "%s" "$1" | make -s -f - show "$2"', "sh", script,
                   f"CMD={value}")
    assert printed.expect(0).out == value


def test_the_tree_names_no_verb_that_make_does_not_have() -> None:
    targets = set(call("make", "-s", "help").out.split())
    for word in (ROOT / "README.md").read_text().split("`make ")[1:]:
        assert word.split("`")[0].split()[0] in targets
