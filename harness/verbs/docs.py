"""The verb docs: the site, to be read from disk."""

import subprocess
from argparse import Namespace

from harness.base.errors import OK
from harness.site import write


def main(args: Namespace) -> int:
    """Write the site, and open it if that was asked for; return the exit status."""
    first = write.write()
    print(f"the site is in {first}")
    if args.open:
        subprocess.Popen(["xdg-open", first], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return OK
