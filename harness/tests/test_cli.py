"""Requests that make no sense end with 2 and say what would."""

import re
from pathlib import Path

import pytest

from harness.kernels import apt
from harness.kernels.series import SERIES
from harness.base.errors import RequestError
from harness.base.paths import ROOT
from harness.tests.conftest import KMAPLAB, Kmaplab, call
from harness.verbs import cli


@pytest.mark.parametrize(
    ("arguments", "valid"),
    [
        (["run", "--lab", "lab_nosuch"], "lab_kmalloc, lab_pages, lab_vmalloc"),
        (["run", "--lab", ","], "names no lab"),
        (["run", "--lab", "kmalloc,nosuch"], "lab_kmalloc, lab_pages, lab_vmalloc"),
        (["run", "--kernel", "5.10"], ", ".join((*SERIES, "newest"))),
        (["run", "--arch", "vax"], "x86_64"),
        (["run", "--format", "xml"], "table, json, junit"),
        (["run", "--accel", "hvf"], "tcg, kvm, auto"),
        (["run", "--arch", "um", "--flavour", "nosuch"], "instrumented, plain"),
        (["run", "--kernel", "7.3"], "ARCH=um only"),
        (["run", "--kernel", "7.3", "--arch", "arm64"], "ARCH=um only"),
        (["run", "--flavour", "plain"], "FLAVOUR= is of no use with ARCH=x86_64"),
        (["run", "--arch", "arm64", "--accel", "kvm"], "arm64 is not"),
        (["debug", "--lab", "kmalloc", "--work", "/nonexistent"], "not a copy of labs/"),
        (["record"], "must name one lab to debug"),
        (["record", "--lab", "kmalloc", "--arch", "um"], "ARCH=um cannot be recorded"),
        (["debug", "--lab", "kmalloc", "--arch", "i386"], "has addresses of 32 bits"),
        (["debug"], "must name one lab to debug: choose one of lab_kmalloc, lab_pages"),
        (["debug", "--lab", "kmalloc,pages", "--cmd", ""], "must name one lab"),
        (["debug", "--lab", "nosuch", "--cmd", ""], "lab_kmalloc, lab_pages"),
        (["debug", "--lab", "prepare", "--cmd", ""], "runs from Linux 7.2 on"),
        (["console", "--kernel", "5.10", "--cmd", "true"], ", ".join((*SERIES, "newest"))),
        (["console", "--accel", "hvf", "--cmd", "true"], "tcg, kvm, auto"),
        (["bench", "--kernel", "5.10"], ", ".join((*SERIES, "newest"))),
        (["coverage", "--kernel", "5.10"], ", ".join((*SERIES, "newest"))),
        (["coverage", "--format", "junit"], "text, json"),
        (["coverage", "--lab", "nosuch"], "lab_core, lab_kmalloc, lab_pages"),
        (["kunit", "--kernel", "5.10"], ", ".join((*SERIES, "newest"))),
        (["kunit", "--format", "table"], "text, json, junit"),
        (["kunit", "--lab", "nosuch"], "lab_kmalloc, lab_pages"),
        (["kunit", "--flavour", "nosuch"], "instrumented, plain"),
        (["kunit", "--suites", "/nonexistent"], "not a directory of suites"),
        (["show", "--step", "nosuch"], "before, mmap, touch, fork, munmap, last"),
        (["show", "--lab", "nosuch"], "lab_kmalloc, lab_pages"),
        (["show", "--page", "-1"], "is not the number of a page"),
        (["show", "--format", "junit"], "table, json, svg"),
        (["show", "--lab", "prepare"], "no picture on 6.1-x86_64: lab_prepare runs from Linux 7.2"),
        (["show", "--lab", "reserved", "--arch", "um"], "lab_reserved user-mode Linux has no"),
        (["nosuch"], "choose from"),
        (["run", "--nosuch"], "unrecognized arguments"),
        (["run", "--limit", "0"], "between 1 and 86400"),
        (["run", "--limit", "soon"], "between 1 and 86400"),
        (["run", "--seed", "x"], "64 bits"),
        (["run", "--seed", "0x10000000000000000"], "64 bits"),
        (["run", "--labs", "/nonexistent"], "not a copy of labs/"),
        (["console", "--cmd", "true", "--extra", "/nonexistent"], "not a directory"),
        (["bench", "--rounds", "0"], "at least 1"),
        (["bench", "--types", "nosuch"], "'guest', 'here'"),
        (["bench", "--types", "guest", "--arch", "um"], "has only one memory type"),
        (["lint", "--only", "flake8,nosuch"], "black, flake8, mypy"),
        (["check"], "make skels LAB=all DEST=dir"),
        (["check", "--work", "/nonexistent"], "is not there: it must be a workspace"),
        (["check", "--work", "README.md"], "is a file: it must be a workspace"),
        (["check", "--work", "docs"], "holds no lab, as 01_kmalloc"),
        (["check", "--work", "labs", "--lab", "nosuch"], "lab_kmalloc, lab_pages"),
        (["check", "--work", "labs", "--format", "junit"], "text, json"),
        (["check", "--work", "labs", "--kernel", "5.10"], ", ".join((*SERIES, "newest"))),
        (["watch", "--work", "/nonexistent"], "is not there: it must be a workspace"),
        (["hint", "--work", "labs", "--exercise", "kmalloc/99"], "kmalloc/1, kmalloc/2"),
    ],
)
def test_a_bad_request_ends_with_2_and_names_what_is_valid(
    kmaplab: Kmaplab, arguments: list[str], valid: str
) -> None:
    outcome = kmaplab(*arguments).expect(2)
    assert valid in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("verb", ["run", "kunit", "mistakes", "debug"])
