"""Which kernel series is the newest whose source Debian's mirror carries.

    build/uml/newest.json       the answer, and when the mirror was asked

The mirror is asked once a day: a series comes every two months.
"""

import json
import re
import time
from pathlib import Path

from harness.base import paths
from harness.base.errors import SetupError
from harness.base.progress import say
from harness.kernels import apt
from harness.kernels import host
from harness.kernels.series import NEWEST, SERIES, number

_PREFIX = "linux-source-"
_SECONDS = 24 * 3600.0


def newest_series(refresh: bool = False) -> str:
    """Return the newest series, which no table need name.

    ``refresh`` asks the mirror in any case. If it cannot be asked, the last answer
    counts. Raises SetupError if there is none either.
    """
    memory = (paths.BUILD / "uml").resolve() / "newest.json"
    known, asked = _remembered(memory)
    if known and not refresh and time.time() - asked < _SECONDS:
        return known
    try:
        found = _ask()
    except SetupError as error:
        if not known:
            raise
        say(f"taking {known} for the newest series, as when the mirror was last asked: {error}")
        return known
    if found not in SERIES:
        say(f"Linux {found} is newer than this project: what does not compile is left out")
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps({"series": found, "asked": time.time()}) + "\n")
    return found


def _remembered(memory: Path) -> tuple[str, float]:
    """Return the last answer and its time; an empty one if there is none."""
    try:
        data = json.loads(memory.read_text())
        return str(data["series"]), float(data["asked"])
    except (OSError, ValueError, LookupError, TypeError):
        return "", 0.0


def _ask() -> str:
    found: list[str] = []
    for suites in NEWEST:
        try:
            with apt.open_archive(
                suites, host.debian_name(), "the newest kernel's source"
            ) as archive:
                found += archive.names(_PREFIX) if archive else []
        except apt.NoSuchSuite:
            continue
    names = [name.removeprefix(_PREFIX) for name in found]
    series = [name for name in names if re.fullmatch(r"\d+\.\d+", name)]
    if not series:
        looked = ", ".join(suite.name for suites in NEWEST for suite in suites)
        raise SetupError(
            f"no {_PREFIX}* in {looked}; "
            "set KMAPLAB_MIRROR=http://.../debian to a mirror that has one"
        )
    return max(series, key=number)
