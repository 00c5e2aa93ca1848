"""The verb clean: remove all that was made or fetched."""

import shutil
from argparse import Namespace

from harness.base.paths import BUILD


def main(args: Namespace) -> int:
    """Remove build/; return the exit status."""
    del args
    try:
        shutil.rmtree(BUILD)
    except FileNotFoundError:
        pass
    return 0
