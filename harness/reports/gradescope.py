"""The autograder for Gradescope: a zip with what makes its machine ready, and what grades there.

Gradescope unpacks it to /autograder/source, runs setup.sh once as root, and for each student
run_autograder, which finds the submission in /autograder/submission.
"""

import zipfile
from pathlib import Path

from harness.base.paths import ROOT

_LEFT_OUT = ("build", ".git", "__pycache__")

_SETUP = """\
#!/bin/sh
# The packages, then one run: it fetches the kernel and builds what all submissions share.
set -e
cd /autograder/source/kmaplab
apt-get update
apt-get install -y --no-install-recommends ca-certificates make
harness/setup grade
harness/kmaplab run
"""

_RUN = """\
#!/bin/sh
# What is wrong with a submission is a mark; only what is wrong here is a failure.
out=$(mktemp -d)
cd /autograder/source/kmaplab || exit
harness/kmaplab grade --one /autograder/submission --out "$out" || exit
mkdir -p /autograder/results
cp "$out"/students/*/gradescope.json /autograder/results/results.json
"""


def write(path: Path) -> None:
    """Write the zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in (("setup.sh", _SETUP), ("run_autograder", _RUN)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            made.writestr(entry, text)
        for file in sorted(ROOT.rglob("*")):
            parts = file.relative_to(ROOT).parts
            if file.is_file() and not file.is_symlink() and not set(parts) & set(_LEFT_OUT):
                made.write(file, Path("kmaplab", *parts))
