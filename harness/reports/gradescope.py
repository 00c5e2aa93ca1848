"""The autograder for Gradescope: a zip with what makes its machine ready, and what grades there.

Gradescope unpacks it to /autograder/source, runs setup.sh once as root, and for each student
run_autograder, which finds the submission in /autograder/submission.
"""

import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

from harness.base.paths import ROOT
from harness.grading.tasks import Settings
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH

# What there is of the project; a teacher may keep submissions and marks beside it.
_FOLDERS = ("docs", "harness", "kunit", "labs", "userspace")
_FILES = ("LICENSE", "Makefile", "README.md")

_SETUP = """\
#!/bin/sh
# The packages, then one run of each kernel: it fetches or builds the kernel, and builds what all
# submissions share.
set -e
cd /autograder/source/kmaplab
apt-get update
apt-get install -y --no-install-recommends ca-certificates make
harness/setup grade
"""

_RUN = """\
#!/bin/sh
# What is wrong with a submission is a mark; only what is wrong here is a failure.
out=$(mktemp -d)
cd /autograder/source/kmaplab || exit
harness/kmaplab grade --one /autograder/submission --out "$out" {options} || exit
mkdir -p /autograder/results
cp "$out"/students/*/gradescope.json /autograder/results/results.json
"""


def write(path: Path, settings: Settings) -> None:
    """Write the zip that grades with these settings."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in (("setup.sh", _setup(settings)), ("run_autograder", _run(settings))):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            made.writestr(entry, text)
        for file in _sources():
            made.write(file, Path("kmaplab", file.relative_to(ROOT)))


def _setup(settings: Settings) -> str:
    arches = [DEFAULT_ARCH, *([KUNIT_ARCH] if settings.findings else [])]
    series = shlex.quote(settings.series)
    runs = (f"harness/kmaplab run --arch {arch} --kernel {series}\n" for arch in arches)
    return _SETUP + "".join(runs)


def _run(settings: Settings) -> str:
    given = {
        "--lab": ",".join(settings.labs),
        "--kernel": settings.series,
        "--findings": "yes" if settings.findings else "no",
    }
    words = (f"{option} {shlex.quote(value)}" for option, value in given.items())
    return _RUN.format(options=" ".join(words))


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in _FILES)
    for name in _FOLDERS:
        for file in sorted((ROOT / name).rglob("*")):
            if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts:
                yield file
