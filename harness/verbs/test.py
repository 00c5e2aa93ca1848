"""The verb test: all tests of the project."""

import os
import subprocess
import sys
from argparse import Namespace

from harness.base.errors import BAD_SETUP, CHECK_FAILED, OK
from harness.base.paths import BUILD, ROOT

# What pytest's own exit statuses 0 and 1 mean here; the others say that it
# could not do its work.
_STATUSES = {0: OK, 1: CHECK_FAILED}


def _workers() -> int:
    """Return how many tests run at once: one more than there are processors.

    Some wait for guests that hang on purpose.
    """
    return (os.cpu_count() or 1) + 1


def main(args: Namespace) -> int:
    """Run the tests, those that boot nothing first; return the exit status."""
    command = [
        *(sys.executable, "-P", "-s", "-m", "pytest", "-v", "-rsfE", "--durations=10"),
        *("-n", str(_workers()), "--dist", "loadgroup"),
        *("-p", "harness.tests.passed", "-p", "no:cacheprovider"),
        *("-c", "/dev/null", f"--rootdir={ROOT}"),
        f"--basetemp={BUILD / 'pytest'}",
        f"--junitxml={BUILD / 'tests/report.xml'}",
    ]
    if args.fast:
        command += ["-m", "not boot"]
    if args.match:
        command += ["-k", args.match]
    if args.again:
        command += ["--again"]
    BUILD.mkdir(parents=True, exist_ok=True)
    status = subprocess.run([*command, ROOT / "harness/tests"], cwd=ROOT, check=False).returncode
    return _STATUSES.get(status, BAD_SETUP)
