"""The files of pictures: an SVG for each lab and step, beside the facts that they show.

    build/pictures/<target>/<lab>/<step>.svg
    build/pictures/<target>/<lab>/<parameters>/<step>.svg    of a load that is not its first
"""

from collections.abc import Iterable
from pathlib import Path

from harness.base import digest
from harness.kernels.request import Request
from harness.reports import picture
from harness.results.steps import LabLife, LifeStep, MappingLives
from harness.runs import mapping_lives

# What draws the pictures.
_SOURCES = ("picture*.py", "step_words.py", "pages/picture.svg")


def of_target(request: Request, seed: int | None = None) -> MappingLives:
    """Make all pictures of a target, and return what they show.

    A guest is started, and pictures are drawn, only if those that are there are no longer what
    would come of it.
    """
    lives = mapping_lives.of_target(request, seed)
    directory = mapping_lives.directory_of(request)
    pairs = [(life, step) for life in lives.labs for step in life.steps]
    made = [_place(directory, life, step) for life, step in pairs]
    stamp = directory / "pictures.digest"
    here = Path(__file__).parent
    sources = [path for pattern in _SOURCES for path in sorted(here.glob(pattern))]
    wanted = digest.of([directory / "run.json", *sources])
    if not digest.is_current(made, stamp, wanted):
        write(lives, pairs, directory)
        digest.set_current(made, stamp, wanted)
    return lives


def write(
    lives: MappingLives,
    pairs: Iterable[tuple[LabLife, LifeStep]],
    directory: Path,
    page: int | None = None,
) -> list[Path]:
    """Write the pictures of some steps; return where they are.

    Those of another ``page`` than the usual one have it in their names.
    """
    made = []
    for life, step in pairs:
        path = _place(directory, life, step, page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture.as_svg(picture.draw(lives, life, step, page)))
        made.append(path)
    return made


def _place(directory: Path, life: LabLife, step: LifeStep, page: int | None = None) -> Path:
    which = "" if page is None else f"-page-{page}"
    return directory / life.place / f"{step.name}{which}.svg"
