"""The verdict on a copy of the labs: which exercises have earned their points, and why not.

Points are earned by QEMU alone, where the host knows which checks must come, and looks at the
machine from outside. What is found besides, by further checks there, by user-mode Linux with
its sanitizers and by the suites, takes points away and gives none. All contents follow from the
request's seed: the same seed gives the same mark.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.base import digest, kept, side_by_side
from harness.base.errors import SetupError
from harness.base.paths import KUNIT, LABS
from harness.base.progress import hushed, step
from harness.build import check_programs, listing, not_built, reach
from harness.catalogue import contract, exercises, functions, suites
from harness.catalogue.contract import Clause
from harness.catalogue.exercises import Exercise
from harness.catalogue.labs import Lab
from harness.catalogue.suites import Suite
from harness.grading import skeleton, tasks
from harness.guest import prepare
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, Target
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.crash import Crash, CrashFrame
from harness.results.load_results import LeftBehind, LoadResult, LoadVerdict, ProblemKind
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import CheckedLoads, Order

# What user-mode Linux and the further checks are asked for: enough to find what is usually
# wrong, while somebody waits.
_FEW = ("--calls", "500", "--rounds", "200")

# Checks that are not among the usual ones, and on which points rest all the same: they take no
# time.
_ALSO = ("large_memory_is_given_back",)
_OPTIONS = ("--also", ",".join(_ALSO))

# What is noted where a check would be, of a lab that may have broken a guest that it was in.
LEFT_BEHIND = "guest_is_whole_behind_the_lab"

# Guests for the checks of one load, where a check breaks its guest.
_MOST_GUESTS = 3

# Of what a compiler says, and of what a check found, in lines and characters.
_MOST_COMPILER = 12
_MOST_TEXT = 600
_MOST_LOG = 3


class LabTrouble(Enum):
    """Why a lab could not be checked as usual."""

    SKIPPED = "skipped"
    MISSING = "missing"
    NOT_COMPILED = "does not compile"
    REFUSED = "is not loaded"
    NOT_LOADED = "does not load"
    CRASHED = "crashed"
    HUNG = "hung"
    NO_SENSE = "made no sense"


@dataclass(frozen=True)
class Failure:
    """A check that failed or did not come: its clause, where, and what it expected and found.

    ``function`` is the one to look at, "" if nobody may tell; ``line`` one of the student's, as
    the kernel has named it, or where the function begins.
    """

    clause: str
    check: str
    where: str
    text: str
    function: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Mark:
    """An exercise and the points that it has earned: all or none."""

    exercise: Exercise
    earned: int
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class LabVerdict:
    """What a lab has earned. ``problem`` says, in words, what kept it from being checked whole.

    ``details`` are the compiler's lines, ``crash`` what the kernel has reported, and ``others``
    what was found that belongs to no exercise. ``unusual`` are symbols that its module imports
    though no lab of the project does: they cost nothing.
    """

    lab: Lab
    marks: tuple[Mark, ...]
    problem: str | None = None
    trouble: LabTrouble | None = None
    details: tuple[str, ...] = ()
    crash: Crash | None = None
    others: tuple[Failure, ...] = ()
    unusual: tuple[str, ...] = ()

    @property
    def earned(self) -> int:
        """The points of its exercises."""
        return sum(mark.earned for mark in self.marks) if self.possible else 0

    @property
    def possible(self) -> int:
        """The points that there are to earn; none where the lab cannot run."""
        if self.trouble is LabTrouble.SKIPPED:
            return 0
        return sum(mark.exercise.points for mark in self.marks)


@dataclass
class _LabEvidence:
    """What guests have shown of a lab.

    ``passed`` are the checks that have come and passed in each load in QEMU; ``wrong`` maps a
    check that failed, and where, to what it said. ``everything`` says why nothing counts.
    """

    lab: Lab
    passed: set[str] | None = None
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)
    everything: str | None = None
    problem: str | None = None
    trouble: LabTrouble | None = None
    details: tuple[str, ...] = ()
    crash: Crash | None = None
    unusual: tuple[str, ...] = ()
    unfinished: "_Unfinished | None" = None

    def add_wrong(self, check: str, where: str, text: str) -> None:
        """Note a check that failed; what it said first counts."""
        self.wrong.setdefault((check, where), text[:_MOST_TEXT])

    def add_problem(self, trouble: LabTrouble, problem: str) -> None:
        """Note what kept the lab from being checked whole; the first counts."""
        if not self.trouble:
            self.trouble, self.problem = trouble, problem


@dataclass
class Judging:
    """A verdict that is being made: quickly by QEMU, and then with all that is found besides.

    ``seconds`` says what it took, by its parts.
    """

    request: Request
    labs: list[Lab]
    seconds: dict[str, float] = field(default_factory=dict)
    _shown: dict[str, _LabEvidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.request = replace(self.request, only=tuple(lab.name for lab in self.labs))
        self._shown = {lab.name: _LabEvidence(lab) for lab in self.labs}

    @property
    def verdicts(self) -> list[LabVerdict]:
        """What is known by now."""
        return [self._now(lab) for lab in self.labs]

    def look(self) -> None:
        """Have QEMU make the usual checks. Raises SetupError if nothing can be built."""
        begun = time.monotonic()
        machine = prepare.machine(self.request)
        self._note_unusual(machine)
        self.seconds["compiling"] = time.monotonic() - begun
        able = [lab for lab in self.labs if self._can_run(machine, self._shown[lab.name])]
        if not able:
            return
        may_skip = skipped_by_solutions(of_solutions(self.request), able)
        begun = time.monotonic()
        checked = check_loads.of_labs(machine, able, self.request.seed, options=_OPTIONS)
        self.seconds["checking"] = sum(result.seconds or 0 for result in checked.results)
        self.seconds["restoring"] = time.monotonic() - begun - self.seconds["checking"]
        self.take_loads(checked.results, self._where(machine), may_skip)

    def take_loads(
        self, results: list[LoadResult], where: str, may_skip: dict[str, list[str]] | None = None
    ) -> None:
        """Take in what QEMU has shown with the usual checks.

        ``may_skip`` has the checks that the guest may skip, by load. A load that the harness
        has left out, since this kernel cannot have it, says nothing.
        """
        for result in results:
            if result.verdict is LoadVerdict.SKIPPED:
                continue
            skippable = (may_skip or {}).get(str(result.load), [])
            _take_load(self._shown[result.load.lab.name], result, where, skippable)

    def _where(self, machine: Machine) -> str:
        target = machine.kernel.target
        return f"{target.arch} {target.series}"

    def _note_unusual(self, machine: Machine) -> None:
        """Note what is imported and no lab of the project imports."""
        assert machine.modules
        known = imported_by_solutions(of_solutions(self.request))
        for name, symbols in machine.modules.imports.items():
            if name in self._shown:
                self._shown[name].unusual = reach.unusual(symbols, known)

    def _can_run(self, machine: Machine, shown: _LabEvidence) -> bool:
        """Note why a lab cannot be checked; say whether it can."""
        if reason := shown.lab.why_not(machine.kernel.target):
            shown.add_problem(LabTrouble.SKIPPED, reason)
            shown.everything = shown.problem
        self._note_not_built(shown, machine)
        return not shown.trouble

    def _note_not_built(self, shown: _LabEvidence, machine: Machine) -> None:
        """Note why a lab has no module for a machine, if it has none: then nothing counts."""
        assert machine.modules
        said = machine.modules.not_built.get(shown.lab.name)
        if not said or shown.trouble is LabTrouble.SKIPPED:
            return
        shown.everything = f"{said} ({self._where(machine)})"
        if said.startswith(f"{shown.lab.name} {reach.SAYS}"):
            shown.add_problem(LabTrouble.REFUSED, shown.everything)
            return
        log = machine.modules.directory / f"{shown.lab.name}.log"
        details = _compiler_lines(log, machine.modules.directory / "src", self.request.labs)
        missing = " is not taken: " in said and not details
        shown.add_problem(
            LabTrouble.MISSING if missing else LabTrouble.NOT_COMPILED, shown.everything
        )
        shown.details = () if missing else tuple(details)

    @property
    def can_look_further(self) -> bool:
        """Whether there is a lab of which more can be learnt."""
        return bool(self._worth_it)

    @property
    def _worth_it(self) -> list[Lab]:
        """The labs of which more can be learnt: of one that does not load, or hangs, it cannot."""
        known = (None, LabTrouble.CRASHED)
        return [lab for lab in self.labs if self._shown[lab.name].trouble in known]

    def look_further(self) -> Iterator[str]:
        """Have the other checks made, and user-mode Linux with its sanitizers; yield the name of
        each guest that has ended.
        """
        able = self._worth_it
        if not able:
            return
        for lab in able:
            self._shown[lab.name].unfinished = _Unfinished.of(self.request, self._now(lab))
        begun = time.monotonic()
        todo = self._further(able)
        self.seconds["compiling"] = self.seconds.get("compiling", 0) + time.monotonic() - begun
        begun = time.monotonic()
        for (name, where, _), evidence in side_by_side.run(todo, lambda task: task[2]()):
            self.take_findings(evidence, where)
            self.seconds["looking further"] = time.monotonic() - begun
            yield name

    def _now(self, lab: Lab) -> LabVerdict:
        return _verdict(self.request.labs, self._shown[lab.name])

    def _further(self, able: list[Lab]) -> list["_GuestWork"]:
        return [*self._more_checks(able), *self._on_uml(able)]

    def fails_further(self) -> list[str]:
        """Return the checks beyond the usual ones that fail, wherever that is."""
        evidence = Evidence()
        for _, found in side_by_side.run(self._further(self.labs), lambda task: task[2]()):
            evidence.add(found)
        return sorted({one.check for one in evidence.failed})

    def _more_checks(self, able: list[Lab]) -> Iterator["_GuestWork"]:
        """Yield what QEMU does besides: the checks that are not among the usual ones."""
        machine = prepare.machine(self.request)
        for lab in able:
            more = ",".join(
                name for name in listing.of_programs()[lab.name].thorough if name not in _ALSO
            )
            for load in lab.loads_on(self.request.target):
                options = ("--thorough", *_FEW, "--only", more)
                order = Order([load], self.request.seed, options)
                yield _task(machine, order, self._where(machine))

    def _on_uml(self, able: list[Lab]) -> Iterator["_GuestWork"]:
        """Yield what user-mode Linux does: all checks, and the labs' suites."""
        target = Target(self.request.target.series, KUNIT_ARCH)
        request = replace(self.request, target=target, accelerator="tcg")
        machine = prepare.machine(request)
        assert machine.modules
        able = [lab for lab in able if not lab.why_not(target)]
        for lab in able:
            self._note_not_built(self._shown[lab.name], machine)
        built = [lab for lab in able if lab.name not in machine.modules.not_built]
        for lab in built:
            for load in lab.loads_on(target):
                order = Order([load], request.seed, ("--thorough", *_FEW), leaks=True)
                yield _task(listening.to_see_all(machine), order, self._where(machine))
        has_kmemleak = machine.kernel.has("DEBUG_KMEMLEAK")
        for suite in suites.of_contract(built, request.suites):
            if suite.lab != suites.CORE:
                run = _suite_run(machine, suite, request.seed, has_kmemleak)
                yield f"KUnit {suite.lab}", self._where(machine), run

    def take_findings(self, evidence: Evidence, where: str) -> None:
        """Take in what was found; that checks passed there gives nothing."""
        for one in evidence.failed:
            if one.lab in self._shown:
                self._shown[one.lab].add_wrong(one.check, where, one.text)
        for name, crash in evidence.crashes.items():
            if name in self._shown and not self._shown[name].crash:
                self._shown[name].crash = crash


