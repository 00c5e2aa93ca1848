"""The files of pictures: an SVG for each lab and step, beside the facts that they show.

    build/pictures/<target>/<lab>/<step>.svg
"""

from collections.abc import Iterable
from pathlib import Path

from harness.kernels.request import Request
from harness.reports import picture
from harness.results.steps import LabLife, LifeStep, MappingLives
from harness.runs import mapping_lives


def of_target(request: Request) -> MappingLives:
    """Make all pictures of a target, and return what they show.

    A guest is started only if what it showed before is no longer so.
    """
    lives = mapping_lives.of_target(request)
    pairs = [(life, step) for life in lives.labs for step in life.steps]
    write(lives, pairs, mapping_lives.directory_of(request))
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
        which = "" if page is None else f"-page-{page}"
        path = directory / life.lab / f"{step.name}{which}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture.as_svg(picture.draw(lives, life, step, page)))
        made.append(path)
    return made
