"""A student's files: the page that is handed back, and the forms that other systems read."""

import json
import os
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.grading.graded import Graded, GradedExercise, GradedLab
from harness.reports import junit
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.verdict import clauses

_PAGES = Path(__file__).with_name("pages")

# What Classroom 50's runner has in the environment of an autograder (its wiki, page "Advanced
# Autograding", section "Contract"), by the names of result.json.
_CLASSROOM = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


@cache
def pages() -> Environment:
    """Return the templates of the pages. All that they are given is escaped."""
    return Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def titles() -> dict[str, str]:
    """Return the titles of the clauses by their numbers."""
    return {clause.number: clause.title for clause in clauses()}


def write(graded: Graded, directory: Path) -> None:
    """Write a student's files, but for result.json, which they are made of."""
    texts = {
        "index.html": pages().get_template("student.html").render(graded=graded, titles=titles()),
        "junit.xml": junit.as_xml(f"kmaplab grade {graded.student.key}", as_junit(graded)),
        "gradescope.json": json.dumps(as_gradescope(graded), indent=2),
        "classroom50.json": json.dumps(as_classroom50(graded), indent=2),
    }
    for name, text in texts.items():
        (directory / name).write_text(text + "\n")


def explain(lab: GradedLab, exercise: GradedExercise) -> str:
    """Return in plain text why an exercise has earned nothing; empty if it has."""
    if exercise.earned == exercise.points:
        return ""
    lines = [lab.problem] if lab.problem else []
    for failure in exercise.failures:
        title = titles().get(failure.clause, "")
        lines.append(f"{failure.clause} {title}: {failure.check} ({failure.where})")
        lines += [f"    {line}" for line in failure.text.splitlines()]
        if failure.line:
            lines.append(f"    {failure.line}: {failure.code}")
    return "\n".join(lines) or "no check has shown that it is right"


def as_junit(graded: Graded) -> list[JunitSuite]:
    """Return a suite for each lab, and a case for each exercise."""
    return [JunitSuite(lab.lab, [_case(lab, one) for one in lab.exercises]) for lab in graded.labs]


def _case(lab: GradedLab, exercise: GradedExercise) -> JunitCase:
    text = explain(lab, exercise)
    return JunitCase(
        f"{exercise.name} {exercise.title}",
        lab.lab,
        JunitResult.FAILURE if text else JunitResult.PASSED,
        f"{exercise.earned} of {exercise.points} points" if text else "",
        text,
    )


def as_gradescope(graded: Graded) -> dict[str, Any]:
    """Return results.json of a Gradescope autograder."""
    notes = [*([graded.problem] if graded.problem else []), *graded.notes]
    return {
        "score": graded.earned,
        "execution_time": round(graded.seconds.get("all", 0)),
        "output": "\n".join(notes),
        "output_format": "text",
        "visibility": "visible",
        "tests": [
            {
                "name": exercise.title,
                "number": exercise.name,
                "score": exercise.earned,
                "max_score": exercise.points,
                "status": "passed" if exercise.earned == exercise.points else "failed",
                "output": explain(lab, exercise),
                "output_format": "text",
                "tags": [lab.lab],
                "visibility": "visible",
            }
            for lab in graded.labs
            for exercise in lab.exercises
        ],
    }


def as_classroom50(graded: Graded) -> dict[str, Any]:
    """Return result.json of Classroom 50; what its runner knows is taken from there."""
    known = {name: os.environ.get(variable, "") for name, variable in _CLASSROOM.items()}
    known["review"] = known["review"] or known["commit"]
    return {
        "schema": "classroom50/result/v1",
        **known,
        "datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": graded.earned,
        "max-score": graded.possible,
        "tests": [
            {
                "test-name": f"{exercise.name} {exercise.title}",
                "passed": exercise.earned == exercise.points,
                "score": exercise.earned,
                "max-score": exercise.points,
            }
            for lab in graded.labs
            for exercise in lab.exercises
        ],
    }