@dataclass(frozen=True)
class _Unfinished:
    """Exercises of a lab that are still to be done, and what fails beyond the usual checks as long
    as they are left out of the project's own lab.

    A check that fails there says nothing about the other exercises.
    """

    left: tuple[str, ...]
    fails: tuple[str, ...]

    @staticmethod
    def of(request: Request, now: LabVerdict) -> "_Unfinished | None":
        """Find out what there is to know of a verdict by the usual checks.

        An exercise is still to be done if its comment stands there, and as long as there are
        such so is a mistake to be found.
        """
        lost = [mark.exercise for mark in now.marks if not mark.earned]
        open_ = [one for one in lost if _has_its_comment(request.labs, one)]
        left = [one for one in lost if one in open_ or open_ and one.mistake]
        if not left or len(lost) == len(now.marks):
            return None
        names = tuple(one.name for one in left)
        target = f"{request.target.arch} {request.target.series}"
        inputs = [tasks.project(), target, *names]

        def ask() -> list[str]:
            with step(f"trying {now.lab.name} with the same parts left out, once"), hushed():
                return _fails_without(request, now.lab, left)

        return _Unfinished(names, tuple(kept.answer("judge/unfinished", inputs, ask)))

    def explains(self, exercise: Exercise, check: str) -> bool:
        """Say whether a failed check is none of an exercise's fault."""
        return exercise.name not in self.left and check in self.fails


