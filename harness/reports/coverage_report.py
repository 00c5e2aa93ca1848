"""What `make coverage` prints."""

import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import CHECK_FAILED, OK
from harness.base.paths import ROOT
from harness.catalogue import unreached
from harness.reports.forms import Report
from harness.results.coverage import FileCoverage
from harness.results.unreached_lines import Judgement

_WIDTH = 88


@dataclass(frozen=True)
class CoverageReport(Report):
    """What was reached; ``failed`` are checks, ``output`` where gcovr's files are."""

    release: str
    files: list[FileCoverage]
    judgement: Judgement
    skipped: dict[str, str]
    failed: list[str]
    output: Path

    @property
    def status(self) -> int:
        """The exit status that the results call for."""
        return OK if self.judgement.is_right and not self.failed else CHECK_FAILED

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            "kernel": self.release,
            "status": self.status,
            "files": [
                {name: value for name, value in asdict(file).items() if name != "unreached"}
                for file in self.files
            ],
            "explained": [
                asdict(line) | {"reason": reason.reason}
                for line, reason in self.judgement.explained
            ],
            "unexplained": [asdict(line) for line in self.judgement.unexplained],
            "out_of_date": [asdict(reason) for reason in self.judgement.out_of_date],
            "skipped": self.skipped,
            "failed": self.failed,
        }

    def print_table(self) -> None:
        """Print it for people."""
        print(self.as_text(), end="")

    def as_text(self) -> str:
        """Return what people read."""
        blocks = [
            [f"Linux {self.release}: what KUnit and the check programs reach of labs/", ""]
            + _table(self.files),
            [f"not measured: {name}: {why}" for name, why in self.skipped.items()],
            _explained(self.judgement),
            _unexplained(self.judgement),
            _out_of_date(self.judgement),
            [f"failed: {text}" for text in self.failed],
            [f"Each line with its branches: {_shown(self.output / 'html/index.html')}"],
        ]
        return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _table(files: list[FileCoverage]) -> list[str]:
    total = FileCoverage(
        "all of them",
        *(
            sum(getattr(file, name) for file in files)
            for name in ("lines", "lines_reached", "branches", "branches_taken")
        ),
    )
    wide = max(len(file.name) for file in (*files, total))
    return [f"{'':{wide}}  {'lines':>19}  {'branches':>19}"] + [
        f"{file.name:{wide}}  {_share(file.lines_reached, file.lines)}"
        f"  {_share(file.branches_taken, file.branches)}"
        for file in (*files, total)
    ]


def _share(part: int, whole: int) -> str:
    if not whole:
        return f"{'none':>19}"
    return f"{part:4} of {whole:4} {_percent(part, whole):5.1f} %"


def _percent(part: int, whole: int) -> float:
    """Round down: only all of it is 100."""
    return 1000 * part // whole / 10


def _explained(judgement: Judgement) -> list[str]:
    lines = ["Not reached, for a reason:"] if judgement.explained else []
    last = None
    for line, reason in judgement.explained:
        if last and last.reason != reason.reason:
            lines += _wrapped(last.reason)
        lines.append(f"  labs/{line.file}:{line.number}: {line.text}")
        last = reason
    return lines + (_wrapped(last.reason) if last else [])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _unexplained(judgement: Judgement) -> list[str]:
    if not judgement.unexplained:
        return []
    return [
        f"Not reached, and {unreached.NAME} has no reason: write a case that reaches it, or say",
        f"in {unreached.NAME} beside the lab why none can:",
        *(
            f"  labs/{line.file}:{line.number}, in {line.function}(): {line.text}"
            for line in judgement.unexplained
        ),
    ]


def _out_of_date(judgement: Judgement) -> list[str]:
    if not judgement.out_of_date:
        return []
    return [
        f"{unreached.NAME} has reasons for lines that are reached, or gone: take them out:",
        *(f"  {reason}" for reason in judgement.out_of_date),
    ]
