"""Mutants: what the rules make of a small source, and what is known to be equivalent."""

from pathlib import Path

import pytest

from harness.base.errors import RequestError, SetupError
from harness.base.paths import LABS
from harness.build import mutants, one_module
from harness.build.modules import Modules
from harness.build.one_module import DoesNotCompile
from harness.catalogue import mutants as catalogue
from harness.catalogue.mutants import Mutant
from harness.catalogue.contract import REPORTS
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target
from harness.reports.mutants_report import MutantsReport
from harness.results.mutant_results import Attempt, Fate, MutantResult, Score
from harness.runs import try_mutants

_SOURCE = (Path(__file__).parent / "mutants/small.c").read_text()

# What each rule makes, among other things, of the source.
_MADE = {
    "arguments-swapped": "small_fill(small, count); => small_fill(count, small);",
    "bound-off-by-one": "if (count > MOST || !small->ready) => "
    "if (count >= MOST || !small->ready)",
    "constant-off-by-one": "small->size = count << PAGE_SHIFT; => "
    "small->size = count << (PAGE_SHIFT + 1);",
    "error-of-another-name": "return -EINVAL; => return -EDOM;",
    "flag-dropped": "small->flags |= SMALL_USED; => small->flags = SMALL_USED;",
    "guard-left-out": "if (err) return err; => { }",
    "half-a-condition": "if (count > MOST || !small->ready) => if (count > MOST)",
    "left-out": "mutex_unlock(&small->lock); => { }",
    "lock-dropped": "err = mutex_lock_killable(&small->lock); mutex_unlock(&small->lock); => "
    "err = 0; { }",
    "negated": "if (err) => if (!(err))",
    "neighbour": "err = mutex_lock_killable(&small->lock); => "
    "err = mutex_lock_interruptible(&small->lock);",
    "not-initialised": ".end = small_end, => ",
    "result-ignored": "return small_tell(count, small); => return small_tell(count, small), 0;",
    "term-left-out": "small->size = count << PAGE_SHIFT; => small->size = count;",
}


def made_of(text: str, name: str, tmp_path: Path) -> list[Mutant]:
    source = tmp_path / "01_small/small.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text(text)
    places = mutants.places(catalogue.choose_rules(name), source)
    return [mutant for place in places if (mutant := mutants.make(place))]


@pytest.mark.parametrize("name", [rule.name for rule in catalogue.rules()])
def test_a_rule_makes_one_mistake_at_a_time(name: str, tmp_path: Path) -> None:
    made = made_of(_SOURCE, name, tmp_path)
    changes = [mutant.change for mutant in made]
    assert _MADE[name] in changes, f"{name} makes only:\n" + "\n".join(changes)
    assert len(set(changes)) == len(changes), "the same mutant twice"
    for mutant in made:
        assert mutant.file == "01_small/small.c" and mutant.rule == name
        assert mutant.name == f"01_small/small.c:{mutant.line} {name}"
        assert mutant.function in ("small_add", "small_operations")


def test_each_rule_says_which_mistake_it_makes() -> None:
    for rule in catalogue.rules():
        assert rule.what[0].isupper() and rule.what.rstrip(")").endswith("."), rule.path


def test_a_rule_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.cocci"
    path.write_text("// Nothing.\n@@\nexpression E\n@@\n- E\n")
    source = tmp_path / "small.c"
    source.write_text(_SOURCE)
    with pytest.raises(SetupError, match="bad.cocci on small.c"):
        mutants.places([catalogue.Rule(path, "Nothing.")], source)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(RequestError, match="choose from .*left-out"):
        catalogue.choose_rules("nosuch")


def test_a_sample_follows_from_its_seed(tmp_path: Path) -> None:
    source = tmp_path / "small.c"
    source.write_text(_SOURCE)
    places = mutants.places(catalogue.choose_rules("left-out"), source)
    first = try_mutants.sample(places, 3, 7)
    assert len(first) == 3 and first == try_mutants.sample(places, 3, 7)
    assert try_mutants.sample(places, 100, 7) == places == try_mutants.sample(places, None, 7)