def _has_its_comment(copy: Path, exercise: Exercise) -> bool:
    """Whether the comment of an exercise is in a student's source."""
    if exercise.mistake:
        return False
    try:
        text = (copy / exercise.lab.directory.name / exercise.source).read_text(errors="replace")
    except OSError:
        return False
    return skeleton.heading(exercise) in text


def _fails_without(request: Request, lab: Lab, left: list[Exercise]) -> list[str]:
    """Return what fails, beyond the usual checks, of a lab without some of its solutions."""
    with TemporaryDirectory() as place:
        folder = Path(place, lab.directory.name)
        folder.mkdir()
        for name, text in skeleton.sources(lab, left).items():
            (folder / name).write_text(text)
        return Judging(replace(request, labs=Path(place), seed=1), [lab]).fails_further()


# The name of what a guest does, where it runs, and the work.
_GuestWork = tuple[str, str, Callable[[], Evidence]]


def _task(machine: Machine, order: Order, where: str) -> _GuestWork:
    return str(order.loads[0]), where, lambda: find(order, partial(check_loads.run, machine))


def find(order: Order, run: Callable[[Order], CheckedLoads]) -> Evidence:
    """Return what the checks of one load show, each of which must come.

    A check that breaks its guest leaves others unmade: those have another guest, a few times.
    """
    [load], [expected] = order.loads, order.expected
    evidence = Evidence()
    left: Sequence[str] = expected.checks
    for _ in range(_MOST_GUESTS):
        checked = run(order)
        evidence.add(proof.of_loads(checked))
        [result] = checked.results
        came = {check.name for check in result.ktap.checks} | {result.ktap.running}
        unmade = [name for name in left if name not in came]
        if not checked.trouble or not unmade or len(unmade) == len(left):
            break
        left = unmade
        order = replace(order, options=("--thorough", *_FEW, "--only", ",".join(left)))
    why = str(result.problems[0]) if result.problems else "nobody knows why"
    evidence.observations += [
        Observation(load.lab.name, str(load), name, ClauseVerdict.FAILED, f"was not made: {why}")
        for name in unmade
    ]
    return evidence


