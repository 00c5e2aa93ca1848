"""Packages of the npm registry, in the versions that harness/npm-packages names."""

import shutil
from pathlib import Path

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD, ROOT, scratch
from harness.base.progress import step

_LIST = ROOT / "harness/npm-packages"
_PLACE = BUILD / "npm"


def fetch(name: str) -> Path:
    """Return the directory of a package, fetched if it is not there.

    Raises SetupError if the list does not name it, or if it cannot be had.
    """
    version = _versions().get(name)
    if not version:
        raise SetupError(f"{_LIST} does not name {name}")
    place = _PLACE / f"{name}-{version}"
    with locked(_PLACE / "lock", "packages of npm"):
        if not place.is_dir():
            _fetch(f"{name}@{version}", place)
    return place


def _versions() -> dict[str, str]:
    lines = [line.partition("#")[0].split() for line in _LIST.read_text().splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}


def _fetch(package: str, place: Path) -> None:
    with scratch() as directory, step(f"fetching {package}"):
        log = _PLACE / "npm.log"
        command: list[str | Path] = ["npm", "pack", "--silent", "--pack-destination", directory]
        tools.run([*command, package], log, f"npm, which fetches {package},", cwd=directory)
        archive = next(directory.glob("*.tgz"), None)
        if not archive:
            raise SetupError(f"npm has fetched nothing; its output is in {log}")
        tools.run(["tar", "-xzf", archive, "-C", directory], log, f"unpacking {package}")
        shutil.move(directory / "package", place)
