"""The verb grade: the marks of a class."""

from argparse import Namespace
from pathlib import Path

from harness.base.errors import BAD_SETUP, OK, RequestError
from harness.base.progress import say
from harness.catalogue import exercises, labs
from harness.catalogue.labs import Lab
from harness.grading import executors, grade, marking, similar, skeleton, submissions, tasks
from harness.grading.grade import Class
from harness.grading.outcome import MarksFolder
from harness.grading.submissions import Unreadable
from harness.grading.tasks import Settings
from harness.kernels.request import Request
from harness.reports import grade_files, gradescope
from harness.reports.grade_class import ClassReport


def main(request: Request, args: Namespace) -> int:
    """Grade what is asked for; return the exit status."""
    if args.one and Path(args.one).suffix == tasks.SUFFIX:
        return _say(executors.do_task(Path(args.one)))
    if args.gradescope:
        _refuse_what_no_zip_has(args)
    elif not args.out or not (args.one or args.submissions):
        raise RequestError("grade needs SUBMISSIONS=dir and OUT=dir")
    if args.findings not in ("yes", "no"):
        raise RequestError(f"FINDINGS={args.findings} is unknown: choose yes or no")
    chosen = _labs(request, args.lab)
    names = tuple(lab.name for lab in chosen)
    settings = Settings(names, request.target.series, args.findings == "yes")
    if args.gradescope:
        gradescope.write(Path(args.gradescope), settings)
        return OK
    place = MarksFolder(Path(args.out))
    if args.one:
        return _grade_one(Path(args.one), place, chosen, settings)
    hosts = Path(args.hosts) if args.hosts else None
    executor = executors.choose(args.executor, place, args.jobs, hosts)
    return _grade_all(Class(Path(args.submissions), place, chosen, settings), executor)


def _refuse_what_no_zip_has(args: Namespace) -> None:
    """Raise RequestError for what Gradescope decides itself: whom to grade, and where."""
    given = vars(args) | {"executor": None if args.executor == "local" else args.executor}
    for name in ("submissions", "out", "one", "executor", "hosts", "jobs"):
        if given[name] is not None:
            raise RequestError(
                f"GRADESCOPE= writes a zip that grades elsewhere, and takes no {name.upper()}=: "
                "only LAB=, KERNEL= and FINDINGS="
            )


def _labs(request: Request, wanted: str | None) -> list[Lab]:
    """Return the labs that have exercises and run on the target."""
    chosen = [lab for lab in labs.choose(wanted) if exercises.read(lab)]
    able = [lab for lab in chosen if not lab.why_not(request.target)]
    if not able:
        raise RequestError(f"none of these labs can be graded on {request.target}")
    return able


def _grade_one(path: Path, place: MarksFolder, chosen: list[Lab], settings: Settings) -> int:
    submission = submissions.of_path(path)
    place.prepare()
    try:
        task = grade.task_of(submission, chosen, settings, place.secret())
    except Unreadable as error:
        return _say(str(error))
    graded = grade.attempt(marking.mark, task)
    if isinstance(graded, str):
        return _say(graded)
    place.keep(graded)
    grade_files.write(graded, place.folder(graded.student))
    print(f"{graded.student.key}: {graded.earned} of {graded.possible} points")
    return OK


def _grade_all(this: Class, executor: grade.Executor) -> int:
    outcome, handed = grade.grade(this, executor)
    known = {
        f"{lab.name}/{name}": text.encode()
        for lab in this.labs
        for name, text in skeleton.sources(lab).items()
    }
    pairs = similar.pairs({key: one.files for key, one in handed.items()}, known)
    for graded in outcome.graded:
        grade_files.write(graded, this.place.folder(graded.student))
    report = ClassReport(outcome, pairs)
    report.write(this.place.directory)
    report.print()
    print(f"{this.place.directory}/index.html has all of it")
    return report.status


def _say(problem: str | None) -> int:
    """Say why there is no mark; return the exit status."""
    if problem is None:
        return OK
    say(problem)
    return BAD_SETUP