def test_each_directory_has_trials_and_the_cheapest_come_first() -> None:
    for source in catalogue.sources():
        names = [trial.name for trial in try_mutants.trials(source.parent.name)]
        assert names and len(set(names)) == len(names), source
        assert not names[0].startswith("contract"), source


_ENTRY = """\
[[mutant]]
file = "small.c"
function = "small_add"
rule = "left-out"
changes = ["mutex_unlock(&small->lock); => { }", "gone => "]
reason = "Nobody
 asks."
"""


def test_what_is_equivalent_is_read_and_found(tmp_path: Path) -> None:
    made = made_of(_SOURCE, "left-out", tmp_path)
    (tmp_path / "01_small/equivalent.toml").write_text(_ENTRY.replace("Nobody\n", "Nobody"))
    known = catalogue.read_equivalents(tmp_path)
    assert [one.reason for one in known] == ["Nobody asks."] * 2
    assert sum(known[0].is_of(mutant) for mutant in made) == 1
    assert not any(known[1].is_of(mutant) for mutant in made)


def test_an_entry_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    (tmp_path / "01_small").mkdir()
    path = tmp_path / "01_small/equivalent.toml"
    path.write_text(_ENTRY.replace("Nobody\n", "Nobody").replace("changes", "change"))
    with pytest.raises(SetupError, match="changes is missing"):
        catalogue.read_equivalents(tmp_path)


def test_each_entry_of_this_project_has_its_mutant() -> None:
    # make mutants applies the rules, which takes longer; the text is quick to look for.
    for one in catalogue.read_equivalents():
        text = " ".join((LABS / one.file).read_text().split())
        old = one.change.partition(" => ")[0]
        assert old in text, str(one)
        # The latter is Coccinelle's name for what stands outside of all functions.
        assert one.function in text or one.function == "something_else", str(one)
        assert one.rule in [rule.name for rule in catalogue.rules()], str(one)


def result(fate: Fate, *checks: str, trouble: str = "") -> MutantResult:
    mutant = Mutant("left-out", "core/lab_core.c", "f", 1, "a => b", "b\n")
    return MutantResult(mutant, "lab_core", fate, "t", Attempt(checks, trouble))


def test_the_score_counts_what_builds_and_differs() -> None:
    fates = [Fate.KILLED] * 3 + [Fate.SURVIVED, Fate.EQUIVALENT, Fate.SAME_CODE]
    score = Score.of([result(fate) for fate in fates] + [result(Fate.DOES_NOT_BUILD)])
    assert score.counted == 4 and score.percent == 75
    assert Score.of([]).percent == 100


def test_the_report_says_which_clause_noticed() -> None:
    killed = [
        result(Fate.KILLED, "private_mapping_is_refused"),
        result(Fate.KILLED, "private_mapping_is_refused", REPORTS),
        result(Fate.KILLED, "check_of_no_clause"),
        result(Fate.KILLED, trouble="it does not load"),
    ]
    report = MutantsReport(killed, seed=1, seconds=2.0, sampled=None)
    assert report.status == 0
    clauses = report.by_clause()
    assert clauses["3.2"] == (2, 1) and clauses["8.2"] == (1, 0)
    assert sum(alone for _, alone in clauses.values()) == 3
    assert MutantsReport([result(Fate.SURVIVED)], 1, 2.0, None).status == 1


def test_a_source_that_gcc_refuses_does_not_build(tmp_path: Path) -> None:
    """Behind gcc kbuild has objtool, which is content with the object that was there before."""
    folder = tmp_path / "src/labs/01_small"
    folder.mkdir(parents=True)
    for name in ("small.c", "small.o", "small.ko"):
        (folder / name).write_text("")
    code = folder / "small.o"
    command = f"savedcmd_small := sh -c 'exit 1' -c -o {code} small.c ; true {code}\n"
    (folder / ".small.o.cmd").write_text(command)
    (folder / ".small.ko.cmd").write_text("savedcmd_small := true\n")
    kernel = Kernel(Target(), "6.1", "6.1", tmp_path, tmp_path, tmp_path, tmp_path)
    with one_module.find(kernel, Modules(tmp_path, (), ""), "01_small/small.c") as module:
        with pytest.raises(DoesNotCompile):
            module.build("int small")