def test_a_lab_that_is_named_first_is_not_forgotten_for_the_second(
    kmaplab: Kmaplab, verb: str
) -> None:
    outcome = kmaplab(verb, "--lab", "nosuch", "--lab", "kmalloc").expect(2)
    assert "LAB=nosuch is unknown" in outcome.err


@pytest.mark.parametrize(
    "verb",
    [
        "",
        "run",
        "show",
        "kunit",
        "contract",
        "check",
        "watch",
        "hint",
        "coverage",
        "lint",
        "test",
        "console",
        "debug",
        "record",
        "replay",
        "docs",
        "bench",
        "clean",
    ],
)
def test_every_verb_explains_itself(kmaplab: Kmaplab, verb: str) -> None:
    outcome = kmaplab(*verb.split(), "--help").expect(0)
    assert "exit status" in outcome.out


def test_make_help_lists_every_verb(kmaplab: Kmaplab) -> None:
    listed = call("make", "-s", "help").expect(0).out
    verbs = (
        "run show check watch hint kunit contract coverage lint test console debug record replay "
    )
    verbs += "docs bench clean help"
    for verb in verbs.split():
        assert f"make {verb} " in listed


def test_make_help_lists_what_each_verb_takes() -> None:
    recipes = re.findall(
        r"harness/kmaplab ([$@\w]+) \$\(call pass,(.*)\)", (ROOT / "Makefile").read_text()
    )
    taken = {verb: set(variables.split()) for verb, variables in recipes}
    listed = call("make", "-s", "help").expect(0).out.partition("\n\n")[0]
    for entry in re.split(r"^make ", listed, flags=re.MULTILINE)[1:]:
        expected = taken.get(entry.split()[0], set())
        assert set(re.findall(r"([A-Z]+)=", entry)) == expected, entry


def test_make_passes_on_the_value_of_each_variable() -> None:
    """One that is given but not exported would reach the verb as an empty option."""
    passed = re.findall(r"\$\(call pass,(.+)\)", (ROOT / "Makefile").read_text())
    for variable in sorted({name for names in passed for name in names.split()}):
        script = f"include Makefile\nprint:\n\t@printf '%s' \"$$KMAPLAB_OPTION_{variable}\"\n"
        printed = call(
            "sh",
            "-c",
            'printf "%s" "$1" | make -s -f - print "$2"',
            "sh",
            script,
            f"{variable}=x y",
        )
        assert printed.expect(0).out == "x y", variable


def test_make_passes_options_on_unharmed() -> None:
    """Quotes, dollars and blanks in a value reach the command line as they are."""
    value = 'it\'s "a" $HOME $(LAB) * \\ b'
    outcome = call("make", "-n", "console", f"CMD={value}", "KERNEL=6.12").expect(0)
    assert '--kernel="$KMAPLAB_OPTION_KERNEL"' in outcome.out
    script = "include Makefile\nprint:\n\t@printf '%s' \"$$KMAPLAB_OPTION_CMD\"\n"
    printed = call(
        "sh", "-c", 'printf "%s" "$1" | make -s -f - print "$2"', "sh", script, f"CMD={value}"
    )
    assert printed.expect(0).out == value


@pytest.mark.parametrize("value", ["$(shell echo ran >&2)", "$(date", "$(error no)", "$x ${y"])
def test_make_never_expands_a_value(value: str) -> None:
    outcome = call("make", "-n", "console", f"CMD={value}").expect(0)
    assert outcome.err == ""


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "<&- >&-"])
def test_output_that_goes_nowhere_ends_with_2_and_no_traceback(redirection: str) -> None:
    script = (
        f"{KMAPLAB} run --help {redirection}"
        if "full" in redirection
        else (f"{KMAPLAB} run --lab kmalloc {redirection}")
    )
    outcome = call("sh", "-c", script)
    assert outcome.status == 2, outcome.err
    assert "Traceback" not in outcome.err


def test_a_mirror_that_is_no_address_is_refused(tmp_path: Path) -> None:
    for address in ("nonsense", "http://mirror.example.org/debian\nTrusted: yes", " "):
        with pytest.raises(RequestError, match="is not a mirror"):
            apt.choose([], {"KMAPLAB_MIRROR": address})


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("labs/*/*.md")):
        text = page.read_text()
        assert "@@" not in text, page
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_the_tree_names_no_verb_that_make_does_not_have() -> None:
    targets = set(call("make", "-s", "help").out.split())
    for word in (ROOT / "README.md").read_text().split("`make ")[1:]:
        assert word.split("`")[0].split()[0] in targets


@pytest.mark.parametrize(
    ("verb", "variable"),
    [("run", "lab=kmalloc"), ("run", "FOO=1"), ("kunit", "ARCH=arm64"), ("test", "LAB=kmalloc")],
)
def test_make_refuses_a_variable_that_it_would_ignore(verb: str, variable: str) -> None:
    outcome = call("make", verb, variable).expect(2)
    assert f"`make {verb}` takes no {variable.split('=')[0]}=" in outcome.err


def test_make_takes_labs_from_another_directory(tmp_path: Path) -> None:
    outcome = call("make", "run", f"LABS={tmp_path}").expect(2)
    assert "it has none of 01_kmalloc" in outcome.err


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in cli.VERBS)])
def test_help_fits_80_columns(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.command_line().parse_args([*arguments, "--help"])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) > 8
    assert [line for line in shown if len(line) > 80] == []
