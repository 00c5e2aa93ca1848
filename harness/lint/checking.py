"""Running the checkers, each only if its files have changed since it was content."""

import time
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest
from harness.base.errors import BAD_SETUP, CHECK_FAILED, OK, RequestError, SetupError
from harness.base.progress import step
from harness.lint import excuses
from harness.lint.checker import Checker, Finding, Tree
from harness.lint.compilers import Analyzer, Gcc, Sparse
from harness.lint.kernel_tools import Checkpatch, Coccinelle, KernelDoc
from harness.lint.scripts import Black, Flake8, Mypy, Shellcheck

# The quick ones first.
CHECKERS: tuple[Checker, ...] = (
    Black(),
    Flake8(),
    Mypy(),
    Shellcheck(),
    KernelDoc(),
    Checkpatch(),
    Analyzer(),
    Gcc(),
    Sparse(),
    Coccinelle(),
)


@dataclass(frozen=True)
class CheckerResult:
    """What one checker says of ``files`` files, after some seconds.

    ``unchanged`` means that it was content with the same files before, and has not
    been asked again; ``trouble`` why it could not do its work.
    """

    checker: str
    files: int = 0
    seconds: float = 0
    findings: tuple[Finding, ...] = ()
    unchanged: bool = False
    trouble: str = ""

    @property
    def verdict(self) -> str:
        if self.trouble:
            return "broken"
        if self.unchanged:
            return "unchanged"
        count = len(self.findings)
        return "clean" if not count else "1 finding" if count == 1 else f"{count} findings"


def choose(names: str | None) -> list[Checker]:
    """Return the checkers that a request names, all for None.

    Raises RequestError for an unknown name.
    """
    known = {checker.name: checker for checker in CHECKERS}
    wanted = [name.strip() for name in names.split(",")] if names is not None else list(known)
    for name in wanted:
        if name not in known:
            raise RequestError(f"--only {name!r} is unknown: choose from {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(wanted)]


def run(tree: Tree, checkers: list[Checker]) -> list[CheckerResult]:
    """Run checkers on a tree.

    What is wrong with one does not keep the others from their work. Raises
    SetupError if the tree's excuses make no sense.
    """
    tree.work.mkdir(parents=True, exist_ok=True)
    known = excuses.read(tree.root / excuses.NAME)
    return [_run_one(tree, checker, known) for checker in checkers]


def _run_one(tree: Tree, checker: Checker, known: list[excuses.Excuse]) -> CheckerResult:
    begun = time.monotonic()
    files = checker.files(tree)
    stamp = tree.work / f"{checker.name}.clean"
    try:
        _need(checker)
        wanted = _digest(tree, checker, files)
        if digest.is_current([], stamp, wanted):
            return CheckerResult(checker.name, len(files), time.monotonic() - begun, unchanged=True)
        stamp.unlink(missing_ok=True)
        with step(f"{checker.name}, {len(files)} files") as progress:
            found = checker.check(tree, progress)
    except SetupError as error:
        return CheckerResult(checker.name, len(files), time.monotonic() - begun, trouble=str(error))
    found = excuses.apply(known, checker.name, found, tree)
    if not found:
        digest.set_current([], stamp, wanted)
    return CheckerResult(checker.name, len(files), time.monotonic() - begun, tuple(found))


def _need(checker: Checker) -> None:
    missing = [path for path in checker.programs if not Path(path).is_file()]
    if missing:
        raise SetupError(f"{', '.join(missing)} is missing: run harness/setup")


def _digest(tree: Tree, checker: Checker, files: list[Path]) -> str:
    """Return the digest of all that a checker's findings follow from."""
    parts: list[str | Path] = [*Path(__file__).parent.glob("*.[ph]*")]
    parts += [path for path in [tree.root / excuses.NAME] if path.is_file()]
    parts += [digest.of_tool(path) for path in checker.programs]
    for path in files:
        parts += [str(path), tree.root / path]
    return digest.of([*parts, *checker.settings(tree)])


def status(results: list[CheckerResult]) -> int:
    """Return the exit status that the results call for."""
    if any(result.trouble for result in results):
        return BAD_SETUP
    return CHECK_FAILED if any(result.findings for result in results) else OK


def as_text(results: list[CheckerResult]) -> str:
    """Return all findings, and then one line for each checker."""
    lines: list[str] = []
    for result in results:
        if result.findings or result.trouble:
            lines += [f"{result.checker}:", *(f"  {line}" for line in _told(result)), ""]
    lines.append(f"{'checker':12} {'files':>5}  {'result':14} {'seconds':>7}")
    lines += [
        f"{result.checker:12} {result.files:5}  {result.verdict:14} {result.seconds:7.1f}"
        for result in results
    ]
    return "\n".join(lines) + "\n"


def _told(result: CheckerResult) -> list[str]:
    lines = result.trouble.splitlines()
    for finding in result.findings:
        lines += [str(finding), *(f"    {line}" for line in finding.details)]
    return lines
