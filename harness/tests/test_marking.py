"""From a verdict to what a student is told, without a guest."""

from pathlib import Path

from harness.catalogue import exercises
from harness.catalogue.labs import all_labs
from harness.grading.judge import Failure, LabTrouble, LabVerdict, Mark
from harness.grading.marking import _JudgedCopy
from harness.results.crash import Crash, CrashFrame, ReportPart

LAB = next(lab for lab in all_labs() if lab.name == "lab_pages")
SOURCE = "02_pages/lab_pages.c"


def told(place: Path, seconds: str) -> str:
    """Return all that is kept of a lab that crashed in a copy at a place, after some seconds."""
    begins = f"[{seconds:>12}] kernel BUG at labs/{SOURCE}:2!"
    text = f"{begins}\nsee [clause 8.2] in {place}/{SOURCE}"
    failure = Failure("8.2", "kernel_reports_nothing", "x86_64 6.1", text, "f", 2)
    [one, *_] = exercises.read(LAB)
    frame = CrashFrame("f", SOURCE, 2, "BUG();", ReportPart.CRASHED)
    verdict = LabVerdict(
        LAB,
        (Mark(one, 0, (failure,)),),
        "it crashed",
        LabTrouble.CRASHED,
        crash=Crash(begins, (frame,)),
        others=(failure,),
    )
    return str(_JudgedCopy(place, {SOURCE: b"one\n\tBUG();\n"}).lab(verdict))


def test_a_crash_is_told_in_the_same_words_each_time() -> None:
    """Wherever the copy was built, and whenever the kernel said it."""
    first, again = told(Path("/a/1"), "7.125001"), told(Path("/b/23"), "12345.999999")
    assert first == again
    for text in ("kernel BUG at", "[clause 8.2]", "lab_pages.c:2", "BUG();"):
        assert text in first, f"{text!r} is lost"
