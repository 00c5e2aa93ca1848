"""What is wrong with a lab, in a few lines, before all evidence: for students.

Which clause it breaks, by which check, what was found there, which function of whose copy to
look at, and a hint.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from harness.base.paths import LABS
from harness.build import reach
from harness.catalogue import contract, functions
from harness.catalogue.contract import Clause
from harness.catalogue.functions import Part, FunctionPlace
from harness.catalogue.labs import Lab
from harness.results import diagnosis, kernel_log
from harness.results.crash import Crash
from harness.results.diagnosis import Diagnosis

# Of what a check has said, and of the kernel's log, in lines.
_MOST_SAID = 3
_MOST_LOG = 5
# Of the lines that led to a crash.
_MOST_CALLERS = 4


@dataclass(frozen=True)
class Wrong:
    """What came of a lab: the checks that failed with what each said, in their order.

    ``reasons`` say why checks did not come. ``title`` is how the report calls the lab, and
    ``labs`` the directory whose copy of it was tried. ``crash`` has the lines that the kernel's
    own report in ``log`` is about.
    """

    title: str
    lab: Lab
    failed: Mapping[str, Sequence[str]]
    reasons: Sequence[str] = ()
    log: Sequence[str] = ()
    labs: Path = field(default=LABS)
    crash: Crash | None = None

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The check that is nearest to the cause."""
        return diagnosis.diagnose(self.failed, clauses(), self.log)


@lru_cache(maxsize=1)
def clauses() -> tuple[Clause, ...]:
    """Return the contract, read once."""
    return tuple(contract.read())


def hint_of(lab: Lab, check: str) -> str | None:
    """Return what lab.toml says of a check that fails, if it does."""
    return lab.hints.get(check)


def path_of(labs: Path, lab: Lab) -> str:
    """Return the copy of a lab that was tried, as a person would write it."""
    return shown(labs / lab.directory.name)


def lines(wrong: Wrong) -> list[str]:
    """Return the verdict; nothing if nothing is wrong."""
    if wrong.reasons and not _says_more(wrong):
        return _not_checked(wrong)
    found = wrong.diagnosis
    if not found:
        return []
    clause = f"breaks clause {found.clause}" if found.clause else "is wrong"
    said = list(wrong.failed[found.check])
    return [
        f"{wrong.title} {clause}",
        f"    check: {found.check}",
        *(f"    found: {text}" for text in said[:1]),
        *(f"           {text}" for text in said[1:_MOST_SAID]),
        *_said_by_the_kernel(wrong, found),
        *_look_at(wrong, found),
        *_hint(wrong.lab, found.check),
        *_others(wrong, found),
        *(f"    besides: {reason}" for reason in wrong.reasons),
    ]


def _says_more(wrong: Wrong) -> bool:
    """Whether checks failed for themselves, and not only what listens to the kernel."""
    return bool(set(wrong.failed) - set(contract.OBSERVED))


def _not_checked(wrong: Wrong) -> list[str]:
    """Say why a lab could not be loaded, or was not checked to the end."""
    said = kernel_log.reports(list(wrong.log)) or list(wrong.log)[-_MOST_LOG:]
    if wrong.crash:
        return [
            f"{wrong.title}: {wrong.reasons[0]}",
            *crash_lines(wrong.crash, wrong.labs),
            *(f"    besides: {reason}" for reason in wrong.reasons[1:]),
        ]
    function = diagnosis.function_in(wrong.log)
    place = functions.find_function(wrong.labs, wrong.lab, function) if function else None
    place = place or functions.find(wrong.labs, wrong.lab, Part.INIT)
    # The compiler has named the line itself, and what was never loaded has not failed in init.
    named = ("does not compile", reach.SAYS)
    place = None if any(word in wrong.reasons[0] for word in named) else place
    return [
        f"{wrong.title}: {wrong.reasons[0]}",
        *(f"    kernel: {text.strip()}" for text in said[:_MOST_LOG]),
        *_place(place),
        *(f"    besides: {reason}" for reason in wrong.reasons[1:]),
    ]


def _said_by_the_kernel(wrong: Wrong, found: Diagnosis) -> list[str]:
    """Return the kernel's report with its lines; without any its first, besides the check."""
    if wrong.crash:
        return crash_lines(wrong.crash, wrong.labs)
    reports = kernel_log.reports(list(wrong.log))[: int(found.check != contract.REPORTS)]
    return [f"    kernel: {text.strip()}" for text in reports]


def _look_at(wrong: Wrong, found: Diagnosis) -> list[str]:
    if wrong.crash and wrong.crash.leaked:
        # Any check can be the one behind which the memory is missed.
        allocates = wrong.crash.frame.function
        return _place(functions.find_function(wrong.labs, wrong.lab, allocates))
    # The line that the kernel reports is shown; a part of the lab would only be a guess.
    if wrong.crash and (found.check == contract.REPORTS or not found.function):
        return []
    if found.function:
        place = functions.find_function(wrong.labs, wrong.lab, found.function)
        return _place(place) or [f"    look at: {found.function}()"]
    return _place(functions.find(wrong.labs, wrong.lab, found.part)) if found.part else []


def crash_lines(crash: Crash, labs: Path) -> list[str]:
    """Return what the kernel reports, the lab's line, and the lines that led there."""
    line = crash.frame
    callers = crash.frames[crash.frames.index(line) + 1 :][:_MOST_CALLERS]
    return [
        f"    kernel: {crash.begins}",
        f"    line: {shown(labs / line.file)}:{line.line}, in {line.function}()",
        f"          {line.text}",
        *(
            f"    {one.part.value}: {shown(labs / one.file)}:{one.line}, in {one.function}()"
            for one in callers
        ),
    ]


def _place(place: FunctionPlace | None) -> list[str]:
    if not place:
        return []
    return [f"    look at: {place.function} in {shown(place.path)}:{place.line}"]


def shown(path: Path) -> str:
    """Return a path from here, if it lies below this directory."""
    here = os.getcwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def _hint(lab: Lab, check: str) -> list[str]:
    hint = hint_of(lab, check)
    return [f"    hint: {hint}"] if hint else []


def _others(wrong: Wrong, found: Diagnosis) -> list[str]:
    others = [check for check in wrong.failed if check != found.check]
    if not others:
        return []
    broken = (diagnosis.clause_of(check, clauses()) for check in others)
    numbers = sorted({one.number for one in broken if one}, key=_as_numbers)
    many = len(others) > 1
    text = f"{len(others)} other check{'s' * many} failed" if many else f"{others[0]} failed"
    return [f"    besides: {text}, of clause{'s' * (len(numbers) > 1)} {', '.join(numbers)}"]


def _as_numbers(clause: str) -> tuple[int, ...]:
    return tuple(int(part) for part in clause.split("."))