def _suite_run(
    machine: Machine, suite: Suite, seed: int, has_kmemleak: bool
) -> Callable[[], Evidence]:
    """Return the work of a guest for one suite: a lab that ends it ends no other's."""

    def run() -> Evidence:
        ran = run_suites.run(machine, [suite], seed)
        evidence = proof.of_suites(ran, has_kmemleak)
        if evidence.problems and not evidence.failed:
            where, text = f"KUnit {suite.lab}", evidence.problems[0]
            evidence.observations.append(
                Observation(suite.lab, where, contract.REPORTS, ClauseVerdict.FAILED, text)
            )
        return evidence

    return run


def judge(request: Request, chosen: list[Lab], findings: bool = True) -> list[LabVerdict]:
    """Return the verdict on each lab of the copy that a request names.

    Without ``findings`` only QEMU makes the usual checks. Raises SetupError if this machine
    cannot build or run them: that says nothing about the labs.
    """
    judging = Judging(request, chosen)
    judging.look()
    if findings:
        for _ in judging.look_further():
            pass
    return judging.verdicts


def _compiler_lines(log: Path, copy: Path, origin: Path) -> list[str]:
    """Return the compiler's errors with the lines that they show, in the terms of ``origin``."""
    try:
        said = log.read_text(errors="replace")
    except OSError:
        return []
    return not_built.errors(said, copy, origin)[:_MOST_COMPILER]


def of_solutions(request: Request) -> Request:
    """Return a request for the project's own labs on the same target."""
    return replace(request, labs=LABS, suites=KUNIT, only=(), seed=1)


@cache
def imported_by_solutions(own: Request) -> frozenset[str]:
    """Return the symbols that the project's own labs import on a target."""
    return reach.usual(prepare.kernel(own), prepare.built(own))


