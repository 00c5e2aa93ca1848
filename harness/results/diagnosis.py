"""What is wrong with a lab, from all its checks that failed: the cause, not the first of them.

A wrong mapping fails dozens of checks, and most of them fail for what they need and not for
what they look at. So a check counts as the cause if no other that failed is nearer to it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.catalogue import contract
from harness.catalogue.contract import Clause
from harness.catalogue.functions import Part

# The nearest to a cause first. What is not here comes behind, in its order.
_FRAMES = "page_tables_name_the_reported_frames"
_CONTENTS = ("kernel_fills_user_reads_every_word", "user_writes_every_word_kernel_checks")
_CAUSES = (
    "both_sides_have_the_same_memory_type",
    _FRAMES,
    "user_reads_every_word_that_the_kernel_filled",
    *_CONTENTS,
    "kernel_addresses_hold_the_contents",
    "machine_reaches_the_same_frames",
)

# Where to look for what a clause is about, by its number or its chapter's.
_PARTS = {
    "1": Part.MAP,
    "1.3": Part.READ,
    "1.7": Part.REQUEST,
    "1.11": Part.TRANSLATE,
    "2": Part.MAP,
    "2.1": Part.GET,
    "2.2": Part.GET,
    "2.5": Part.GET,
    "3": Part.MAP,
    "3.4": Part.REQUEST,
    "3.5": Part.DEVICE,
    "3.6": Part.REQUEST,
    "4": Part.MAP,
    "4.8": Part.COUNT,
    "5": Part.EXIT,
    "5.1": Part.MAP,
    "5.2": Part.FILE,
    "5.4": Part.GET,
    "6": Part.MAP,
    "6.2": Part.GET,
    "3.7": Part.INIT,
    "7": Part.INIT,
    "7.2": Part.MAP,
    "8.3": Part.REQUEST,
}
# Checks that look at another part than their clause's others.
_PART_OF = {
    "kernel_addresses_hold_the_contents": Part.TRANSLATE,
    "fill_needs_a_descriptor_that_can_write": Part.REQUEST,
    "check_needs_a_descriptor_that_can_read": Part.REQUEST,
    "open_fails_cleanly": Part.FILE,
    "open_survives_every_failed_allocation": Part.FILE,
    "read_and_write_fail_cleanly": Part.READ,
    "read_survives_every_failed_allocation": Part.READ,
    "signal_ends_a_read_after_one_page": Part.READ,
    "transfers_may_wait_for_memory": Part.READ,
    "write_survives_every_failed_allocation": Part.WRITE,
    "signal_ends_a_write_after_one_page": Part.WRITE,
    "open_and_mmap_may_wait_for_memory": Part.MAP,
    "requests_fail_cleanly": Part.REQUEST,
    "requests_may_wait_for_memory": Part.REQUEST,
    "requests_survive_every_failed_copy": Part.REQUEST,
    "small_request_survives_every_failed_allocation": Part.REQUEST,
    "kill_ends_a_fill": Part.REQUEST,
    "kill_ends_a_check": Part.REQUEST,
    "kill_ends_the_wait_for_the_lock": Part.REQUEST,
}

# The random calls say which call went wrong: "call 7: NAME", or where in a mapping. What of a
# lab answers it is the first of these that fits.
_RANDOM_CALLS = "random_calls_agree_with_the_model"
_CALL = re.compile(r"\bcall \d+: (.+)")
_ANSWERS = (
    (re.compile(r"p?read\b"), Part.READ),
    (re.compile(r"p?write\b"), Part.WRITE),
    (re.compile(r"lseek\b"), Part.SEEK),
    (re.compile(r"ioctl\b|LAB_IOC_"), Part.REQUEST),
    (re.compile(r"\d+ mappings are counted"), Part.COUNT),
    (re.compile(""), Part.MAP),
)

# The first function of a module in a kernel's report.
_FUNCTION = re.compile(r"\b(\w+?)(?:\.\w+)*\+0x[0-9a-f]+/0x[0-9a-f]+ \[(lab_\w+)\]")


@dataclass(frozen=True)
class Diagnosis:
    """The check that is nearest to the cause, its clause, and where to look.

    ``function`` is one that the kernel itself has named; else ``part`` says which it is.
    """

    check: str
    clause: Clause | None
    part: Part | None = None
    function: str | None = None


def clause_of(check: str, clauses: Sequence[Clause]) -> Clause | None:
    """Return the first clause that a check proves."""
    return next((clause for clause in clauses if check in clause.checks), None)


def diagnose(
    failed: Mapping[str, Sequence[str]], clauses: Sequence[Clause], log: Sequence[str] = ()
) -> Diagnosis | None:
    """Return the cause for which checks failed; None if none did.

    ``failed`` has what each said, in their order. ``log`` is the kernel's, for a report in it.
    """
    if not failed:
        return None
    ranks = {check: rank for rank, check in enumerate(_CAUSES)}
    others = [check for check in failed if check != contract.REPORTS]
    check = min(others or failed, key=lambda one: ranks.get(one, len(ranks)))
    clause = clause_of(check, clauses)
    if check == contract.REPORTS:
        return Diagnosis(check, clause, function=function_in(log))
    return Diagnosis(check, clause, _part(check, failed, clause))


def _part(check: str, failed: Mapping[str, Sequence[str]], clause: Clause | None) -> Part | None:
    if check == _FRAMES and not set(_CONTENTS) & set(failed):
        # Both sides see the same bytes, so only what is told of them is wrong.
        return Part.TRANSLATE
    call = _CALL.search("\n".join(failed[check]))
    if check == _RANDOM_CALLS and call:
        return next(part for pattern, part in _ANSWERS if pattern.match(call[1]))
    if check in _PART_OF or not clause:
        return _PART_OF.get(check)
    return _PARTS.get(clause.number) or _PARTS.get(clause.number.partition(".")[0])


def function_in(log: Sequence[str]) -> str | None:
    """Return the lab's function that a kernel's report names first."""
    found = (match for line in log if (match := _FUNCTION.search(line)))
    return next((match[1] for match in found if match[2] != "lab_core"), None)
