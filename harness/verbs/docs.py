"""The verb docs: the site, to be read from disk."""

import subprocess
from argparse import Namespace

from harness.base.errors import OK, SetupError
from harness.base.paths import BUILD
from harness.base.progress import say, step
from harness.kernels import uml
from harness.kernels.request import Request
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import ARCHES, DEFAULT_ARCH, KUNIT_ARCH, Target, series_of
from harness.reports import picture_files
from harness.site import write


def main(args: Namespace) -> int:
    """Write the site, and open it if that was asked for; return the exit status."""
    if not args.no_run:
        _draw_pictures()
    first = write.write()
    print(f"the site is in {first}")
    if args.open:
        subprocess.Popen(["xdg-open", first], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return OK


def _draw_pictures() -> None:
    """Draw the pictures of the default target, and of each whose kernel is at hand."""
    default = Target(DEFAULT_SERIES, DEFAULT_ARCH)
    for target in (default, *_at_hand()):
        try:
            with step(f"pictures of {target}"):
                picture_files.of_target(Request(target))
        except SetupError as error:
            if target == default:
                raise
            say(f"no pictures of {target}: {error}")


def _at_hand() -> list[Target]:
    """Return the other targets that need nothing to be fetched or built first.

    Of user-mode Linux also the newest series, on which all labs run.
    """
    debian = [Target(DEFAULT_SERIES, arch) for arch in ARCHES if not ARCHES[arch].is_built]
    found = [
        one for one in debian if one.arch != DEFAULT_ARCH and (BUILD / f"kernels/{one}").is_dir()
    ]
    series = dict.fromkeys([DEFAULT_SERIES, series_of(KUNIT_ARCH)[-1]])
    built = [Target(one, KUNIT_ARCH) for one in series]
    return found + [one for one in built if uml.is_there(one)]