@dataclass(frozen=True)
class _Solutions:
    """The project's own labs in a machine, and the digest of both."""

    machine: Machine
    digest: str

    @staticmethod
    @cache
    def of(own: Request) -> "_Solutions":
        machine = prepare.machine(own)
        assert machine.modules
        kernel, made = machine.kernel, machine.modules.digest
        programs = check_programs.build(kernel.target.architecture)
        return _Solutions(
            machine, digest.of([kernel.name, kernel.version, made, programs.digest, *_OPTIONS])
        )

    def ask(self, chosen: list[Lab], seed: int) -> dict[str, dict[str, list[str]]]:
        """Return the checks that each lab has skipped, by load."""
        with step("asking the project's own labs which checks this kernel has, once"), hushed():
            checked = check_loads.of_labs(self.machine, chosen, seed, options=_OPTIONS)
        if checked.trouble:
            raise SetupError(f"the project's own labs do not come through: {checked.trouble}")
        found: dict[str, dict[str, list[str]]] = {lab.name: {} for lab in chosen}
        for result in checked.results:
            skipped = [one.name for one in result.ktap.checks if one.skipped is not None]
            found[result.load.lab.name][str(result.load)] = skipped
        return found


def skipped_by_solutions(own: Request, chosen: list[Lab]) -> dict[str, list[str]]:
    """Return the checks that the project's own labs have skipped on a target, by load.

    Some need what a kernel does not have. Only the guest can know, and a guest with strange
    code is not to be believed: so one without it is asked, once.
    """
    solutions = _Solutions.of(own)
    kind = "judge/skipped"
    inputs = {lab.name: [solutions.digest, lab.name] for lab in chosen}
    unknown = [lab for lab in chosen if not kept.is_known(kind, inputs[lab.name])]
    told = solutions.ask(unknown, own.seed) if unknown else {}
    found: dict[str, list[str]] = {}
    for name, digests in inputs.items():
        found |= kept.answer(kind, digests, partial(told.__getitem__, name))
    return found


def counted(lab: Lab) -> tuple[str, ...]:
    """Return the checks of a lab on which points rest."""
    listed = listing.of_programs()[lab.name]
    return (*listed.usual, *(name for name in _ALSO if name in listed.checks))


def _take_load(
    shown: _LabEvidence, result: LoadResult, where: str, may_skip: Sequence[str]
) -> None:
    """Take in what the checks of a load have shown in QEMU."""
    expected = counted(shown.lab)
    kinds = {problem.kind: problem.text for problem in result.problems}
    passed = set()
    came = {check.name: check for check in result.ktap.checks}
    why = _why_not_all(shown, result, kinds)
    for name in expected:
        check = came.get(name)
        if not check:
            shown.add_wrong(name, where, f"was not made: {why or 'nobody knows why'}")
        elif not check.passed:
            shown.add_wrong(name, where, "; ".join(check.diagnostics) or "failed")
        elif check.skipped is not None and name not in may_skip:
            shown.add_wrong(name, where, f"was skipped: {check.skipped}")
        elif check.skipped is None:
            passed.add(name)
    if result.warned or ProblemKind.GUEST_GONE in kinds:
        text = result.crash.begins if result.crash else (why or "the kernel warned")
        shown.add_wrong(contract.REPORTS, where, text)
    elif set(expected) <= {*came}:
        passed.add(contract.REPORTS)
    for kind in (ProblemKind.NO_SENSE, ProblemKind.NOTHING_COMPARED):
        shown.everything = shown.everything or kinds.get(kind)
    if ProblemKind.OTHER_CHECKS in kinds and set(expected) <= {*came}:
        shown.everything = shown.everything or kinds[ProblemKind.OTHER_CHECKS]
    lost = any(name in came and not came[name].passed for name in _ALSO)
    if ProblemKind.ERROR in kinds and set(expected) <= set(came) and not lost:
        # All was checked, and then the module could not be removed. Or it was not there any more,
        # as a check has said that could not load it anew.
        shown.add_wrong("module_in_use_cannot_be_removed", where, kinds[ProblemKind.ERROR])
    if result.left_behind:
        _take_left_behind(shown, result.left_behind, where)
    shown.passed = passed if shown.passed is None else shown.passed & passed
    shown.crash = shown.crash or result.crash


