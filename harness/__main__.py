"""python3 -m harness, as harness/kmaplab starts it."""

import sys

from harness.verbs.cli import main

sys.exit(main(sys.argv[1:]))
