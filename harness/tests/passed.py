"""A part of pytest that does not repeat a real boot which passed with the same inputs.

As with `go test` and Bazel: the report says when such a test has passed, and
`kmaplab test --again` runs it all the same. What boots nothing always runs.
"""

import json
import os
import platform
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from harness.base import digest

# The installed packages, with their versions.
_PACKAGES = Path("/var/lib/dpkg/status")

# What below the project is none of its sources.
_NOT_SOURCES = (".git", "build", "__pycache__")

# What is noted of each kernel below build/ when it has been fetched or built.
_KERNELS = ("kernels/*/record.json", "uml/*/source.version", "uml/*/*.digest")

_KEPT = "build/tests/passed.json"


@dataclass
class Passes:
    """When each test has passed, with the inputs of this digest."""

    inputs: str
    moments: dict[str, str] = field(default_factory=dict)


def read(path: Path, inputs: str) -> Passes:
    """Return what passed with these inputs: nothing, if ``path`` is of others or cannot be read."""
    try:
        kept = json.loads(path.read_text())
        return Passes(inputs, dict(kept["moments"]) if kept["inputs"] == inputs else {})
    except (OSError, ValueError, KeyError):
        return Passes(inputs)


def write(path: Path, passes: Passes) -> None:
    """Keep what passed, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"inputs": passes.inputs, "moments": passes.moments}, indent=1))
    new.rename(path)


def inputs_of_all(root: Path) -> str:
    """Return the digest of what each test follows from: sources, kernels, packages, machine.

    The files of tests are left out, since each counts for its own tests.
    """
    return digest.of([sources(root), _kernels(root / "build"), _PACKAGES, *_machine()])


def sources(root: Path) -> str:
    """Return the digest of the project's files, without those of tests."""
    parts: list[str | Path] = []
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _NOT_SOURCES)
        for path in (Path(directory, name) for name in sorted(files)):
            if path.is_file() and not path.match("harness/tests/test_*.py"):
                parts += [str(path.relative_to(root)), path]
    return digest.of(parts)


def _kernels(build: Path) -> str:
    found = sorted(path for stamp in _KERNELS for path in build.glob(stamp))
    return digest.of([*map(str, found), *found])


def _machine() -> list[str]:
    """Return what tells one machine from another, and what its user asks for.

    make passes its own variables on as KMAPLAB_OPTION_*: they are the command's options.
    """
    asked = [
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("KMAPLAB_") and not name.startswith("KMAPLAB_OPTION_")
    ]
    return [platform.platform(), str(os.cpu_count()), *sorted(asked)]


@cache
def _of_file(path: Path) -> str:
    """Return the digest of a file of tests and of those that it imports from."""
    others = re.findall(r"^from harness\.tests\.(test_\w+) import", path.read_text(), re.MULTILINE)
    return digest.of([path, *(path.with_name(f"{name}.py") for name in others)])


def key_of(root: Path, location: tuple[str, int | None, str]) -> str:
    """Return what the passes of a test are noted by: its name, and what its file holds.

    pytest-xdist adds a test's group to its node ID, but not to its location.
    """
    file, _, name = location
    return f"{file}::{name} {_of_file(root / file)}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--again", action="store_true", help="also what passed with the same inputs")


def pytest_configure(config: pytest.Config) -> None:
    """Have the process that sees all reports note what passes; pytest-xdist's workers do not."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Notes(config.rootpath))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has passed before."""
    boots = [item for item in items if item.get_closest_marker("boot")]
    if config.getoption("--again") or not boots:
        return
    passes = read(config.rootpath / _KEPT, inputs_of_all(config.rootpath))
    for item in boots:
        if when := passes.moments.get(key_of(config.rootpath, item.location)):
            item.add_marker(pytest.mark.skip(f"passed with the same sources on {when}"))


class _Notes:
    """Notes what passes from the beginning of a run to its end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sources = sources(root)
        self._passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ends: it has three reports, and one that is skipped does not pass."""
        key = key_of(self._root, report.location)
        if report.when == "call" or report.failed:
            self._passed[key] = report.passed and self._passed.get(key, True)

    def pytest_sessionfinish(self) -> None:
        """Keep it, unless somebody has changed the sources meanwhile."""
        if sources(self._root) != self._sources:
            return
        passes = read(self._root / _KEPT, inputs_of_all(self._root))
        now = f"{datetime.now():%Y-%m-%d %H:%M}"
        for key, passed in self._passed.items():
            passes.moments.pop(key, None)
            if passed:
                passes.moments[key] = now
        write(self._root / _KEPT, passes)