def _take_left_behind(shown: _LabEvidence, left: LeftBehind, where: str) -> None:
    """Note that a lab was trouble for another after it was removed, or may have been."""
    text = f"with {left.load} behind it {left.what}, and with that alone all is well: "
    if left.is_sure:
        why = "something of this lab is still at work, or registered, after it was removed"
        shown.add_wrong(contract.REPORTS, where, text + why)
    else:
        shown.add_wrong(LEFT_BEHIND, where, f"{text}is something of this lab still at work?")


def _why_not_all(
    shown: _LabEvidence, result: LoadResult, kinds: dict[ProblemKind, str]
) -> str | None:
    """Note what kept a load from being checked whole; return it in words."""
    if ProblemKind.GUEST_GONE in kinds:
        crashed = result.crash or result.panicked
        text = kinds[ProblemKind.GUEST_GONE]
        shown.add_problem(LabTrouble.CRASHED if crashed else LabTrouble.HUNG, text)
        return text
    if ProblemKind.ERROR in kinds and not result.ktap.checks:
        shown.add_problem(LabTrouble.NOT_LOADED, kinds[ProblemKind.ERROR].strip())
        mine = [line for line in result.log if shown.lab.name in line]
        shown.details = tuple(line.strip() for line in mine[-_MOST_LOG:])
    elif {ProblemKind.NO_SENSE, ProblemKind.OTHER_CHECKS, ProblemKind.NOTHING_COMPARED} & {*kinds}:
        shown.add_problem(LabTrouble.NO_SENSE, str(result.problems[0]))
    return str(result.problems[0]) if result.problems else None


def _verdict(copy: Path, shown: _LabEvidence) -> LabVerdict:
    clauses = contract.read()
    marks = [_mark(copy, shown, one, clauses) for one in exercises.read(shown.lab)]
    mine = {failure.check for mark in marks for failure in mark.failures}
    others = [
        Failure(_clause_of(check, clauses), check, where, text)
        for (check, where), text in shown.wrong.items()
        if check not in mine and not (shown.unfinished and check in shown.unfinished.fails)
    ]
    if mine:
        # A suite's own cases fail along with what an exercise fails for, and say no more.
        others = [one for one in others if one.clause or one.check == LEFT_BEHIND]
    return LabVerdict(
        shown.lab,
        tuple(marks),
        shown.problem,
        shown.trouble,
        shown.details,
        shown.crash,
        tuple(others),
        shown.unusual,
    )


def _clause_of(check: str, clauses: Iterable[Clause]) -> str:
    return next((clause.number for clause in clauses if check in clause.checks), "")


def _mark(copy: Path, shown: _LabEvidence, exercise: Exercise, clauses: Sequence[Clause]) -> Mark:
    """Give the points of an exercise, or say what it failed for."""
    mine = [clause for clause in clauses if clause.number in exercise.clauses]
    place = _FailurePlace.of(copy, exercise, shown.crash)
    failures = [
        Failure(clause.number, check, where, text, *place.of_check(check))
        for clause in mine
        for (check, where), text in shown.wrong.items()
        if check in clause.checks
        if not (shown.unfinished and shown.unfinished.explains(exercise, check))
    ]
    was_shown = any(check in (shown.passed or ()) for clause in mine for check in clause.checks)
    if not failures and (shown.everything or not was_shown):
        text = shown.everything or "no check of it has passed"
        failures = [Failure(mine[0].number, "", "", text, *place.of_check(""))]
    return Mark(exercise, 0 if failures else exercise.points, tuple(failures))


@dataclass(frozen=True)
class _FailurePlace:
    """Where to look for what an exercise fails: its function, or the line that crashed.

    Nobody tells the function of a mistake that is to be found.
    """

    function: str = ""
    line: int | None = None
    crash: CrashFrame | None = None

    @staticmethod
    def of(copy: Path, exercise: Exercise, crash: Crash | None) -> "_FailurePlace":
        file = f"{exercise.lab.directory.name}/{exercise.source}"
        frame = crash.frame if crash and crash.frame.file == file else None
        if exercise.mistake:
            return _FailurePlace(crash=frame)
        found = functions.find_function(copy, exercise.lab, exercise.function)
        return _FailurePlace(exercise.function, found.line if found else None, frame)

    def of_check(self, check: str) -> tuple[str, int | None]:
        """Return function and line for a check."""
        if check in contract.OBSERVED and self.crash:
            return self.crash.function, self.crash.line
        return self.function, self.line
